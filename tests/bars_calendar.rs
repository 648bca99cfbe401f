//! When markets are open: the week, summer time, holidays; and every question against a plain count over `is_open`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use mt5_sentinel::Error;
use mt5_sentinel::bars::{Calendar, Session, time};

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;
/// All openings and closings of the tests lie on it.
const QUARTER_S: i64 = 900;

/// UTC text as seconds.
fn at(text: &str) -> i64 {
    time::from_text(text).unwrap_or_else(|| panic!("{text}"))
}

fn calendar(session: Session) -> Calendar {
    Calendar::new(session, &[]).unwrap()
}

/// Each text is a moment at which the market opens (true) or closes, with a second before it.
fn assert_changes(calendar: &Calendar, changes: &[(&str, bool)]) {
    let mut told = Vec::new();
    for (text, opens) in changes {
        let moment = at(text);
        if (calendar.is_open(moment - 1), calendar.is_open(moment)) != (!opens, *opens) {
            told.push(format!("{text}: {} then {}", calendar.is_open(moment - 1), calendar.is_open(moment)));
        }
        if calendar.next_change_s(moment - 1) != Some(moment) {
            told.push(format!("{text}: next change {:?}", calendar.next_change_s(moment - 1).map(time::to_text)));
        }
    }
    for pair in changes.windows(2) {
        let next = calendar.next_change_s(at(pair[0].0)).unwrap();
        if next != at(pair[1].0) {
            told.push(format!("after {}: {}", pair[0].0, time::to_text(next)));
        }
    }
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn the_week_of_currencies_follows_new_yorks_summer_time() {
    assert_changes(
        &calendar(Session::Fx),
        &[
            ("2026-02-27 22:00", false),
            ("2026-03-01 22:00", true),
            ("2026-03-06 22:00", false),
            // Clocks go forward on 8 March, three weeks before Europe's.
            ("2026-03-08 21:00", true),
            ("2026-03-13 21:00", false),
        ],
    );
    assert_changes(
        &calendar(Session::Fx),
        &[("2026-10-30 21:00", false), ("2026-11-01 22:00", true), ("2026-11-06 22:00", false)],
    );
}

#[test]
fn metals_pause_every_day() {
    assert_changes(
        &calendar(Session::Metal),
        &[
            ("2026-03-06 22:00", false),
            ("2026-03-08 22:00", true),
            ("2026-03-09 21:00", false),
            ("2026-03-09 22:00", true),
            ("2026-03-10 21:00", false),
        ],
    );
}

#[test]
fn currencies_rest_on_christmas_and_new_years_day() {
    assert_changes(
        &calendar(Session::Fx),
        &[
            ("2025-12-24 22:00", false),
            ("2025-12-25 22:00", true),
            ("2025-12-26 22:00", false),
            ("2025-12-28 22:00", true),
            ("2025-12-31 22:00", false),
            ("2026-01-01 22:00", true),
        ],
    );
    // Christmas on a Friday: one closure with the weekend; on a Saturday or Sunday: nothing of its own.
    assert_changes(&calendar(Session::Fx), &[("2026-12-24 22:00", false), ("2026-12-27 22:00", true)]);
    assert_changes(&calendar(Session::Fx), &[("2021-12-24 22:00", false), ("2021-12-26 22:00", true)]);
    assert_changes(&calendar(Session::Fx), &[("2022-12-23 22:00", false), ("2022-12-25 22:00", true)]);
    // Days that are thin and open.
    for text in ["2026-12-24 21:59:59", "2026-12-31 21:59:59", "2026-04-03 12:00", "2026-11-26 20:00"] {
        assert!(calendar(Session::Fx).is_open(at(text)), "{text}");
    }
}

#[test]
fn metals_keep_the_exchanges_holidays() {
    for changes in [
        // Martin Luther King, Presidents, Memorial, Juneteenth (a Friday), Independence (Saturday, kept on Friday).
        ["2026-01-19 19:30", "2026-01-19 23:00"],
        ["2026-02-16 19:30", "2026-02-16 23:00"],
        ["2026-05-25 18:30", "2026-05-25 22:00"],
        ["2026-06-19 18:30", "2026-06-21 22:00"],
        ["2026-07-03 18:30", "2026-07-05 22:00"],
        ["2026-09-07 18:30", "2026-09-07 22:00"],
        ["2026-11-26 19:30", "2026-11-26 23:00"],
        ["2026-11-27 18:45", "2026-11-29 23:00"],
        // Christmas Eve early, Christmas on a Friday.
        ["2026-12-24 18:45", "2026-12-27 23:00"],
        ["2026-12-31 22:00", "2027-01-03 23:00"],
        // Good Friday.
        ["2026-04-02 21:00", "2026-04-05 22:00"],
        // Christmas on a Saturday is kept on Friday, on a Sunday on Monday; so is New Year's Day on a Sunday.
        ["2021-12-23 22:00", "2021-12-26 23:00"],
        ["2022-12-23 22:00", "2022-12-26 23:00"],
        ["2022-12-30 22:00", "2023-01-02 23:00"],
        // New Year's Day on a Saturday closes nothing; Juneteenth was no holiday before 2022.
        ["2021-12-31 22:00", "2022-01-02 23:00"],
        ["2020-06-19 21:00", "2020-06-21 22:00"],
        ["2022-06-20 18:30", "2022-06-20 22:00"],
    ] {
        assert_changes(&calendar(Session::Metal), &[(changes[0], false), (changes[1], true)]);
    }
}

#[test]
fn the_callers_own_days_close_whole_or_early() {
    let lines = ["2026-12-23", " 2026-12-24 13:00 ", "2026-12-24 14:00", "2026-12-26"];
    assert_changes(
        &Calendar::new(Session::Fx, &lines).unwrap(),
        &[
            ("2026-12-22 22:00", false),
            ("2026-12-23 22:00", true),
            ("2026-12-24 18:00", false),
            ("2026-12-27 22:00", true),
        ],
    );
    // The table's early close is not made later.
    assert_changes(
        &Calendar::new(Session::Metal, &["2026-01-19 16:00", "2026-01-20 03:00"]).unwrap(),
        &[("2026-01-19 19:30", false), ("2026-01-19 23:00", true), ("2026-01-20 08:00", false)],
    );
}

#[test]
fn lines_of_another_form_are_refused_by_name() {
    for (line, said) in [
        ("24.12.2026", "no such date"),
        ("2026-02-30", "no such date"),
        ("2026-1-2", "no such date"),
        ("", "no such date"),
        ("1926-12-24", "1971"),
        ("2026-12-24 1pm", "no such time"),
        ("2026-12-24 9:00", "no such time"),
        ("2026-12-24T13:00", "no such date"),
        ("2026-12-24 17:00", "17:00 anyway"),
    ] {
        let told = Calendar::new(Session::Fx, &["2026-12-23", line]).unwrap_err();
        assert!(matches!(told, Error::BadSetting { field: "holidays", .. }), "{told:?}");
        let told = told.to_string();
        assert!(told.contains(&format!("{line:?}")) && told.contains(said), "{told}");
    }
    let told = Calendar::new(Session::Always, &[&"x".repeat(10_000)]).unwrap_err().to_string();
    assert!(told.len() < 300, "{told}");
}

#[test]
fn a_symbol_tells_its_market() {
    for (symbol, session) in [
        ("EURUSD", Session::Fx),
        ("usdjpy.m", Session::Fx),
        ("XAUUSD", Session::Metal),
        ("xagusd.pro", Session::Metal),
        ("XPTUSD", Session::Metal),
        ("XPDUSD", Session::Metal),
        ("#BTCUSD", Session::Always),
        ("ETH-USD", Session::Always),
        ("", Session::Fx),
    ] {
        assert_eq!(Session::of_symbol(symbol), session, "{symbol}");
        assert_eq!(Session::named("auto", symbol).unwrap(), session, "{symbol}");
    }
    for (market, session) in [("fx", Session::Fx), ("metal", Session::Metal), ("always", Session::Always)] {
        assert_eq!(Session::named(market, "XAUUSD").unwrap(), session);
    }
    let told = Session::named("crypto", "XAUUSD").unwrap_err().to_string();
    assert!(told.contains("`market`") && told.contains("crypto"), "{told}");
}

/// Counts over `is_open`, quarter by quarter, from well before to the end of a winter with every kind of closing.
fn assert_as_counted(session: Session) {
    let calendar = Calendar::new(session, &["2025-11-05 09:15", "2025-11-12"]).unwrap();
    let (first, last) = (at("2025-10-01"), at("2026-02-01"));
    let quarters: Vec<i64> = (first..last).step_by(900).collect();
    let is_open: Vec<bool> = quarters.iter().map(|at| calendar.is_open(*at)).collect();
    for interval_s in [300, QUARTER_S, HOUR_S, 4 * HOUR_S, DAY_S] {
        let slots: Vec<i64> = (first..last).step_by(usize::try_from(interval_s).unwrap()).collect();
        let trades = |slot: i64| (slot..slot + interval_s).step_by(900).any(|at| calendar.is_open(at));
        let expected: Vec<i64> = slots.iter().copied().filter(|slot| trades(*slot)).collect();
        for slot in &slots {
            assert_eq!(calendar.has_trading(*slot, slot + interval_s), trades(*slot), "{}", time::to_text(*slot));
        }
        for now_s in (at("2025-10-20")..last).step_by(7_001) {
            let place = expected.partition_point(|slot| slot + interval_s <= now_s) - 1;
            let due = calendar.newest_due(now_s, interval_s);
            assert_eq!(due, Some(expected[place]), "{session:?} {interval_s} {}", time::to_text(now_s));
            for count in [0, 1, 2, 7, 10] {
                let back = calendar.slots_back(expected[place], interval_s, i64::try_from(count).unwrap());
                assert_eq!(back, expected[place - count], "{session:?} {interval_s} {count} {}", time::to_text(now_s));
            }
        }
    }
    for (i, from_s) in quarters.iter().enumerate().step_by(997) {
        let counted = is_open[i..].iter().filter(|open| **open).count();
        assert_eq!(calendar.open_s_between(*from_s, last), i64::try_from(counted).unwrap() * QUARTER_S);
        assert_eq!(calendar.open_s_between(*from_s, *from_s), 0);
        assert_eq!(calendar.open_s_between(last, *from_s), 0);
        let change = (i + 1..is_open.len()).find(|j| is_open[*j] != is_open[i]);
        if let Some(change) = change {
            assert_eq!(calendar.next_change_s(*from_s), Some(quarters[change]));
        }
    }
}

#[test]
fn questions_about_currencies_agree_with_a_plain_count() {
    assert_as_counted(Session::Fx);
}

#[test]
fn questions_about_metals_agree_with_a_plain_count() {
    assert_as_counted(Session::Metal);
}

#[test]
fn what_never_closes_is_arithmetic() {
    let always = Calendar::new(Session::Always, &["2026-12-24"]).unwrap();
    let now = at("2026-12-24 12:34:56");
    assert!(always.is_open(now) && always.is_open(0));
    assert_eq!(always.next_change_s(now), None);
    assert_eq!(always.newest_due(now, HOUR_S), Some(at("2026-12-24 11:00")));
    assert_eq!(always.slots_back(at("2026-12-24 11:00"), HOUR_S, 25_000), at("2026-12-24 11:00") - 25_000 * HOUR_S);
    assert_eq!(always.open_s_between(now - 77, now), 77);
    assert!(always.has_trading(now, now + 1) && !always.has_trading(now, now));
}

#[test]
fn a_long_history_reaches_back_over_its_weekends() {
    let fx = calendar(Session::Fx);
    // 25,000 minutes are 17 days and 8:40 hours of trading: three weekends and Thursday's 12:34 lie between.
    let newest = at("2026-06-25 12:34");
    assert_eq!(fx.slots_back(newest, 60, 25_000), at("2026-06-02 03:54"));
    assert_eq!(fx.open_s_between(at("2026-06-02 03:54"), newest), 25_000 * 60);
}

#[test]
fn moments_out_of_this_calendar_are_closed_and_end() {
    for session in [Session::Fx, Session::Metal, Session::Always] {
        let calendar = calendar(session);
        for moment in [i64::MIN, -DAY_S * 365 * 200, DAY_S * 365 * 3000, i64::MAX] {
            assert!(session == Session::Always || !calendar.is_open(moment), "{session:?} {moment}");
            let _ = (calendar.next_change_s(moment), calendar.newest_due(moment, HOUR_S));
            let _ = (calendar.slots_back(moment, HOUR_S, i64::MAX), calendar.open_s_between(moment, moment));
            let _ = (calendar.newest_due(moment, i64::MAX), calendar.slots_back(moment, 0, i64::MIN));
        }
        let _ = (calendar.open_s_between(i64::MIN, i64::MAX), calendar.has_trading(i64::MIN, i64::MAX));
    }
    assert_eq!(calendar(Session::Fx).newest_due(at("1970-06-01"), HOUR_S), None);
}

#[test]
fn slots_between_two_bars_are_those_in_which_the_market_traded() {
    for session in [Session::Fx, Session::Metal, Session::Always] {
        let calendar = Calendar::new(session, &["2026-12-23 10:30"]).unwrap();
        for interval_s in [300, 3_600, 14_400] {
            let start_s = 1_766_000_000 / interval_s * interval_s; // December 2025, with its holidays
            for (after, length) in [(0, 1), (0, 2), (3, 200), (11, 900), (40, 3_000)] {
                let (after_s, before_s) = (start_s + after * interval_s, start_s + (after + length) * interval_s);
                let slots = (after + 1..after + length).map(|slot| start_s + slot * interval_s);
                let slow = slots.filter(|open_s| calendar.has_trading(*open_s, open_s + interval_s)).count();
                let counted = calendar.slots_between(after_s, before_s, interval_s);
                assert_eq!(counted, i64::try_from(slow).unwrap(), "{session:?} {interval_s} {after} {length}");
            }
        }
    }
}
