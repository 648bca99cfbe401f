//! The gate: every rule at its edge, in three kinds of market; and that it lets nothing stale or forming through.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use mt5_sentinel::Error;
use mt5_sentinel::bars::{Calendar, Session, fresh, time};

const HOUR_S: i64 = 3_600;
const GRACE_S: i64 = 900;

fn at(text: &str) -> i64 {
    time::from_text(text).unwrap_or_else(|| panic!("{text}"))
}

fn verdict(session: Session, bar: &str, now: &str, interval_s: i64, grace_s: i64) -> &'static str {
    let calendar = Calendar::new(session, &[]).unwrap();
    match fresh(&calendar, at(bar), at(now), interval_s, grace_s) {
        Ok(passed) => {
            assert_eq!((passed.open_s(), passed.interval_s(), passed.now_s()), (at(bar), interval_s, at(now)));
            "fresh"
        }
        Err(Error::MarketClosed { .. }) => "closed",
        Err(Error::NotClosed { .. }) => "forming",
        Err(Error::AwaitingBar { .. }) => "awaiting",
        Err(Error::Stale { .. }) => "stale",
        Err(other) => panic!("{other}"),
    }
}

/// Rows of market, bar, now, verdict; hourly bars and the default grace.
fn assert_verdicts(rows: &[(Session, &str, &str, &str)]) {
    let told =
        rows.iter().map(|(session, bar, now, _)| (*session, *bar, *now, verdict(*session, bar, now, HOUR_S, GRACE_S)));
    let told: Vec<_> = told.filter(|row| !rows.contains(row)).collect();
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn an_ordinary_hour() {
    use Session::{Always, Fx, Metal};
    for session in [Fx, Metal, Always] {
        assert_verdicts(&[
            (session, "2026-06-24 10:00", "2026-06-24 10:59:59", "forming"),
            (session, "2026-06-24 10:00", "2026-06-24 11:00", "fresh"),
            (session, "2026-06-24 10:00", "2026-06-24 11:00:58", "fresh"),
            // One interval, in which the next bar forms, and the grace.
            (session, "2026-06-24 10:00", "2026-06-24 12:15", "fresh"),
            (session, "2026-06-24 10:00", "2026-06-24 12:15:01", "stale"),
            // The clock steps two hours, either way.
            (session, "2026-06-24 10:00", "2026-06-24 09:00:58", "forming"),
            (session, "2026-06-24 10:00", "2026-06-24 13:00:58", "stale"),
        ]);
    }
}

#[test]
fn over_a_weekend() {
    use Session::{Always, Fx, Metal};
    assert_verdicts(&[
        (Fx, "2026-06-26 20:00", "2026-06-26 21:00:00", "closed"),
        (Fx, "2026-06-26 20:00", "2026-06-28 20:59:59", "closed"),
        (Fx, "2026-06-26 20:00", "2026-06-28 21:00", "awaiting"),
        (Fx, "2026-06-26 20:00", "2026-06-28 22:15", "awaiting"),
        (Fx, "2026-06-26 20:00", "2026-06-28 22:15:01", "stale"),
        (Fx, "2026-06-28 21:00", "2026-06-28 22:00:58", "fresh"),
        // A bar that was missing already on Friday is not excused by the weekend: 3 h and 1 h are 4.
        (Fx, "2026-06-26 17:00", "2026-06-28 22:00:00", "stale"),
        (Fx, "2026-06-26 17:00", "2026-06-28 21:00:00", "stale"),
        (Fx, "2026-06-26 19:00", "2026-06-28 21:15", "awaiting"),
        (Fx, "2026-06-26 19:00", "2026-06-28 22:15:01", "stale"),
        (Always, "2026-06-26 20:00", "2026-06-28 21:00", "stale"),
        (Metal, "2026-06-26 20:00", "2026-06-28 21:30", "closed"),
        (Metal, "2026-06-26 20:00", "2026-06-28 22:00", "awaiting"),
    ]);
}

#[test]
fn over_summer_time_a_daily_pause_and_holidays() {
    use Session::{Fx, Metal};
    assert_verdicts(&[
        // New York's clocks change within the weekend: the week opens an hour earlier, then an hour later, in UTC.
        (Fx, "2026-03-06 21:00", "2026-03-08 20:59:59", "closed"),
        (Fx, "2026-03-06 21:00", "2026-03-08 21:00", "awaiting"),
        (Fx, "2026-10-30 20:00", "2026-11-01 21:59:59", "closed"),
        (Fx, "2026-10-30 20:00", "2026-11-01 22:00", "awaiting"),
        (Metal, "2026-06-24 20:00", "2026-06-24 21:30", "closed"),
        (Metal, "2026-06-24 20:00", "2026-06-24 22:00:58", "awaiting"),
        (Metal, "2026-06-24 22:00", "2026-06-24 23:00:58", "fresh"),
        // Thanksgiving: the exchange closes at 14:30, in the middle of an hour.
        (Metal, "2026-11-26 18:00", "2026-11-26 19:29:58", "fresh"),
        (Metal, "2026-11-26 19:00", "2026-11-26 20:00:58", "closed"),
        (Metal, "2026-11-26 19:00", "2026-11-26 23:00:58", "awaiting"),
        (Fx, "2025-12-24 21:00", "2025-12-25 12:00", "closed"),
        (Fx, "2025-12-24 21:00", "2025-12-25 22:00:58", "awaiting"),
        (Fx, "2025-12-25 22:00", "2025-12-25 23:00:58", "fresh"),
    ]);
}

#[test]
fn the_grace_is_one_interval_at_most() {
    let minute = |now| verdict(Session::Fx, "2026-06-24 10:00", now, 60, GRACE_S);
    assert_eq!([minute("2026-06-24 10:03"), minute("2026-06-24 10:03:01")], ["fresh", "stale"]);
    let none = |now| verdict(Session::Fx, "2026-06-24 10:00", now, HOUR_S, 0);
    assert_eq!([none("2026-06-24 12:00"), none("2026-06-24 12:00:01")], ["fresh", "stale"]);
}

#[test]
fn settings_outside_their_meaning_are_refused() {
    let calendar = Calendar::new(Session::Always, &[]).unwrap();
    for (interval_s, grace_s, named) in [(0, 900, "interval"), (-60, 900, "interval"), (60, -1, "stale_grace_s")] {
        let told = fresh(&calendar, 0, 100, interval_s, grace_s).unwrap_err();
        assert!(matches!(told, Error::BadSetting { field, .. } if field == named), "{told}");
    }
    for (open_s, now_s) in [(i64::MAX, 0), (i64::MIN, 0), (0, i64::MAX), (0, i64::MIN)] {
        let _ = fresh(&calendar, open_s, now_s, i64::MAX, i64::MAX);
        assert!(fresh(&calendar, open_s, now_s, 60, i64::MAX).is_err());
    }
}

#[test]
fn what_is_told_names_the_bar_its_age_and_what_to_do() {
    let calendar = Calendar::new(Session::Fx, &[]).unwrap();
    let told = |now: &str| fresh(&calendar, at("2026-06-26 19:00"), at(now), HOUR_S, GRACE_S).unwrap_err().to_string();
    for (now, parts) in [
        ("2026-06-27 12:00", ["2026-06-27 12:00:00", "opens 2026-06-28 21:00:00"]),
        ("2026-06-26 19:30", ["2026-06-26 20:00:00", "forming"]),
        ("2026-06-28 21:05", ["65 minutes", "75 minutes are allowed"]),
        ("2026-06-28 23:00", ["3 hours", "`holidays`"]),
    ] {
        let told = told(now);
        assert!(parts.iter().all(|part| told.contains(part)), "{told}");
    }
}

/// Whatever is let through has ended, is recent, and was followed by open market only, second by second.
#[test]
fn nothing_stale_or_forming_passes_in_a_christmas_week_and_both_summer_times() {
    let mut passed = 0;
    let mut told = Vec::new();
    for session in [Session::Fx, Session::Metal] {
        let calendar = Calendar::new(session, &[]).unwrap();
        for start in ["2026-03-05", "2026-03-26", "2026-10-22", "2026-10-29", "2025-12-22"] {
            for now_s in (at(start)..at(start) + 6 * 86_400).step_by(1_741) {
                for bar_s in (now_s - 4 * HOUR_S..now_s + 2 * HOUR_S).step_by(300) {
                    if fresh(&calendar, bar_s, now_s, HOUR_S, GRACE_S).is_err() {
                        continue;
                    }
                    passed += 1;
                    let age_s = now_s - bar_s - HOUR_S;
                    let was_open = (bar_s + HOUR_S..=now_s).step_by(60).all(|at| calendar.is_open(at));
                    if !(0..=HOUR_S + GRACE_S).contains(&age_s) || !was_open || !calendar.is_open(now_s) {
                        told.push((time::to_text(bar_s), time::to_text(now_s)));
                    }
                }
            }
        }
    }
    assert!(told.is_empty(), "{told:?}");
    assert!(passed > 10_000, "{passed}");
}
