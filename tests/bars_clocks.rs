//! Clocks of other machines: the server's by its `Date` header, the broker's by its offset and summer time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "halves and whole seconds are exact")]

use mt5_sentinel::Error;
use mt5_sentinel::bars::skew::{check_skew, date_s, skew_s};
use mt5_sentinel::bars::{BrokerClock, ClockWatch, Dst, parse, time};

const HOUR_S: i64 = 3_600;
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const DATE_S: f64 = 784_111_777.0;

fn at(text: &str) -> i64 {
    time::from_text(text).unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn all_three_forms_of_a_date_are_read_and_nothing_else() {
    for date in [DATE, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", " Sun, 06 Nov 1994 08:49:37 GMT "]
    {
        assert_eq!(date_s(date), Some(784_111_777), "{date}");
    }
    for date in [
        "",
        "now",
        "784111777",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +0200",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 31 Feb 1994 08:49:37 GMT",
    ] {
        assert_eq!(date_s(date), None, "{date}");
        assert_eq!(check_skew(0.0, date, 30.0), Ok(None), "no measurement is no fault");
    }
}

#[test]
fn the_headers_second_is_no_skew() {
    for (now_s, skew) in [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.5, 0.5), (-0.5, -0.5), (7_201.0, 7_200.0)] {
        assert_eq!(skew_s(DATE_S + now_s, DATE), Some(skew), "{now_s}");
    }
    assert_eq!(skew_s(f64::NAN, DATE), None);
}

#[test]
fn a_skew_beyond_the_bound_says_how_much_and_which_way() {
    assert_eq!(check_skew(DATE_S + 31.0, DATE, 30.0), Ok(Some(30.0)));
    assert_eq!(check_skew(DATE_S - 30.0, DATE, 30.0), Ok(Some(-30.0)));
    for (now_s, said) in [(31.5, "30.5 s ahead of"), (-30.5, "30.5 s behind"), (-7_200.0, "7200.0 s behind")] {
        let told = check_skew(DATE_S + now_s, DATE, 30.0).unwrap_err();
        assert!(matches!(told, Error::ClockSkew { .. }));
        let told = told.to_string();
        assert!(told.contains(said) && told.contains("30 s are allowed") && told.contains("timedatectl"), "{told}");
    }
    for max_s in [-1.0, f64::NAN] {
        let told = check_skew(DATE_S, DATE, max_s).unwrap_err();
        assert!(matches!(told, Error::BadSetting { field: "clock_skew_max_s", .. }), "{told}");
    }
}

#[test]
fn the_watch_notices_a_step_between_answers() {
    let mut watch = ClockWatch::default();
    assert_eq!((watch.estimate(DATE_S, 5.0), watch.check(DATE_S, 5.0, 0.0)), (None, Ok(None)));
    watch.note(DATE, 1_000.0);
    watch.note("unreadable", 2_000.0);
    watch.note(DATE, f64::NAN);
    assert_eq!(watch.estimate(DATE_S + 600.5, 1_600.0), Some(0.0));
    assert_eq!(watch.check(DATE_S + 600.0 + 7_201.0, 1_600.0, 7_200.0), Ok(Some(7_200.0)));
    for step_s in [7_200.0, -7_200.0] {
        let told = watch.check(DATE_S + 600.0 + step_s, 1_600.0, 30.0).unwrap_err();
        assert!(matches!(told, Error::ClockSkew { .. }), "{told}");
    }
    // The next answer counts from then on.
    watch.note("Sun, 06 Nov 1994 10:49:37 GMT", 1_700.0);
    assert_eq!(watch.estimate(DATE_S + 7_200.0, 1_700.0), Some(0.0));
}

/// The usual clock of brokers: EET.
fn eastern(dst: Dst) -> BrokerClock {
    BrokerClock::new(2 * HOUR_S, dst).unwrap()
}

#[test]
fn summer_times_begin_and_end_to_the_second() {
    for (dst, moment, begins) in [
        (Dst::Eu, "2026-03-29 01:00", true),
        (Dst::Eu, "2026-10-25 01:00", false),
        (Dst::Us, "2026-03-08 07:00", true),
        (Dst::Us, "2026-11-01 06:00", false),
    ] {
        let (clock, moment_s) = (eastern(dst), at(moment));
        let expected = if begins { [2, 3] } else { [3, 2] };
        assert_eq!([clock.offset_s(moment_s - 1), clock.offset_s(moment_s)], expected.map(|h| h * HOUR_S), "{moment}");
        assert_eq!(eastern(Dst::None).offset_s(moment_s), 2 * HOUR_S);
    }
}

#[test]
fn the_two_rules_differ_on_28_days_of_2026() {
    // At noon UTC, when both have changed: 8 to 28 March, and 25 to 31 October.
    let noons = (at("2026-01-01 12:00")..at("2027-01-01")).step_by(86_400);
    let differing: Vec<i64> =
        noons.filter(|noon| eastern(Dst::Eu).offset_s(*noon) != eastern(Dst::Us).offset_s(*noon)).collect();
    let spring = (at("2026-03-08 12:00")..at("2026-03-29")).step_by(86_400);
    let expected: Vec<i64> = spring.chain((at("2026-10-25 12:00")..at("2026-11-01")).step_by(86_400)).collect();
    assert_eq!(differing.len(), 28);
    assert_eq!(differing, expected);
}

#[test]
fn every_shown_time_leads_back_to_its_moment() {
    for dst in [Dst::Eu, Dst::Us, Dst::None] {
        let clock = eastern(dst);
        let moments: Vec<i64> = (at("2026-01-01")..at("2027-01-01")).step_by(900).collect();
        let walls: Vec<i64> = moments.iter().map(|utc| utc + clock.offset_s(*utc)).collect();
        assert_eq!(clock.to_utc_series(&walls), moments, "{dst:?}: in order even the hour that comes twice is known");
        let other: Vec<i64> =
            moments.iter().zip(&walls).filter(|(u, w)| clock.to_utc(**w) != **u).map(|p| *p.0).collect();
        // Alone, the first is meant: the four quarters of the second are taken for an hour older.
        let second = match dst {
            Dst::Eu => (at("2026-10-25 01:00")..at("2026-10-25 02:00")).step_by(900).collect(),
            Dst::Us => (at("2026-11-01 06:00")..at("2026-11-01 07:00")).step_by(900).collect(),
            Dst::None => Vec::new(),
        };
        assert_eq!(other, second, "{dst:?}");
    }
}

#[test]
fn the_hour_that_comes_twice_and_the_hour_left_out() {
    let clock = eastern(Dst::Eu);
    assert_eq!(clock.to_utc(at("2026-10-25 03:30")), at("2026-10-25 00:30"));
    assert_eq!(clock.to_utc(at("2026-10-25 04:00")), at("2026-10-25 02:00"));
    assert_eq!(clock.to_utc(at("2026-03-29 02:59")), at("2026-03-29 00:59"));
    assert_eq!(clock.to_utc(at("2026-03-29 03:30")), at("2026-03-29 01:30"), "as if it had not moved yet");
    assert_eq!(clock.to_utc(at("2026-03-29 04:00")), at("2026-03-29 01:00"));
    let _ = (clock.to_utc(i64::MIN), clock.to_utc(i64::MAX), clock.offset_s(i64::MAX));
}

#[test]
fn a_measured_offset_is_rounded_or_refused() {
    let (winter, summer) = (at("2026-01-15"), at("2026-07-15"));
    for (offset_s, moment, dst, standard_s) in [
        (7_200, winter, Dst::Eu, 7_200),
        (10_800 - 3, summer, Dst::Eu, 7_200),
        (10_800 + 60, summer, Dst::Us, 7_200),
        (10_800 - 60, summer, Dst::None, 10_800),
        // Between the two changes of spring the same measurement means another clock.
        (10_800, at("2026-03-15"), Dst::Us, 7_200),
        (10_800, at("2026-03-15"), Dst::Eu, 10_800),
        (-18_000 - 60, winter, Dst::Us, -18_000),
        (20_700, winter, Dst::None, 20_700),
        (50_400 + 60, winter, Dst::None, 50_400),
        (-50_400, winter, Dst::None, -50_400),
    ] {
        let clock = BrokerClock::measured(offset_s, moment, dst).unwrap();
        assert_eq!(clock.standard_offset_s(), standard_s, "{offset_s} {dst:?}");
    }
    for (offset_s, said) in [
        (10_800 + 61, "quarter"),
        (10_800 - 61, "quarter"),
        (-61, "quarter"),
        (450, "quarter"),
        (51_300, "14 hours"),
        (-51_300, "14 hours"),
        (i64::MAX, "14 hours"),
        (i64::MIN, "14 hours"),
    ] {
        let told = BrokerClock::measured(offset_s, winter, Dst::None).unwrap_err();
        assert!(matches!(told, Error::BadSetting { field: "broker_offset_s", .. }));
        let told = told.to_string();
        assert!(told.contains(said) && told.contains(&offset_s.to_string()), "{told}");
    }
    assert!(BrokerClock::new(50_401, Dst::None).is_err() && BrokerClock::new(i64::MIN, Dst::Eu).is_err());
    assert_eq!(["eu", "us", "none"].map(|name| Dst::named(name).unwrap()), [Dst::Eu, Dst::Us, Dst::None]);
    assert!(Dst::named("EU").unwrap_err().to_string().contains("`broker_dst`"));
}

#[test]
fn rows_are_shifted_and_null_rows_are_not() {
    let csv = "time,open,high,low,close,volume\n2026-10-25 02:00:00,1,1,1,1,0\n2026-10-25 03:00:00,1,1,1,1,0\n\
               2026-10-25 03:00:00,,,,,\n2026-10-25 03:00:00,1,1,1,1,0\n2026-10-25 04:00:00,1,1,1,1,0\n";
    let rows = parse(csv.as_bytes()).unwrap();
    assert_eq!(rows.is_null, [false, false, true, false, false]);
    let shifted = rows.clone().shifted(&eastern(Dst::Eu));
    let expected = ["2026-10-24 23:00", "2026-10-25 00:00", "2026-10-25 03:00", "2026-10-25 01:00", "2026-10-25 02:00"];
    assert_eq!(shifted.time, expected.map(at));
    assert_eq!((shifted.close[0], shifted.len()), (rows.close[0], rows.len()));
}
