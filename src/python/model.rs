//! Models: load, check, score.

use std::path::{Path, PathBuf};

use numpy::{AllowTypeChange, PyArray2, PyArray3, PyArrayLike2, ToPyArray};
use pyo3::prelude::*;

use super::errors::{exception, run};
use super::explain::explain;
use crate::features;
use crate::scorer::{Expected, Manifest, Model, verify_golden};

/// Name of the manifest inside a model bundle.
const MANIFEST: &str = "manifest.toml";

/// Name of the rows with known scores inside a model bundle, replayed at every load.
const GOLDEN: &str = "golden.csv";

/// A model ready to score.
#[pyclass(name = "Model", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyModel {
    model: Model,
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
    fn load(path: PathBuf) -> PyResult<Self> {
        if path.is_dir() {
            return Self::load_for_trading(path, false);
        }
        let bytes = read(&path)?;
        Self::parse(&bytes).map_err(|error| with_path(&path, error))
    }

    /// A model that may trade: a bundle directory, or a bare file when that is allowed; it must fit the catalogue.
    #[staticmethod]
    #[pyo3(signature = (path, allow_bare_model = false))]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn load_for_trading(path: PathBuf, allow_bare_model: bool) -> PyResult<Self> {
        let names = features::names();
        let fingerprint = features::fingerprint();
        let expected = Expected { feature_names: &names, fingerprint: &fingerprint };
        if path.is_dir() {
            let text = read(&path.join(MANIFEST))?;
            let passport = run(|| Manifest::parse(&text)).map_err(|error| with_path(&path.join(MANIFEST), error))?;
            let file = read(&path.join(&passport.model_file))?;
            let golden = read(&path.join(GOLDEN))?;
            let loaded = run(|| {
                let (model, manifest) = Model::from_bundle(&file, &text, &expected)?;
                verify_golden(&model, &golden)?;
                Ok((model, manifest))
            });
            let (model, manifest) = loaded.map_err(|error| with_path(&path, error))?;
            return Ok(Self { model, manifest: Some(manifest) });
        }
        if !allow_bare_model {
            let message =
                format!("{}: a bare model file has no manifest; --allow-bare-model accepts it", path.display());
            return Err(exception(("Misconfigured", "bad_model"), &message));
        }
        let file = read(&path)?;
        let model = run(|| Model::from_bare(&file, &expected)).map_err(|error| with_path(&path, error))?;
        Ok(Self { model, manifest: None })
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
