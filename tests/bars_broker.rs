//! A broker's zone: as written, as found from bars, as measured by a tick.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bars_rows.rs"]
mod bars_rows;

use std::fmt::Write;

use bars_rows::{HOUR_S, START_S, shared};
use mt5_sentinel::bars::broker_zone::{closed_count, found, named};
use mt5_sentinel::bars::{BrokerOffset, Calendar, Dst, RawRows, Session, parse};

fn fx() -> Calendar {
    Calendar::new(Session::Fx, &[]).unwrap()
}

/// 2022-01-11 12:00 UTC, a Tuesday in winter.
const WINTER_S: i64 = 1_641_902_400;

#[test]
fn zones_as_people_write_them() {
    for (zone, winter_h, summer_h) in [
        ("utc", 0.0, 0.0),
        ("UTC", 0.0, 0.0),
        ("UTC+2/eu", 2.0, 3.0),
        ("utc+2/us", 2.0, 3.0),
        ("UTC+3", 3.0, 3.0),
        ("UTC+2/none", 2.0, 2.0),
        ("UTC-5/us", -5.0, -4.0),
        ("UTC+5:30", 5.5, 5.5),
        ("UTC-03:30", -3.5, -3.5),
        ("UTC+0/eu", 0.0, 1.0),
    ] {
        let clock = named(zone).unwrap();
        let hours = |at: i64| clock.offset_s(at) as f64 / HOUR_S as f64;
        assert!((hours(WINTER_S) - winter_h).abs() < 1e-9 && (hours(START_S) - summer_h).abs() < 1e-9, "{zone}");
    }
    for zone in [
        "",
        "auto",
        "EET",
        "UTC2",
        "UTC+",
        "UTC+2/",
        "UTC+2/EU/us",
        "UTC+2.5",
        "UTC+15",
        "UTC+123",
        "UTC++2",
        "UTC+5:7",
        "UTC+5:60",
        "/eu",
        "utc/eu",
        "ÄTC+2",
        &"x".repeat(1_000),
    ] {
        let said = named(zone).map(|_| zone).unwrap_err().to_string();
        assert!(said.contains("broker_") && said.len() < 200, "{zone}: {said}");
    }
}

/// Hourly bars of the open hours of `weeks` weeks from `from_s`, as a server of `zone` dates them.
fn week_hours(from_s: i64, weeks: i64, zone: &str) -> RawRows {
    let (calendar, clock) = (fx(), named(zone).unwrap());
    let hours = (0..weeks * 168).map(|hour| from_s + hour * HOUR_S).filter(|time| calendar.is_open(*time));
    let mut rows = RawRows::default();
    for time in hours {
        rows.time.push(time + clock.offset_s(time));
        for column in [&mut rows.open, &mut rows.high, &mut rows.low, &mut rows.close, &mut rows.volume] {
            column.push(1.0);
        }
        rows.is_null.push(false);
    }
    rows
}

#[test]
fn the_zone_is_found_from_a_year_of_bars_and_not_guessed_from_less() {
    for zone in ["UTC+2/eu", "UTC+2/us", "UTC+3", "utc", "UTC+2", "UTC-5/us"] {
        let rows = week_hours(WINTER_S, 52, zone);
        assert_eq!(found(&rows, &fx()).unwrap(), zone);
        let utc = rows.in_utc(&named(zone).unwrap());
        assert_eq!(closed_count(&utc.time, HOUR_S, &fx()), 0, "{zone}");
        assert_eq!(utc.time, week_hours(WINTER_S, 52, "utc").time, "{zone}");
    }
    // A fortnight of winter: the zones of that offset are one and the same there.
    let fortnight = week_hours(WINTER_S, 4, "UTC+2/us");
    assert_eq!(found(&fortnight, &fx()).unwrap(), "UTC+2/us");
    let midweek = week_hours(WINTER_S, 1, "UTC+3");
    let mut inner = midweek.clone();
    inner.time.truncate(20);
    inner.is_null.truncate(20);
    for rows in [inner, RawRows::default(), week_hours(WINTER_S, 8, "UTC+6")] {
        let said = found(&rows, &fx()).unwrap_err().to_string();
        assert!(said.contains("name it, for example UTC+2/eu"), "{said}");
    }
    let daily = parse(b"date,open,high,low,close\n2022-08-09,1,1,1,1\n2022-08-10,1,1,1,1\n").unwrap();
    assert!(found(&daily, &fx()).unwrap_err().to_string().contains("hours are needed"));
}

