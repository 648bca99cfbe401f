//! The feature catalogue, the matrix and the newest row.

use numpy::{PyArray2, PyArrayMethods, PyReadwriteArray2};
use pyo3::prelude::*;

use super::bars::PyBars;
use super::errors::run;
use crate::features as engine;
use crate::features::{CATALOGUE, Spec};

/// One column of the feature contract.
#[pyclass(name = "FeatureSpec", module = "mt5_sentinel._core", frozen)]
pub(super) struct PySpec(&'static Spec);

#[pymethods]
impl PySpec {
    #[getter]
    fn name(&self) -> &'static str {
        self.0.name
    }

    #[getter]
    fn family(&self) -> &'static str {
        self.0.family
    }

    #[getter]
    fn formula(&self) -> &'static str {
        self.0.formula
    }

    #[getter]
    fn unit(&self) -> &'static str {
        self.0.unit.as_str()
    }

    #[getter]
    fn first_finite(&self) -> usize {
        self.0.first_finite
    }

    #[getter]
    fn settle_bars(&self) -> usize {
        self.0.settle_bars
    }

    #[getter]
    fn range(&self) -> (f64, f64) {
        self.0.range
    }

    #[getter]
    fn nullable(&self) -> bool {
        self.0.nullable
    }

    #[getter]
    fn source(&self) -> &'static str {
        self.0.source
    }

    fn __repr__(&self) -> String {
        format!("FeatureSpec({}: {})", self.0.name, self.0.formula)
    }
}

/// All columns, in order.
#[pyfunction]
pub(super) fn catalogue() -> Vec<PySpec> {
    CATALOGUE.iter().map(PySpec).collect()
}

/// Identity of the contract: names, formulas and order.
#[pyfunction]
pub(super) fn fingerprint() -> String {
    engine::fingerprint()
}

/// Bars of history from which every column has settled.
#[pyfunction]
pub(super) fn needed_bars() -> usize {
    engine::needed_bars()
}

/// One row per bar.
#[pyfunction]
#[pyo3(signature = (bars, out = None))]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn features<'py>(
    py: Python<'py>,
    bars: &PyBars,
    out: Option<Bound<'py, PyArray2<f64>>>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let out = match out {
        Some(out) => out,
        None => PyArray2::zeros(py, (bars.0.len(), CATALOGUE.len()), false),
    };
    let mut target: PyReadwriteArray2<'_, f64> = out.try_readwrite()?;
    let view = target.as_array_mut();
    py.detach(|| run(|| engine::batch_into(&bars.0, view)))?;
    drop(target);
    Ok(out)
}

/// The newest bar's row, without the matrix.
#[pyfunction]
pub(super) fn latest(py: Python<'_>, bars: &PyBars) -> PyResult<Vec<f64>> {
    py.detach(|| run(|| engine::latest(&bars.0))).map(Vec::from)
}
