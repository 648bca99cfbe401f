//! Models: load, check, score.

use std::collections::BTreeMap;
use std::path::PathBuf;

use numpy::PyArray3;
use pyo3::prelude::*;

use super::bundle::{self, Loaded};
use super::engine::Engine;
use super::score;
use crate::features::RowLayout;
use crate::scorer::Manifest;

/// A model ready to score.
#[pyclass(name = "Model", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyModel {
    engine: Engine,
    manifest: Option<Manifest>,
}

impl From<Loaded> for PyModel {
    fn from(loaded: Loaded) -> Self {
        Self { engine: loaded.engine, manifest: loaded.manifest }
    }
}

#[pymethods]
impl PyModel {
    /// A model file for any purpose, or a bundle, which must be whole and fit this build.
    #[staticmethod]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        bundle::load(py, &path).map(Self::from)
    }

    /// A model that may trade: a bundle, or a bare file when that is allowed; it must fit the catalogue.
    #[staticmethod]
    #[pyo3(signature = (path, allow_bare_model = false, public_keys = Vec::new()))]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn load_for_trading(
        py: Python<'_>,
        path: PathBuf,
        allow_bare_model: bool,
        public_keys: Vec<String>,
    ) -> PyResult<Self> {
        bundle::load_for_trading(py, &path, allow_bare_model, &public_keys).map(Self::from)
    }

    /// A model file's bytes, for any purpose.
    #[staticmethod]
    fn parse(py: Python<'_>, model: &[u8]) -> PyResult<Self> {
        Ok(Self { engine: Engine::open(py, model)?, manifest: None })
    }

    /// Scores rows (n, k), one row (k,) or sequences (n, t, k) → (n, classes).
    #[pyo3(signature = (x, raw = false, out = None))]
    fn score<'py>(
        &self,
        x: &Bound<'py, PyAny>,
        raw: bool,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        score::score(&self.engine, x, raw, out)
    }

    /// Scores into an array of the caller.
    #[pyo3(signature = (x, out, raw = false))]
    fn score_into<'py>(&self, x: &Bound<'py, PyAny>, out: &Bound<'py, PyAny>, raw: bool) -> PyResult<()> {
        score::score(&self.engine, x, raw, Some(out)).map(|_| ())
    }

    /// Contributions of the features to the raw scores of rows (n, k), or one row (k,) → (n, classes, k + 1).
    fn explain<'py>(&self, x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray3<f64>>> {
        score::explain(&self.engine, x)
    }

    /// Scores one row, without numpy.
    fn score_row(&self, row: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
        score::score_row(&self.engine, row)
    }

    /// Scores the newest of `steps` rows, without numpy unless the model is a graph.
    fn score_rows(&self, rows: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
        score::score_rows(&self.engine, rows)
    }

    #[getter]
    fn format(&self) -> &str {
        self.engine.format()
    }

    #[getter]
    fn objective(&self) -> &str {
        self.engine.objective()
    }

    #[getter]
    fn num_classes(&self) -> usize {
        self.engine.shape().classes
    }

    #[getter]
    fn num_trees(&self) -> usize {
        self.engine.num_trees()
    }

    #[getter]
    fn feature_names(&self) -> Vec<String> {
        self.engine.feature_names().to_vec()
    }

    #[getter]
    fn steps(&self) -> usize {
        self.engine.shape().steps
    }

    #[getter]
    fn is_sequence(&self) -> bool {
        self.engine.shape().is_sequence
    }

    #[getter]
    fn layout(&self) -> &'static str {
        self.engine.layout().map_or("other", RowLayout::as_str)
    }

    #[getter]
    fn sha256(&self) -> &str {
        self.engine.sha256()
    }

    #[getter]
    fn symbol(&self) -> Option<&str> {
        self.manifest.as_ref().map(|manifest| manifest.symbol.as_str())
    }

    #[getter]
    fn interval(&self) -> Option<&str> {
        self.manifest.as_ref().map(|manifest| manifest.interval.as_str())
    }

    #[getter]
    fn trained_range(&self) -> Option<(&str, &str)> {
        self.manifest.as_ref().map(|manifest| (manifest.trained_from.as_str(), manifest.trained_to.as_str()))
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
        let shape = self.engine.shape();
        let trees = match self.engine.num_trees() {
            0 => String::new(),
            1 => "1 tree, ".to_owned(),
            trees => format!("{trees} trees, "),
        };
        let steps = if shape.is_sequence { format!("{} steps of ", shape.steps) } else { String::new() };
        let origin = match &self.manifest {
            None => "bare".to_owned(),
            Some(manifest) => format!("bundle {} {}", manifest.symbol, manifest.interval),
        };
        let (format, objective) = (self.engine.format(), self.engine.objective());
        let (width, classes) = (shape.width, shape.classes);
        let plural = if classes == 1 { "class" } else { "classes" };
        format!("Model({format} {objective}, {trees}{steps}{width} features, {classes} {plural}, {origin})")
    }
}
