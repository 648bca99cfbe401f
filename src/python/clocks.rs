//! Clocks of other machines as Python sees them: the server's, the broker's.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use super::errors::run;
use crate::bars::{self, BrokerClock, ClockWatch, Dst};

/// The server's time between its answers.
#[pyclass(name = "ClockWatch", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyClockWatch(Mutex<ClockWatch>);

impl PyClockWatch {
    fn watch(&self) -> MutexGuard<'_, ClockWatch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PyClockWatch {
    #[new]
    fn new() -> Self {
        Self(Mutex::default())
    }

    fn note(&self, date: &str, monotonic_s: f64) -> PyResult<()> {
        run(|| {
            self.watch().note(date, monotonic_s);
            Ok(())
        })
    }

    fn closed_by(&self, wall_s: f64, monotonic_s: f64) -> PyResult<i64> {
        run(|| Ok(self.watch().closed_by(wall_s, monotonic_s)))
    }

    fn skew_s(&self, wall_s: f64, monotonic_s: f64) -> PyResult<Option<f64>> {
        run(|| Ok(self.watch().estimate(wall_s, monotonic_s)))
    }

    fn check(&self, wall_s: f64, monotonic_s: f64, max_s: f64) -> PyResult<Option<f64>> {
        run(|| self.watch().check(wall_s, monotonic_s, max_s))
    }
}

/// This machine's clock minus the server's, by one `Date` header.
#[pyfunction]
pub(super) fn check_skew(now_s: f64, date: &str, max_s: f64) -> PyResult<Option<f64>> {
    run(|| bars::skew::check_skew(now_s, date, max_s))
}

/// Whether the wall clock went along with the monotonic one between two looks at both.
#[pyfunction]
pub(super) fn check_step(before: (f64, f64), after: (f64, f64), max_s: f64) -> PyResult<()> {
    run(|| bars::skew::check_step(before, after, max_s))
}

/// How far a gateway's clock is from this machine's.
#[pyfunction]
pub(super) fn check_gateway_clock(asked_s: f64, answered_s: f64, told_s: f64, max_s: f64) -> PyResult<f64> {
    run(|| bars::skew::check_peer(asked_s, answered_s, told_s, max_s))
}

/// The wall clock of a broker's server.
#[pyclass(name = "BrokerClock", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyBrokerClock(pub(super) BrokerClock);

#[pymethods]
impl PyBrokerClock {
    #[new]
    #[pyo3(signature = (standard_offset_s, dst))]
    fn new(standard_offset_s: i64, dst: &str) -> PyResult<Self> {
        run(|| BrokerClock::new(standard_offset_s, Dst::named(dst)?)).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (offset_s, *, at_utc_s, dst))]
    fn measured(offset_s: i64, at_utc_s: i64, dst: &str) -> PyResult<Self> {
        run(|| BrokerClock::measured(offset_s, at_utc_s, Dst::named(dst)?)).map(Self)
    }

    #[getter]
    fn standard_offset_s(&self) -> i64 {
        self.0.standard_offset_s()
    }

    fn offset_s(&self, at_utc_s: i64) -> PyResult<i64> {
        run(|| Ok(self.0.offset_s(at_utc_s)))
    }

    fn to_utc(&self, wall_s: i64) -> PyResult<i64> {
        run(|| Ok(self.0.to_utc(wall_s)))
    }

    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn to_utc_series(&self, walls_s: Vec<i64>) -> PyResult<Vec<i64>> {
        run(|| Ok(self.0.to_utc_series(&walls_s)))
    }
}
