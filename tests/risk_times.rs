//! When nothing is opened: outside trading hours, around news, before a weekend.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/risk_desk.rs"]
mod risk_desk;

use mt5_sentinel::bars::{Calendar, Session};
use mt5_sentinel::trade::Side::{Buy, Sell};
use mt5_sentinel::trade::risk::{Exit, Hours, News, Purpose, Switch, due_exits};
use risk_desk::{DAY_S, Desk, HOUR_S, MAGIC, NOW_S, position};

/// Monday 2023-11-13 00:00 UTC.
const MONDAY_S: i64 = 1_699_833_600;

fn hours(windows: &[&str]) -> Hours {
    Hours::read(&windows.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()
}

/// A moment of that week: day from Monday on, hour, minute, second.
fn at(day: i64, hour: i64, minute: i64, second: i64) -> i64 {
    MONDAY_S + day * DAY_S + hour * HOUR_S + minute * 60 + second
}

#[test]
fn a_window_begins_and_ends_on_its_second() {
    let hours = hours(&["Mon-Fri 07:00-20:00"]);
    for day in 0..5 {
        assert!(!hours.contain(at(day, 6, 59, 59)) && hours.contain(at(day, 7, 0, 0)));
        assert!(hours.contain(at(day, 19, 59, 59)) && !hours.contain(at(day, 20, 0, 0)));
    }
    assert!(!hours.contain(at(5, 12, 0, 0)) && !hours.contain(at(6, 12, 0, 0)));
    assert!(hours.contain(at(7, 7, 0, 0)) && hours.contain(at(-7, 7, 0, 0)), "every week");
    assert!(hours.contain(at(-7 * 3_000, 12, 0, 0)), "before 1970 too");
}

#[test]
fn a_window_may_pass_midnight_and_the_week() {
    let every_night = hours(&["22:00-02:00"]);
    for day in -1..9 {
        assert!(every_night.contain(at(day, 22, 0, 0)) && every_night.contain(at(day, 1, 59, 59)));
        assert!(!every_night.contain(at(day, 2, 0, 0)) && !every_night.contain(at(day, 21, 59, 59)));
    }
    let sunday_night = hours(&["Sun 22:00-02:00"]);
    assert!(sunday_night.contain(at(6, 23, 0, 0)) && sunday_night.contain(at(7, 1, 59, 59)));
    assert!(sunday_night.contain(at(0, 1, 0, 0)) && !sunday_night.contain(at(1, 1, 0, 0)));
    assert!(!sunday_night.contain(at(6, 1, 0, 0)), "the night belongs to the day it begins on");
}

#[test]
fn windows_add_up() {
    let hours = hours(&["Sun 22:00-24:00", "Mon-Thu 00:00-24:00", "Fri 00:00-20:30"]);
    assert!(hours.contain(at(6, 23, 59, 59)) && hours.contain(at(0, 0, 0, 0)) && hours.contain(at(3, 23, 59, 59)));
    assert!(hours.contain(at(4, 20, 29, 59)) && !hours.contain(at(4, 20, 30, 0)) && !hours.contain(at(6, 21, 0, 0)));
    let around = self::hours(&["Fri-Mon 10:00-11:00"]);
    let open: Vec<i64> = (0..7).filter(|day| around.contain(at(*day, 10, 30, 0))).collect();
    assert_eq!(open, [0, 4, 5, 6]);
    assert!(self::hours(&[]).contain(at(5, 3, 0, 0)), "no window, no bound");
}

#[test]
fn other_texts_are_no_windows() {
    for text in [
        "",
        "Mon",
        "Mon-Fri",
        "07:00",
        "07:00-",
        "07:00-07:00",
        "24:00-02:00",
        "07:00-24:01",
        "07:60-08:00",
        "7:00-8:00",
        "Mon 07:00-20:00 UTC",
        "Mon,Tue 07:00-20:00",
        "mon 07:00-20:00",
        "Monday 07:00-20:00",
        "Mon-Fri-Sun 07:00-20:00",
        "07:00-20:00 Mon",
        "-7:00-20:00",
        "07:00–20:00",
    ] {
        let error = Hours::read(&[text.to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("setting `trading_hours`: ") && error.len() < 200, "{text}: {error}");
    }
}

#[test]
fn hours_gate_the_entry() {
    let with = |window: &str| Desk::with(|desk| desk.set.trading_hours = vec![window.into()]).code();
    assert_eq!(
        [with("Wed 12:00-12:01"), with("Wed 12:01-12:02"), with("Tue 12:00-12:01")],
        ["approved", "refused_hours", "refused_hours"]
    );
}

const HEADER: &str = "from,to,currency,title\n";

fn news(lines: &str) -> News {
    News::parse(format!("{HEADER}{lines}").as_bytes()).unwrap()
}

#[test]
fn news_touch_the_symbols_of_their_currency() {
    let one = |currency: &str| news(&format!("2023-11-15 12:00,2023-11-15 12:30,{currency},\"CPI, core\"\n"));
    let touched = |currency: &str, symbol: &str| one(currency).window(symbol, NOW_S).is_some();
    assert!(
        touched("USD", "EURUSD") && touched("EUR", "EURUSD") && touched("", "EURUSD") && touched("USD", "EURUSD.s")
    );
    assert!(!touched("GBP", "EURUSD") && touched("GBP", "GER40"), "a symbol without currencies is touched by all");
    let from_s = NOW_S - 58;
    let within = |now_s: i64| one("USD").window("EURUSD", now_s).is_some();
    assert!(!within(from_s - 1) && within(from_s) && within(from_s + 1_799) && !within(from_s + 1_800));
    let entry = |currency| Desk::with(|desk| desk.news = one(currency)).code();
    assert_eq!([entry("USD"), entry("JPY")], ["refused_news", "approved"]);
    let ruling = Desk::with(|desk| desk.news = one("USD")).rule(Buy);
    assert_eq!(ruling.entry.refusal().unwrap().1, "USD, until 2023-11-15 12:30:00 UTC: CPI, core");
}

#[test]
fn a_file_may_be_of_any_editor() {
    let bytes =
        "\u{feff}from,to,currency,title\r\n2023-11-15T12:00:00Z , 2023-11-15T13:30:00+01:00,,\"a \"\"b\"\"\"\r\n\r\n";
    let news = News::parse(bytes.as_bytes()).unwrap();
    assert_eq!(news.window("EURUSD", NOW_S).unwrap().title, "a \"b\"");
    assert!(!news.has_ended(NOW_S) && news.has_ended(NOW_S - 58 + 1_800));
    assert!(!News::parse(HEADER.as_bytes()).unwrap().has_ended(NOW_S), "no window has ended where there is none");
}

#[test]
fn every_bad_line_is_named() {
    let lines = "2023-11-15 12:00,2023-11-15 12:30,USD,fine\n\
                 yesterday,2023-11-15 12:30,USD,a\n\
                 \n\
                 2023-11-15 12:30,2023-11-15 12:30,USD,b\n\
                 2023-11-15 12:00,2023-11-15 12:30,usd,c\n\
                 2023-11-15 12:00,2023-11-15 12:30,USD\n\
                 12,2023-11-15 12:30,USD,d\n";
    let error = News::parse(format!("{HEADER}{lines}").as_bytes()).unwrap_err().to_string();
    for part in ["line 3: \"yesterday\"", "line 5: `to`", "line 6: \"usd\"", "line 7: 3 fields", "line 8: \"12\""] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(!error.contains("line 2"), "{error}");
    let many = format!("{HEADER}{}", "x\n".repeat(10_000));
    let error = News::parse(many.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("9990 more bad lines") && error.len() < 1_000, "{error}");
}

#[test]
fn a_quote_that_is_not_closed_swallows_no_window() {
    let lines = "2023-11-15 10:00,2023-11-15 10:30,USD,\"Fed\n2023-11-15 12:00,2023-11-15 12:30,,b\n";
    assert_eq!(news(lines).window("EURUSD", NOW_S).unwrap().title, "b");
}

#[test]
fn other_files_are_refused() {
    let not_utf8 = [HEADER.as_bytes(), b"2023-11-15 12:00,2023-11-15 12:30,USD,\xff\n"].concat();
    for (file, part) in [
        (b"".as_slice(), "first line"),
        (b"to,from,currency,title\n", "first line"),
        (b"2023-11-15 12:00,2023-11-15 12:30,USD,x\n", "first line"),
        (&not_utf8, "line 2"),
    ] {
        let error = News::parse(file).unwrap_err().to_string();
        assert!(error.starts_with("setting `news_file`: ") && error.contains(part), "{error}");
    }
}

/// Seconds before the close of Friday 2023-11-17, 22:00 UTC, with a position of each owner.
fn friday(before_s: i64) -> Desk {
    Desk::with(|desk| {
        desk.now_s = at(4, 22, 0, 0) - before_s;
        desk.bar_open_s = desk.now_s - HOUR_S - 58;
        desk.book.positions = vec![
            position(1, "EURUSD", Buy, 0.01, MAGIC),
            position(2, "EURUSD", Sell, 0.02, MAGIC),
            position(3, "EURUSD", Buy, 0.03, 0),
            position(4, "GBPUSD", Buy, 0.04, MAGIC),
        ];
        desk.set.positions_symbol_max = 5;
    })
}

fn due(desk: &Desk) -> Vec<Exit> {
    due_exits(&desk.book, "EURUSD", desk.now_s, &desk.calendar, desk.switch, &desk.limits())
}

#[test]
fn own_positions_of_the_symbol_leave_before_the_weekend() {
    let exit = |ticket, side, lots| Exit { ticket, side, lots, purpose: Purpose::Weekend };
    assert_eq!((due(&friday(1_801)), friday(1_801).code()), (vec![], "approved"));
    for before_s in [1_800, 1] {
        assert_eq!(due(&friday(before_s)), [exit(1, Sell, 0.01), exit(2, Buy, 0.02)]);
        assert_eq!(friday(before_s).code(), "refused_weekend");
    }
    assert_eq!(due(&friday(0)), [], "the market is closed; nothing can be traded");
}

#[test]
fn zero_minutes_keep_positions() {
    let mut desk = friday(1);
    desk.set.weekend_flat_minutes = 0.0;
    assert_eq!((due(&desk), desk.code()), (vec![], "approved"));
}

#[test]
fn only_closures_longer_than_a_day_are_weekends() {
    let mut metal = friday(60);
    metal.calendar = Calendar::new(Session::named("metal", "XAUUSD").unwrap(), &[]).unwrap();
    metal.now_s -= DAY_S;
    assert!(metal.calendar.next_change_s(metal.now_s).unwrap() - metal.now_s <= 1_800, "its daily break is near");
    assert_eq!(due(&metal), []);
    metal.now_s += DAY_S;
    assert_eq!(due(&metal).len(), 2);
    let mut holiday = friday(60);
    holiday.now_s -= 2 * DAY_S;
    holiday.calendar = Calendar::new(Session::Fx, &["2023-11-16"]).unwrap();
    assert_eq!(due(&holiday), [], "a holiday is 24 hours, not more");
    holiday.calendar = Calendar::new(Session::Fx, &["2023-11-16", "2023-11-17"]).unwrap();
    assert_eq!(due(&holiday).len(), 2);
    let mut always = friday(60);
    always.calendar = Calendar::new(Session::Always, &[]).unwrap();
    assert_eq!(due(&always), []);
}

#[test]
fn the_kill_switch_flattens_at_any_time() {
    let mut desk = friday(3 * DAY_S);
    desk.switch = Switch::Halt;
    assert_eq!(due(&desk), []);
    for before_s in [3 * DAY_S, 1, -DAY_S] {
        let mut desk = friday(before_s);
        desk.switch = Switch::Flatten;
        let exits = due(&desk);
        assert!(exits.len() == 2 && exits.iter().all(|exit| exit.purpose == Purpose::KillSwitch));
    }
}
