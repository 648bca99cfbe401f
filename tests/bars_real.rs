//! Real bodies: the API's own example, captures, terminal dumps, years of bars, and two made dirty on purpose.
//!
//! The data lie beside the repository and not in it; without them each test says so and passes, unless
//! `SENTINEL_REQUIRE_SHARED=1`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "what is copied is compared bit by bit")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bars_rows.rs"]
mod bars_rows;

use std::collections::BTreeMap;

use bars_rows::{HOUR_S, LATER_S, hourly, shared};
use mt5_sentinel::bars::{Bars, Cleaned, Hygiene, RawRows, clean, parse};
use serde_json::Value;

/// A moment after every bar of the shared data.
const YEARS_LATER_S: i64 = LATER_S + 10 * 365 * 86_400;

fn every(interval_s: i64) -> Hygiene {
    Hygiene { interval_s, ..hourly(YEARS_LATER_S) }
}

/// Cleans a body and checks that it was clean before.
fn already_clean(rows: &RawRows, interval_s: i64) -> Cleaned {
    let cleaned = clean(rows, &every(interval_s));
    let report = cleaned.report;
    assert_eq!((report.bars, report.repaired, report.unsorted, report.time_conflicts), (rows.len(), 0, 0, 0));
    assert_eq!(rows.usual_interval_s(), Some(interval_s));
    cleaned
}

/// Column `name` of a JSON body, read by another road than the product's.
fn column<T>(rows: &[Value], name: &str, read: impl Fn(&Value) -> Option<T>) -> Vec<Option<T>> {
    rows.iter().map(|row| read(&row[name])).collect()
}

/// Row numbers of `rows` by open time, the last of each time, rows without prices left out.
fn last_by_time(rows: &[Value]) -> BTreeMap<i64, &Value> {
    rows.iter()
        .filter(|row| row["close"].is_f64() && row["high"].as_f64() >= row["low"].as_f64())
        .map(|row| (row["timestamp"].as_i64().unwrap(), row))
        .collect()
}

fn acceptance(test: &str, pair: &str, unsorted: usize) {
    let path = |tail: &str| format!("eodhd/intraday_{pair}.FOREX_1h_2061{tail}");
    let Some(dirty) = shared(test, &path("_dirty.json")) else { return };
    let Some(expect) = shared(test, &path("_dirty.expect.json")) else { return };
    let Some(sibling) = shared(test, &path(".json")) else { return };
    let expect: BTreeMap<String, usize> = serde_json::from_slice(&expect).unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&dirty).unwrap();

    let cleaned = clean(&parse(&dirty).unwrap(), &every(HOUR_S));
    let (report, dropped) = (cleaned.report, cleaned.report.dropped);
    assert_eq!(report.rows, expect["rows"]);
    assert_eq!(report.bars, expect["distinct_valid_bars"]);
    assert_eq!(dropped.duplicate_exact, expect["exact_duplicates"]);
    assert_eq!(dropped.duplicate_revised, expect["revised_duplicates"]);
    assert_eq!(dropped.null, expect["null_rows"]);
    assert_eq!(dropped.invalid, expect["high_below_low"]);
    assert_eq!(dropped.forming, 0);
    assert_eq!((report.repaired, report.time_conflicts), (0, 0));
    assert_eq!(report.rows, report.bars + dropped.duplicate() + dropped.null + dropped.invalid);
    assert!(report.unsorted <= expect["swapped_pairs"]);
    assert_eq!(report.unsorted, unsorted);

    let sibling = already_clean(&parse(&sibling).unwrap(), HOUR_S).bars;
    assert_eq!(cleaned.bars.time(), sibling.time());
    let latest = last_by_time(&rows);
    let mut revised = 0;
    for (bar, before) in cleaned.bars.iter().zip(sibling.iter()) {
        let row = latest[&bar.time];
        let price = |name: &str| row[name].as_f64().unwrap();
        assert_eq!([bar.open, bar.high, bar.low, bar.close], ["open", "high", "low", "close"].map(price));
        assert_eq!(bar.volume, row["volume"].as_f64().unwrap_or(0.0));
        revised += usize::from(bar != before);
    }
    assert_eq!(revised, expect["revised_duplicates"], "all others are the sibling's bars");
}

#[test]
fn the_dirty_euro_bars() {
    // Its swapped pair has one open time, so no row comes late.
    acceptance("the_dirty_euro_bars", "EURUSD", 0);
}

#[test]
fn the_dirty_pound_bars() {
    acceptance("the_dirty_pound_bars", "GBPUSD", 1);
}

