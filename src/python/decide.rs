//! Deciding as Python sees it.

use pyo3::prelude::*;

use super::calendar::PyFreshBar;
use super::errors::run;
use super::trade::{side_from, side_name};
use crate::scorer::Scores;
use crate::trade::{self, Action, Decision, Policy, Situation};

/// Rules of deciding.
#[pyclass(name = "Policy", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyPolicy(Policy);

#[pymethods]
impl PyPolicy {
    #[new]
    #[pyo3(signature = (*, threshold))]
    fn new(threshold: f64) -> PyResult<Self> {
        run(|| Policy::new(threshold)).map(Self)
    }
}

/// What to do, how sure the model is, and why.
#[pyclass(name = "Decision", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyDecision(Decision);

#[pymethods]
impl PyDecision {
    #[getter]
    fn action(&self) -> &'static str {
        match self.0.action {
            Action::Sell => "SELL",
            Action::Hold => "HOLD",
            Action::Buy => "BUY",
        }
    }

    #[getter]
    fn side(&self) -> Option<&'static str> {
        self.0.side().map(side_name)
    }

    #[getter]
    fn confidence(&self) -> f64 {
        self.0.confidence
    }

    #[getter]
    fn reason(&self) -> &'static str {
        self.0.reason.code()
    }

    #[getter]
    fn settles_bar(&self) -> bool {
        self.0.reason.settles_bar()
    }
}

/// The three probabilities, or what is wrong with them.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn check_scores(scores: Vec<f64>) -> PyResult<(f64, f64, f64)> {
    run(|| Scores::from_slice(&scores)).map(|scores| (scores.sell, scores.hold, scores.buy))
}

/// Scores → one decision per closed bar.
#[pyfunction]
#[pyo3(signature = (scores, policy, bar, *, price_s, decided_bar_s, position))]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn decide(
    scores: Vec<f64>,
    policy: &PyPolicy,
    bar: &PyFreshBar,
    price_s: i64,
    decided_bar_s: Option<i64>,
    position: Option<&str>,
) -> PyResult<PyDecision> {
    run(|| {
        let scores = Scores::from_slice(&scores)?;
        let position = position.map(side_from).transpose()?;
        let situation = Situation { bar: bar.0, price_s, decided_bar_s, position };
        Ok(PyDecision(trade::decide(&scores, &situation, &policy.0)))
    })
}
