//! Contributions of features to scores, as an array.

use numpy::{AllowTypeChange, PyArray3, PyArrayLike2, ToPyArray};
use pyo3::prelude::*;

use super::errors::run;
use crate::scorer::Model;

/// Explains rows (n, k) → (n, classes, k + 1), without the GIL.
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn explain<'py>(
    py: Python<'py>,
    model: &Model,
    x: PyArrayLike2<'py, f64, AllowTypeChange>,
) -> PyResult<Bound<'py, PyArray3<f64>>> {
    let rows = x.as_array();
    let parts = py.detach(|| run(|| model.explain_batch(rows)))?;
    Ok(parts.to_pyarray(py))
}
