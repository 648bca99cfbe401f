//! Models: load, check, score.

use std::collections::BTreeMap;
use std::path::PathBuf;

use numpy::{AllowTypeChange, PyArray2, PyArray3, PyArrayLike2, ToPyArray};
use pyo3::prelude::*;

use super::bundle::{self, Loaded};
use super::errors::run;
use super::explain::explain;
use crate::scorer::{Manifest, Model};

/// A model ready to score.
#[pyclass(name = "Model", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyModel {
    model: Model,
    manifest: Option<Manifest>,
}

impl From<Loaded> for PyModel {
    fn from(loaded: Loaded) -> Self {
        Self { model: loaded.model, manifest: loaded.manifest }
    }
}

#[pymethods]
impl PyModel {
    /// A model file for any purpose, or a bundle, which must be whole and fit this build.
    #[staticmethod]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn load(path: PathBuf) -> PyResult<Self> {
        bundle::load(&path).map(Self::from)
    }

    /// A model that may trade: a bundle, or a bare file when that is allowed; it must fit the catalogue.
    #[staticmethod]
    #[pyo3(signature = (path, allow_bare_model = false, public_keys = Vec::new()))]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn load_for_trading(path: PathBuf, allow_bare_model: bool, public_keys: Vec<String>) -> PyResult<Self> {
        bundle::load_for_trading(&path, allow_bare_model, &public_keys).map(Self::from)
    }

    /// A model file's bytes, for any purpose.
    #[staticmethod]
    fn parse(model: &[u8]) -> PyResult<Self> {
        Ok(Self { model: run(|| Model::from_bytes(model))?, manifest: None })
    }

    /// Scores rows (n, k) → (n, classes).
    #[pyo3(signature = (x, raw = false))]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn score<'py>(
        &self,
        py: Python<'py>,
        x: PyArrayLike2<'py, f64, AllowTypeChange>,
        raw: bool,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let rows = x.as_array();
        let scores = py.detach(|| run(|| self.model.score_batch(rows, raw)))?;
        Ok(scores.to_pyarray(py))
    }

    /// Contributions of the features to the raw scores of rows (n, k) → (n, classes, k + 1).
    fn explain<'py>(
        &self,
        py: Python<'py>,
        x: PyArrayLike2<'py, f64, AllowTypeChange>,
    ) -> PyResult<Bound<'py, PyArray3<f64>>> {
        explain(py, &self.model, x)
    }

    /// Scores one row, without numpy.
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn score_row(&self, row: Vec<f64>) -> PyResult<Vec<f64>> {
        run(|| self.model.score(&row))
    }

    #[getter]
    fn num_classes(&self) -> usize {
        self.model.num_classes()
    }

    #[getter]
    fn num_trees(&self) -> usize {
        self.model.num_trees()
    }

    #[getter]
    fn feature_names(&self) -> Vec<String> {
        self.model.feature_names().to_vec()
    }

    #[getter]
    fn sha256(&self) -> String {
        self.model.sha256().to_owned()
    }

    #[getter]
    fn symbol(&self) -> Option<String> {
        self.manifest.as_ref().map(|manifest| manifest.symbol.clone())
    }

    #[getter]
    fn interval(&self) -> Option<String> {
        self.manifest.as_ref().map(|manifest| manifest.interval.clone())
    }

    #[getter]
    fn trained_range(&self) -> Option<(String, String)> {
        self.manifest.as_ref().map(|manifest| (manifest.trained_from.clone(), manifest.trained_to.clone()))
    }

    #[getter]
    fn objective(&self) -> &str {
        self.model.objective()
    }

    #[getter]
    fn threshold_advice(&self) -> Option<f64> {
        self.manifest.as_ref().and_then(|manifest| manifest.threshold_advice)
    }

    #[getter]
    fn feature_ranges(&self) -> BTreeMap<String, [f64; 2]> {
        self.manifest.as_ref().map(|manifest| manifest.feature_ranges.clone()).unwrap_or_default()
    }

    fn __repr__(&self) -> String {
        let (trees, classes, columns) =
            (self.model.num_trees(), self.model.num_classes(), self.model.feature_names().len());
        let bundle = if self.manifest.is_some() { "bundle" } else { "bare" };
        format!(
            "Model({} {}, {trees} trees, {columns} features, {classes} classes, {bundle})",
            self.model.format(),
            self.model.objective()
        )
    }
}
