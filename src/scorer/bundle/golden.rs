//! Golden rows: what the trainer's own library answered, replayed on this machine before the model may trade.

use csv::StringRecord;

use super::fit::{CLASSES, mismatch};
use crate::scorer::Model;
use crate::{Error, Result};

/// Units in the last place a probability may differ: `exp` is not the same function on every platform.
const PROBABILITY_ULPS: u64 = 2;

/// Replays `golden.csv`; returns the number of rows.
///
/// Header: the model's feature names in order, then `score_sell, score_hold, score_buy` (probabilities, compared
/// within 2 ulp) or `raw_sell, raw_hold, raw_buy` (raw sums, compared by bits). Floats in Rust's or Python's shortest
/// round-trip notation; a missing value is an empty field or `nan`.
///
/// # Errors
/// [`Error::ModelMismatch`] field `golden` for a header or a score that differs, or no row at all; [`Error::BadModel`]
/// at `golden.csv` when it cannot be read.
pub fn verify_golden(model: &Model, rows_csv: &[u8]) -> Result<usize> {
    let mut reader = csv::Reader::from_reader(rows_csv);
    let raw = check_header(model, reader.headers().map_err(|fault| unreadable(&fault))?)?;
    let mut rows = 0;
    for record in reader.records() {
        let record = record.map_err(|fault| unreadable(&fault))?;
        let values =
            record.iter().enumerate().map(|(at, text)| number(rows, at, text)).collect::<Result<Vec<f64>>>()?;
        let (row, golden) = values.split_at(model.feature_names().len());
        let scores = if raw { model.score_raw(row)? } else { model.score(row)? };
        for ((class, score), golden) in CLASSES.iter().zip(scores).zip(golden) {
            let apart = ulps_between(score, *golden);
            if apart > if raw { 0 } else { PROBABILITY_ULPS } {
                let found = format!("row {rows}, {class}: this build scores {score:?}");
                return Err(mismatch("golden", &found, &format!("{golden:?} as in golden.csv")));
            }
        }
        rows += 1;
    }
    if rows == 0 { Err(mismatch("golden", "no row", "at least one")) } else { Ok(rows) }
}

/// Whether the scores are raw sums.
fn check_header(model: &Model, header: &StringRecord) -> Result<bool> {
    let raw = header.iter().any(|name| name == "raw_sell");
    let scores = CLASSES.map(|class| format!("{}_{class}", if raw { "raw" } else { "score" }));
    let needed = || model.feature_names().iter().chain(&scores).map(String::as_str);
    if model.num_classes() != CLASSES.len() {
        return Err(mismatch("golden", &format!("a model of {} outputs", model.num_classes()), "3 classes"));
    }
    if header.iter().eq(needed()) {
        return Ok(raw);
    }
    let at = header.iter().zip(needed()).take_while(|(found, needed)| found == needed).count();
    let found = format!("column {at} is {:?}", header.get(at).unwrap_or("missing"));
    Err(mismatch("golden", &found, &format!("{:?}", needed().nth(at).unwrap_or("no more columns"))))
}

fn number(row: usize, column: usize, text: &str) -> Result<f64> {
    let text = text.trim();
    let parsed = if text.is_empty() { Ok(f64::NAN) } else { text.parse() };
    parsed.map_err(|_| Error::BadModel {
        place: format!("golden.csv, row {row}, column {column}"),
        problem: "not a number".to_owned(),
    })
}

/// Steps between neighbouring floats from `a` to `b`; 0 only for equal bits, the largest number when either is NaN.
fn ulps_between(a: f64, b: f64) -> u64 {
    // The integers of this order are the floats' order, both zeros side by side.
    let rank = |x: f64| {
        let bits = x.to_bits().cast_signed();
        if bits < 0 { i64::MIN.wrapping_sub(bits).wrapping_sub(1) } else { bits }
    };
    if a.is_nan() || b.is_nan() { u64::MAX } else { rank(a).abs_diff(rank(b)) }
}

fn unreadable(fault: &csv::Error) -> Error {
    Error::BadModel { place: "golden.csv".to_owned(), problem: fault.to_string() }
}
