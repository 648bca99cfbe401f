//! Rows as an API sends them, and the way to the data that lie beside the repository.

use mt5_sentinel::bars::{Cleaned, Hygiene, RawRows, clean, parse};

/// 2022-08-09 00:00:00 UTC, a Tuesday.
pub const START_S: i64 = 1_660_003_200;
pub const HOUR_S: i64 = 3_600;

/// A moment at which every bar of these tests is closed.
pub const LATER_S: i64 = START_S + 1_000 * HOUR_S;

/// Fields of one JSON row; time is hours after [`START_S`], prices are given as JSON.
pub fn row(hour: i64, open: &str, high: &str, low: &str, close: &str, volume: &str) -> String {
    let time = START_S + hour * HOUR_S;
    format!(r#"{{"timestamp":{time},"open":{open},"high":{high},"low":{low},"close":{close},"volume":{volume}}}"#)
}

/// A flawless row that closes at `close`.
pub fn flat(hour: i64, close: f64) -> String {
    let price = close.to_string();
    row(hour, &price, &price, &price, &price, "7")
}

pub fn body(rows: &[String]) -> String {
    format!("[{}]", rows.join(","))
}

pub fn parsed(body: &str) -> RawRows {
    parse(body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// Hourly cleaning at `now_s`, jumps from 5 %.
pub fn hourly(now_s: i64) -> Hygiene {
    Hygiene { interval_s: HOUR_S, now_s, jump_ratio: 0.05 }
}

pub fn cleaned(rows: &[String]) -> Cleaned {
    clean(&parsed(&body(rows)), &hourly(LATER_S))
}

/// A file of the shared data; `None`, said aloud, where they are not.
pub fn shared(test: &str, path: &str) -> Option<Vec<u8>> {
    let whole = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(path);
    let bytes = std::fs::read(whole).ok();
    if bytes.is_none() {
        let required = std::env::var("SENTINEL_REQUIRE_SHARED").is_ok_and(|value| value == "1");
        assert!(!required, "{test}: ../shared/data/{path} not there");
        eprintln!("SKIPPED {test}: ../shared/data not there");
    }
    bytes
}
