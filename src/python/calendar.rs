//! The market's hours as Python sees them.

use pyo3::prelude::*;

use super::errors::run;
use crate::bars::{self, Calendar, FreshBar, Session};

/// When a market is open.
#[pyclass(name = "Calendar", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyCalendar(pub(super) Calendar);

#[pymethods]
impl PyCalendar {
    #[new]
    #[pyo3(signature = (symbol, market = "auto", holidays = Vec::new()))]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn new(symbol: &str, market: &str, holidays: Vec<String>) -> PyResult<Self> {
        let lines: Vec<&str> = holidays.iter().map(String::as_str).collect();
        run(|| Calendar::new(Session::named(market, symbol)?, &lines)).map(Self)
    }

    fn is_open(&self, at_s: i64) -> PyResult<bool> {
        run(|| Ok(self.0.is_open(at_s)))
    }

    fn next_change_s(&self, at_s: i64) -> PyResult<Option<i64>> {
        run(|| Ok(self.0.next_change_s(at_s)))
    }

    fn has_trading(&self, from_s: i64, to_s: i64) -> PyResult<bool> {
        run(|| Ok(self.0.has_trading(from_s, to_s)))
    }

    fn open_s_between(&self, from_s: i64, to_s: i64) -> PyResult<i64> {
        run(|| Ok(self.0.open_s_between(from_s, to_s)))
    }

    fn newest_due(&self, now_s: i64, interval_s: i64) -> PyResult<Option<i64>> {
        run(|| Ok(self.0.newest_due(now_s, interval_s)))
    }

    fn slots_back(&self, newest_open_s: i64, interval_s: i64, count: i64) -> PyResult<i64> {
        run(|| Ok(self.0.slots_back(newest_open_s, interval_s, count)))
    }
}

/// A bar that the gate let through.
#[pyclass(name = "FreshBar", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyFreshBar(pub(super) FreshBar);

#[pymethods]
impl PyFreshBar {
    #[getter]
    fn open_s(&self) -> i64 {
        self.0.open_s()
    }

    #[getter]
    fn interval_s(&self) -> i64 {
        self.0.interval_s()
    }

    #[getter]
    fn now_s(&self) -> i64 {
        self.0.now_s()
    }
}

/// The one gate between bars and a decision.
#[pyfunction]
#[pyo3(signature = (calendar, *, newest_open_s, now_s, interval_s, grace_s))]
pub(super) fn check_fresh(
    calendar: &PyCalendar,
    newest_open_s: i64,
    now_s: i64,
    interval_s: i64,
    grace_s: i64,
) -> PyResult<PyFreshBar> {
    run(|| bars::fresh(&calendar.0, newest_open_s, now_s, interval_s, grace_s)).map(PyFreshBar)
}
