//! Golden rows: what the trainer's own library answered, replayed on this machine before the model may trade.

use csv::StringRecord;

use super::fit::{CLASSES, mismatch};
use crate::scorer::Model;
use crate::{Error, Result};

/// Units in the last place a probability may differ: `exp` is not the same function on every platform.
const PROBABILITY_ULPS: u64 = 2;

/// What golden rows are compared with: the shape of a model, and how exactly its answers are known.
#[derive(Debug, Clone, Copy)]
pub struct Golden<'a> {
    /// Feature names in column order.
    pub feature_names: &'a [String],
    /// Scores per answer.
    pub classes: usize,
    /// Rows an answer looks at.
    pub steps: usize,
    /// How far a score may be off, relative to scores beyond 1; `None`: probabilities 2 ulp, raw sums no bit.
    pub tolerance: Option<f64>,
}

/// Replays `golden.csv`; returns the number of answers.
///
/// Header: the model's feature names in order, then `score_sell, score_hold, score_buy` (probabilities, compared
/// within 2 ulp) or `raw_sell, raw_hold, raw_buy` (raw sums, compared by bits); both are compared within the format's
/// rounding where it is not `LightGBM`'s. Floats in Rust's or Python's shortest
/// round-trip notation; a missing value is an empty field or `nan`.
///
/// # Errors
/// [`Error::ModelMismatch`] field `golden` for a header or a score that differs, or no row at all; [`Error::BadModel`]
/// at `golden.csv` when it cannot be read.
pub fn verify_golden(model: &Model, rows_csv: &[u8]) -> Result<usize> {
    let (feature_names, classes) = (model.feature_names(), model.num_classes());
    let golden = Golden { feature_names, classes, steps: 1, tolerance: model.tolerance() };
    verify_golden_by(&golden, rows_csv, |row, raw| if raw { model.score_raw(row) } else { model.score(row) })
}

/// [`verify_golden`] for whatever scores: `score` is given `steps` rows end to end, oldest first, and whether raw scores
/// are asked for.
///
/// Where `steps` is more than 1 a column `sequence` stands first: `steps` lines of one number are the rows of one
/// answer, and the scores stand in the last of them, empty in the others.
///
/// # Errors
/// As [`verify_golden`]; those of `score`.
pub fn verify_golden_by(
    golden: &Golden<'_>,
    rows_csv: &[u8],
    mut score: impl FnMut(&[f64], bool) -> Result<Vec<f64>>,
) -> Result<usize> {
    let mut reader = csv::Reader::from_reader(rows_csv);
    let raw = check_header(golden, reader.headers().map_err(|fault| unreadable(&fault))?)?;
    let (leading, width) = (usize::from(golden.steps > 1), golden.feature_names.len());
    let (mut rows, mut answers, mut window) = (0, 0, Vec::new());
    for record in reader.records() {
        let record = record.map_err(|fault| unreadable(&fault))?;
        if leading > 0 && record.get(0).and_then(|id| id.trim().parse().ok()) != Some(answers) {
            let found = format!("row {rows}, sequence {:?}", shown(record.get(0)));
            return Err(mismatch("golden", &found, &format!("{answers}: {} rows a sequence", golden.steps)));
        }
        let values = record
            .iter()
            .enumerate()
            .skip(leading)
            .map(|(at, text)| number(rows, at, text))
            .collect::<Result<Vec<f64>>>()?;
        let (row, expected) = values.split_at(width);
        window.extend_from_slice(row);
        rows += 1;
        if rows % golden.steps == 0 {
            compare(golden, rows - 1, raw, &score(&window, raw)?, expected)?;
            answers += 1;
            window.clear();
        } else if expected.iter().any(|score| !score.is_nan()) {
            let found = format!("row {}: a score", rows - 1);
            return Err(mismatch("golden", &found, "scores only in the last row of a sequence"));
        }
    }
    if !window.is_empty() {
        let found = format!("{} rows at the end", window.len() / width.max(1));
        return Err(mismatch("golden", &found, &format!("{} rows a sequence", golden.steps)));
    }
    if answers == 0 { Err(mismatch("golden", "no row", "at least one")) } else { Ok(answers) }
}

fn compare(golden: &Golden<'_>, row: usize, raw: bool, scores: &[f64], expected: &[f64]) -> Result<()> {
    for ((class, score), expected) in CLASSES.iter().zip(scores).zip(expected) {
        let agree = match golden.tolerance {
            // A NaN is within no distance of anything.
            Some(tolerance) => (score - expected).abs() <= tolerance * expected.abs().max(1.0),
            None => ulps_between(*score, *expected) <= if raw { 0 } else { PROBABILITY_ULPS },
        };
        if !agree {
            let found = format!("row {row}, {class}: this build scores {score:?}");
            return Err(mismatch("golden", &found, &format!("{expected:?} as in golden.csv")));
        }
    }
    Ok(())
}

/// Whether the scores are raw sums.
fn check_header(golden: &Golden<'_>, header: &StringRecord) -> Result<bool> {
    let raw = header.iter().any(|name| name == "raw_sell");
    let scores = CLASSES.map(|class| format!("{}_{class}", if raw { "raw" } else { "score" }));
    let sequence = (golden.steps > 1).then_some("sequence");
    let needed = || sequence.into_iter().chain(golden.feature_names.iter().chain(&scores).map(String::as_str));
    if golden.classes != CLASSES.len() {
        return Err(mismatch("golden", &format!("a model of {} outputs", golden.classes), "3 classes"));
    }
    if header.iter().eq(needed()) {
        return Ok(raw);
    }
    let at = header.iter().zip(needed()).take_while(|(found, needed)| found == needed).count();
    let found = format!("column {at} is {:?}", header.get(at).unwrap_or("missing"));
    Err(mismatch("golden", &found, &format!("{:?}", needed().nth(at).unwrap_or("no more columns"))))
}

fn shown(text: Option<&str>) -> String {
    text.unwrap_or("missing").chars().take(40).collect()
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
