//! `compare_bars`.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::bars::PyBars;
use super::errors::run;
use crate::bars::compare::{self, Difference, FIELDS};

/// Compares two sources' bars of one symbol and interval.
#[pyfunction]
#[pyo3(signature = (a, b, *, tolerance_points, point = None, levels = false))]
pub(super) fn compare_bars<'py>(
    py: Python<'py>,
    a: &PyBars,
    b: &PyBars,
    tolerance_points: f64,
    point: Option<f64>,
    levels: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let found = py.detach(|| run(|| compare::compare_points(&a.0, &b.0, tolerance_points, point, levels)))?;
    let (report, most) = (PyDict::new(py), PyDict::new(py));
    for (field, difference) in FIELDS.iter().zip(found.max_difference) {
        most.set_item(field, difference)?;
    }
    let told = |one: &Difference| (one.time, one.field, one.a, one.b);
    let differing: Vec<_> = found.first_differing.iter().map(told).collect();
    report.set_item("tolerance", found.tolerance)?;
    report.set_item("stretch", found.stretch)?;
    report.set_item("common", found.common)?;
    report.set_item("only_a", found.only_a)?;
    report.set_item("only_b", found.only_b)?;
    report.set_item("first_only_a", found.first_only_a)?;
    report.set_item("first_only_b", found.first_only_b)?;
    report.set_item("differing", found.differing)?;
    report.set_item("first_differing", differing)?;
    report.set_item("max_difference", most)?;
    report.set_item("close_offset", found.close_offset)?;
    report.set_item("taken_out", found.taken_out)?;
    report.set_item("last_common", found.last_common)?;
    report.set_item("last_differing", found.last_differing.as_ref().map(told))?;
    Ok(report)
}
