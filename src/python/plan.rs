//! Planning requests as Python sees it.

use pyo3::prelude::*;

use super::calendar::PyCalendar;
use super::errors::run;
use crate::bars::plan::{self, FetchPlan, Known, Terms, Tried};
use crate::bars::quota;

/// What a source is to be asked for now.
#[pyclass(name = "FetchPlan", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyFetchPlan(FetchPlan);

#[pymethods]
impl PyFetchPlan {
    #[getter]
    fn need(&self) -> &'static str {
        self.0.need.code()
    }

    #[getter]
    fn window(&self) -> Option<(i64, i64)> {
        self.0.window
    }

    #[getter]
    fn tried(&self) -> Option<(i64, usize, i64)> {
        self.0.tried.map(|tried| (tried.due_open_s, tried.times, tried.last_s))
    }

    #[getter]
    fn sweeps(&self) -> bool {
        self.0.sweeps
    }

    #[getter]
    fn asked_from_s(&self) -> i64 {
        self.0.asked_from_s
    }
}

/// Plans the request of this moment.
#[pyfunction]
#[pyo3(signature = (calendar, *, interval_s, history_bars, now_s, asked_from_s, stored, newest_open_s, answered_at_s,
    swept_at_s, decided_open_s, tried, clock_is_doubted))]
#[allow(clippy::too_many_arguments, reason = "the facts of a plan, each by name")]
pub(super) fn plan_fetch(
    calendar: &PyCalendar,
    interval_s: i64,
    history_bars: i64,
    now_s: i64,
    asked_from_s: Option<i64>,
    stored: i64,
    newest_open_s: Option<i64>,
    answered_at_s: Option<i64>,
    swept_at_s: Option<i64>,
    decided_open_s: Option<i64>,
    tried: Option<(i64, usize, i64)>,
    clock_is_doubted: bool,
) -> PyResult<PyFetchPlan> {
    let tried = tried.map(|(due_open_s, times, last_s)| Tried { due_open_s, times, last_s });
    let known = Known { asked_from_s, stored, newest_open_s, answered_at_s, swept_at_s, decided_open_s, tried };
    let terms = Terms { interval_s, history_bars };
    run(|| Ok(PyFetchPlan(plan::plan(&calendar.0, &terms, &known, now_s, clock_is_doubted))))
}

/// Whether one more request fits into what may be spent today.
#[pyfunction]
#[pyo3(signature = (spent, cost, units, share, kept = 0))]
pub(super) fn check_quota(spent: u64, cost: u64, units: u64, share: f64, kept: u64) -> PyResult<()> {
    run(|| quota::check(spent, cost, units, share, kept))
}

/// Units that one request for each bar still to come today costs.
#[pyfunction]
#[pyo3(signature = (calendars, *, cost, now_s))]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn quota_rest(calendars: Vec<(PyRef<'_, PyCalendar>, i64)>, cost: u64, now_s: i64) -> PyResult<u64> {
    let symbols: Vec<_> = calendars.iter().map(|(calendar, interval_s)| (&calendar.0, *interval_s)).collect();
    run(|| Ok(quota::rest_of_day(&symbols, cost, now_s)))
}

/// Units a day costs when every bar comes in time; refused where it is more than may be spent.
#[pyfunction]
#[pyo3(signature = (calendars, *, cost, now_s, units, share))]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn check_quota_plan(
    calendars: Vec<(PyRef<'_, PyCalendar>, i64)>,
    cost: u64,
    now_s: i64,
    units: u64,
    share: f64,
) -> PyResult<u64> {
    let symbols: Vec<_> = calendars.iter().map(|(calendar, interval_s)| (&calendar.0, *interval_s)).collect();
    run(|| quota::check_plan(&symbols, cost, now_s, units, share))
}
