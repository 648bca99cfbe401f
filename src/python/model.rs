//! Models: load, check, score.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;

use super::engine::Engine;
use super::errors::{exception, run};
use super::score;
use crate::features::RowLayout;
use crate::scorer::Manifest;

/// Name of the manifest inside a model bundle.
const MANIFEST: &str = "manifest.toml";

/// Name of the rows with known scores inside a model bundle, replayed at every load.
const GOLDEN: &str = "golden.csv";

/// A model ready to score.
#[pyclass(name = "Model", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyModel {
    engine: Engine,
    manifest: Option<Manifest>,
}

fn read(path: &Path) -> PyResult<Vec<u8>> {
    let problem = |error| format!("cannot read the model file {}: {error}", path.display());
    std::fs::read(path).map_err(|error| exception(("Misconfigured", "bad_model"), &problem(error)))
}

#[allow(clippy::needless_pass_by_value, reason = "it serves as map_err's closure")]
fn with_path(path: &Path, error: PyErr) -> PyErr {
    Python::attach(|py| {
        let reason = error.value(py).getattr("reason").and_then(|reason| reason.extract::<String>());
        let message = format!("{}: {}", path.display(), error.value(py));
        exception(("Misconfigured", reason.as_deref().unwrap_or("bad_model")), &message)
    })
}

#[pymethods]
impl PyModel {
    /// A model file for any purpose, or a bundle directory, which must be whole and fit this build.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        if path.is_dir() {
            return Self::load_for_trading(py, path, false);
        }
        Self::parse(py, &read(&path)?).map_err(|error| with_path(&path, error))
    }

    /// A model that may trade: a bundle directory, or a bare file when that is allowed; it must fit the catalogue.
    #[staticmethod]
    #[pyo3(signature = (path, allow_bare_model = false))]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn load_for_trading(py: Python<'_>, path: PathBuf, allow_bare_model: bool) -> PyResult<Self> {
        if path.is_dir() {
            let text = read(&path.join(MANIFEST))?;
            let passport = run(|| Manifest::parse(&text)).map_err(|error| with_path(&path.join(MANIFEST), error))?;
            let file = read(&path.join(&passport.model_file))?;
            let golden = read(&path.join(GOLDEN))?;
            return Self::bundled(py, &file, passport, &golden).map_err(|error| with_path(&path, error));
        }
        if !allow_bare_model {
            let message =
                format!("{}: a bare model file has no manifest; --allow-bare-model accepts it", path.display());
            return Err(exception(("Misconfigured", "bad_model"), &message));
        }
        Self::bare(py, &read(&path)?).map_err(|error| with_path(&path, error))
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

impl PyModel {
    fn bare(py: Python<'_>, file: &[u8]) -> PyResult<Self> {
        let engine = Engine::open(py, file)?;
        engine.check_trades(py, file, None)?;
        Ok(Self { engine, manifest: None })
    }

    fn bundled(py: Python<'_>, file: &[u8], manifest: Manifest, golden: &[u8]) -> PyResult<Self> {
        let engine = Engine::open(py, file)?;
        engine.check_trades(py, file, Some(&manifest))?;
        engine.verify_golden(py, golden)?;
        Ok(Self { engine, manifest: Some(manifest) })
    }
}
