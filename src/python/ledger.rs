//! The trading state as Python stores it.

use pyo3::prelude::*;

use super::errors::run;
use super::limits::PyLimits;
use crate::trade::risk::{self, Because, Day, Ledger, Observed, State, Switch};
use crate::{Error, Result};

/// What is remembered of one account.
#[pyclass(name = "Ledger", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyLedger(pub(super) Ledger);

#[pymethods]
impl PyLedger {
    #[new]
    #[allow(clippy::too_many_arguments, reason = "one for each column of the journal's table")]
    #[pyo3(signature = (*, day, day_start_equity, day_halted, peak_equity, state, because=None, since_s, until_s=None))]
    fn new(
        day: i64,
        day_start_equity: f64,
        day_halted: bool,
        peak_equity: f64,
        state: &str,
        because: Option<&str>,
        since_s: i64,
        until_s: Option<i64>,
    ) -> PyResult<Self> {
        run(|| {
            let state = State::named(state);
            let because = because.map(Because::named);
            Ok(Self(Ledger { day, day_start_equity, day_halted, peak_equity, state, because, since_s, until_s }))
        })
    }

    fn drawdown(&self, equity: f64) -> f64 {
        self.0.drawdown(equity)
    }

    #[getter]
    fn day(&self) -> i64 {
        self.0.day
    }

    #[getter]
    fn day_start_equity(&self) -> f64 {
        self.0.day_start_equity
    }

    #[getter]
    fn day_halted(&self) -> bool {
        self.0.day_halted
    }

    #[getter]
    fn peak_equity(&self) -> f64 {
        self.0.peak_equity
    }

    #[getter]
    fn state(&self) -> &'static str {
        self.0.state.name()
    }

    #[getter]
    fn because(&self) -> Option<&'static str> {
        self.0.because.map(Because::name)
    }

    #[getter]
    fn since_s(&self) -> i64 {
        self.0.since_s
    }

    #[getter]
    fn until_s(&self) -> Option<i64> {
        self.0.until_s
    }
}

pub(super) fn switch_from(name: &str) -> Result<Switch> {
    match name {
        "off" => Ok(Switch::Off),
        "halt" => Ok(Switch::Halt),
        "flatten" => Ok(Switch::Flatten),
        _ => Err(Error::BadSetting { field: "switch", problem: format!("{name:?} is not off, halt or flatten") }),
    }
}

/// The ledger after what is seen now, and the names of what is worth a warning.
#[pyfunction]
#[pyo3(signature = (ledger, limits, *, now_s, known, equity, closed, switch))]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn advance_ledger(
    ledger: Option<&PyLedger>,
    limits: &PyLimits,
    now_s: i64,
    known: Option<(f64, bool)>,
    equity: f64,
    closed: Vec<(i64, f64)>,
    switch: &str,
) -> PyResult<(Option<PyLedger>, Vec<&'static str>)> {
    run(|| {
        let known = known.map(|(start_equity, halted)| Day { start_equity, halted });
        let seen = Observed { now_s, known, equity, closed: &closed, switch: switch_from(switch)? };
        let (ledger, warnings) = risk::advance(ledger.map(|ledger| &ledger.0), &seen, &limits.0);
        Ok((ledger.map(PyLedger), warnings))
    })
}

/// The ledger after a person's `resume`.
#[pyfunction]
#[pyo3(signature = (ledger, *, equity, now_s))]
pub(super) fn resume_ledger(ledger: &PyLedger, equity: f64, now_s: i64) -> PyResult<PyLedger> {
    run(|| Ok(PyLedger(risk::resume(&ledger.0, equity, now_s))))
}