/// A body of the API against the document tree of the same body.
fn as_documented(test: &str, name: &str, count: usize) {
    let Some(body) = shared(test, &format!("eodhd/{name}")) else { return };
    let rows: Vec<Value> = serde_json::from_slice(&body).unwrap();
    let bars = already_clean(&parse(&body).unwrap(), 300).bars;
    assert_eq!(bars.len(), count);
    let wrapped = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
    assert_eq!(bars.time().iter().copied().map(Some).collect::<Vec<_>>(), column(&rows, "timestamp", Value::as_i64));
    for (name, values) in [
        ("open", bars.open()),
        ("high", bars.high()),
        ("low", bars.low()),
        ("close", bars.close()),
        ("volume", bars.volume()),
    ] {
        // A null volume is 0; the share's last row has one.
        let read = |value: &Value| value.as_f64().or((name == "volume" && value.is_null()).then_some(0.0));
        assert_eq!(wrapped(values), column(&rows, name, read), "{name}");
    }
}

#[test]
fn the_documentations_example() {
    as_documented("the_documentations_example", "docs_intraday_example.json", 2);
}

#[test]
fn a_captured_body_of_a_share() {
    as_documented("a_captured_body_of_a_share", "intraday_AAPL.US_5m_200.head79.json", 79);
}

#[test]
fn a_captured_csv() {
    let Some(body) = shared("a_captured_csv", "eodhd/intraday_EURUSD.FOREX_1m_2015-03-02.csv") else { return };
    let cleaned = already_clean(&parse(&body).unwrap(), 60);
    assert_eq!(cleaned.bars.time(), [1_425_254_400, 1_425_254_460, 1_425_254_520, 1_425_254_640]);
    assert_eq!(cleaned.bars.close(), [1.11775, 1.11775, 1.11778, 1.11769]);
    assert_eq!(cleaned.bars.volume(), [8.0, 4.0, 7.0, 18.0]);
    assert_eq!(cleaned.report.gaps, 1, "00:03 is not there");
}

#[test]
fn empty_answers_have_no_rows() {
    for name in ["intraday_empty.json", "intraday_empty.csv"] {
        let Some(body) = shared("empty_answers_have_no_rows", &format!("eodhd/{name}")) else { return };
        assert!(parse(&body).unwrap().is_empty(), "{name}");
    }
}

/// A CSV file against the `csv` crate read by column names.
fn assert_columns(bars: &Bars, text: &[u8], time: &str, volume: &str) {
    let mut reader = csv::Reader::from_reader(text);
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    let places = [time, "open", "high", "low", "close", volume].map(place);
    let mut count = 0;
    for (bar, record) in bars.iter().zip(reader.records()) {
        let record = record.unwrap();
        let [time, rest @ ..] = places.map(|place| record[place].parse::<f64>().unwrap());
        assert_eq!((bar.time as f64, [bar.open, bar.high, bar.low, bar.close, bar.volume]), (time, rest));
        count += 1;
    }
    assert_eq!(count, bars.len());
}

#[test]
fn dumps_of_a_terminal() {
    for (name, interval_s) in [("M1", 60), ("M5", 300)] {
        let path = format!("mt5/copyrates_dataframe_EURUSD_{name}_jesiqueira_MIT.csv");
        let Some(text) = shared("dumps_of_a_terminal", &path) else { return };
        let rows = parse(&text).unwrap();
        assert_eq!(rows.len(), String::from_utf8_lossy(&text).lines().count() - 1);
        assert_columns(&already_clean(&rows, interval_s).bars, &text, "time", "tick_volume");
    }
}

#[test]
fn years_of_bars_in_gzip() {
    for (name, at_least) in [
        ("AUDUSD_1h_2015_2022", 40_000),
        ("EURUSD_1h_2017_2023", 30_000),
        ("EURUSD_1h_dukascopy_ask_2017", 6_225),
        ("GBPUSD_1h_2015_2022", 40_000),
        ("USDJPY_1h_2015_2022", 40_000),
    ] {
        let Some(packed) = shared("years_of_bars_in_gzip", &format!("bars/{name}.csv.gz")) else { return };
        let mut text = Vec::new();
        std::io::copy(&mut flate2::read::GzDecoder::new(packed.as_slice()), &mut text).unwrap();
        let bars = already_clean(&parse(&packed).unwrap(), HOUR_S).bars;
        assert!(bars.len() >= at_least, "{name}: {}", bars.len());
        assert_columns(&bars, &text, "timestamp", "volume");
    }
}
