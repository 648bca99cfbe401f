//! A hub's requests and answers as Python sees them.

use pyo3::prelude::*;

use super::errors::run;
use crate::scorer::{self, AnswerForm, Scores};

/// A hub's answer → the three probabilities, or what is wrong with it.
#[pyfunction]
pub(super) fn read_answer(body: &[u8], answer: &str) -> PyResult<(f64, f64, f64)> {
    let scores = run(|| scorer::read_answer(body, AnswerForm::named(answer)?))?;
    Ok((scores.sell, scores.hold, scores.buy))
}

/// What the body of a failing answer says.
#[pyfunction]
pub(super) fn failure_text(body: &[u8]) -> PyResult<String> {
    run(|| Ok(scorer::failure_text(body)))
}

/// Whether rows may be sent.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn check_request(rows: Vec<Vec<f64>>, steps: usize, width: usize) -> PyResult<()> {
    run(|| scorer::check_request(&rows, steps, width))
}

/// How far two models' answers lie apart.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn compare_scores(a: Vec<f64>, b: Vec<f64>) -> PyResult<f64> {
    run(|| Ok(Scores::from_slice(&a)?.distance(Scores::from_slice(&b)?)))
}