#[test]
fn bars_that_touch_open_hours_are_not_in_closed_ones() {
    // 2022-08-12 is a Friday: the market closes at 21:00 UTC.
    let friday_20 = START_S + 3 * 86_400 + 20 * HOUR_S;
    let times = [friday_20, friday_20 + HOUR_S, friday_20 + 2 * HOUR_S];
    assert_eq!(closed_count(&times, HOUR_S, &fx()), 2);
    assert_eq!(closed_count(&[friday_20 + HOUR_S], 4 * 86_400, &fx()), 0, "it lasts into Monday");
    assert_eq!(closed_count(&times, HOUR_S, &Calendar::new(Session::Always, &[]).unwrap()), 0);
}

/// What a terminal in `zone` would export of these bars.
fn exported(rows: &RawRows, zone: &str) -> String {
    let clock = named(zone).unwrap();
    let mut out = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\r\n".to_owned();
    for i in 0..rows.len() {
        let wall = rows.time[i] + clock.offset_s(rows.time[i]);
        let text = mt5_sentinel::bars::time::to_text(wall).replace('-', ".").replace(' ', "\t");
        let (open, high, low, close) = (rows.open[i], rows.high[i], rows.low[i], rows.close[i]);
        write!(out, "{text}\t{open}\t{high}\t{low}\t{close}\t{}\t0\t3\r\n", rows.volume[i]).unwrap();
    }
    out
}

#[test]
fn years_of_real_bars_through_a_brokers_file_and_back() {
    for (pair, strays) in [("GBPUSD", 1), ("AUDUSD", 0), ("USDJPY", 0)] {
        let name = format!("bars/{pair}_1h_2015_2022.csv.gz");
        let Some(body) = shared("years_of_real_bars_through_a_brokers_file_and_back", &name) else { return };
        let utc = parse(&body).unwrap();
        for zone in ["UTC+2/eu", "UTC+2/us"] {
            let read = parse(exported(&utc, zone).as_bytes()).unwrap();
            assert!(read.is_of_terminal && read.time != utc.time);
            // These weeks begin at a European server's midnight, an hour late while New York alone has summer time, so
            // the bars fit either rule: that is said, and not guessed.
            let told = found(&read, &fx());
            assert_eq!(told.is_ok_and(|told| told == zone), zone == "UTC+2/us", "{pair} as {zone}");
            let back = read.in_utc(&named(zone).unwrap());
            assert!(back == utc, "{pair} as {zone}");
        }
        assert_eq!(closed_count(&utc.time, HOUR_S, &fx()), strays, "{pair}");
    }
}

/// What is known after these answers: (time of the newest tick, UTC).
fn after(answers: &[(i64, f64)]) -> Option<i64> {
    let mut offset = BrokerOffset::new(Dst::Eu);
    for (server_s, utc_s) in answers {
        offset.note(*server_s, *utc_s);
    }
    offset.clock().map(|clock| clock.offset_s(WINTER_S))
}

#[test]
fn only_a_tick_that_moves_with_utc_measures() {
    let utc = WINTER_S as f64;
    let server = WINTER_S + 2 * HOUR_S;
    assert_eq!(after(&[(server, utc)]), None, "one tick proves nothing");
    assert_eq!(after(&[(server, utc + 0.4), (server + 58, utc + 60.2)]), Some(2 * HOUR_S));
    assert_eq!(after(&[(server, utc), (server, utc + 60.0)]), None, "the tick stands still");
    // An hour after the last tick of a week the difference looks like another zone.
    let old = utc + 3_600.0;
    assert_eq!(after(&[(server, old), (server, old + 30.0)]), None);
    let known = [(server, utc), (server + 60, utc + 60.0)];
    let weekend = [(server + 60, utc + 60.0 + 3_600.0), (server + 60, utc + 120.0 + 3_600.0)];
    assert_eq!(after(&[known, weekend].concat()), Some(2 * HOUR_S), "the last one measured stays");
    // The first tick of the next week jumps, the second moves along.
    let monday = 60 * HOUR_S;
    let first = (server + monday, utc + monday as f64);
    assert_eq!(after(&[(server, utc + 3_600.0), first]), None, "a jump is no move along");
    assert_eq!(after(&[(server, utc + 3_600.0), first, (first.0 + 60, first.1 + 60.0)]), Some(2 * HOUR_S));
    assert_eq!(
        after(&[(server - 300, utc), (server - 240, utc + 60.0)]),
        None,
        "five minutes from a quarter of an hour"
    );
    let nonsense = [(i64::MAX, f64::NAN), (i64::MIN, 1e300), (server, f64::INFINITY), (1 << 60, utc)];
    assert_eq!(after(&nonsense), None);
    assert_eq!(after(&[&known[..], &nonsense[..]].concat()), Some(2 * HOUR_S));
}
