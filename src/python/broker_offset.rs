//! The measured clock of a broker's server.

use std::sync::Mutex;

use pyo3::prelude::*;

use super::errors::run;
use crate::bars::{BrokerOffset, Dst};

/// What answers of a broker's server have shown of its clock.
#[pyclass(name = "BrokerOffset", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyBrokerOffset(Mutex<BrokerOffset>);

#[pymethods]
impl PyBrokerOffset {
    #[new]
    fn new(dst: &str) -> PyResult<Self> {
        run(|| Ok(BrokerOffset::new(Dst::named(dst)?))).map(Mutex::new).map(Self)
    }

    fn note(&self, server_s: i64, utc_s: f64) -> PyResult<()> {
        self.locked(|offset| offset.note(server_s, utc_s))
    }

    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn to_utc_series(&self, wall_s: Vec<i64>) -> PyResult<Option<Vec<i64>>> {
        self.locked(|offset| offset.clock().map(|clock| clock.to_utc_series(&wall_s)))
    }
}

impl PyBrokerOffset {
    fn locked<T>(&self, call: impl FnOnce(&mut BrokerOffset) -> T) -> PyResult<T> {
        run(|| Ok(call(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))))
    }
}
