//! Models on disk: a bundle as a directory or a zip, or a bare model file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::engine::Engine;
use super::errors::{exception, run};
use crate::scorer::{
    Archive, Bundle, Expected, Format, GOLDEN, MODEL_BYTES_MAX, Manifest, PrivateKey, PublicKey, Source, pack,
};
use crate::{Error, features};

/// Bytes of a zip: the largest model that does not shrink, and all else.
const ZIP_BYTES_MAX: u64 = MODEL_BYTES_MAX + (65 << 20);

/// Names told of a directory; one more than a bundle may hold is enough to refuse it.
const NAMES_MAX: usize = 65;

/// What a path held: the model, and its manifest when it came as a bundle.
pub(super) struct Loaded {
    pub(super) engine: Engine,
    pub(super) manifest: Option<Manifest>,
}

/// A model for any purpose; a bundle must be whole and fit this build.
pub(super) fn load(py: Python<'_>, path: &Path) -> PyResult<Loaded> {
    if is_bundle(path) {
        return load_bundle(py, path, &[]);
    }
    let engine = Engine::open(py, &read_bare(path)?).map_err(|error| with_path(path, &error))?;
    Ok(Loaded { engine, manifest: None })
}

/// A model that may trade.
pub(super) fn load_for_trading(
    py: Python<'_>,
    path: &Path,
    allow_bare_model: bool,
    public_keys: &[String],
) -> PyResult<Loaded> {
    let keys = keys(public_keys)?;
    if is_bundle(path) {
        return load_bundle(py, path, &keys);
    }
    let refused = match (keys.is_empty(), allow_bare_model) {
        (false, _) => {
            "a bare model file has no signature, and `model_public_keys` is set; `model pack --sign` makes one"
        }
        (true, false) => {
            "a bare model file has no manifest; --allow-bare-model accepts it, `model pack` makes a bundle"
        }
        (true, true) => "",
    };
    let file = read_bare(path)?;
    if !refused.is_empty() {
        return Err(bad_model(&format!("{}: {refused}", path.display())));
    }
    let engine = open_bare(py, &file).map_err(|error| with_path(path, &error))?;
    Ok(Loaded { engine, manifest: None })
}

fn open_bare(py: Python<'_>, file: &[u8]) -> PyResult<Engine> {
    let engine = Engine::open(py, file)?;
    engine.check_trades(py)?;
    Ok(engine)
}

fn load_bundle(py: Python<'_>, path: &Path, keys: &[PublicKey]) -> PyResult<Loaded> {
    let loaded = open(path).and_then(|bundle| {
        let file = with_expected(|expected| bundle.model_file(keys, expected))?;
        let engine = open_bundled(py, &bundle, &file)?;
        let golden = run(|| bundle.file(GOLDEN))?;
        engine.verify_golden(py, &golden)?;
        Ok(Loaded { engine, manifest: Some(bundle.manifest().clone()) })
    });
    loaded.map_err(|error| with_path(path, &error))
}

fn open_bundled(py: Python<'_>, bundle: &Bundle, file: &[u8]) -> PyResult<Engine> {
    let mut engine = Engine::open(py, file)?;
    engine.name_by(bundle.manifest());
    engine.check_trades(py)?;
    engine.check_rows(bundle.manifest())?;
    Ok(engine)
}

/// Runs a check of the core that asks what this build feeds a model.
fn with_expected<T>(check: impl FnOnce(&Expected) -> crate::Result<T>) -> PyResult<T> {
    let (names, fingerprint) = (features::names(), features::fingerprint());
    run(|| check(&Expected { feature_names: &names, fingerprint: &fingerprint }))
}

fn open(path: &Path) -> PyResult<Bundle> {
    if path.is_dir() {
        return run(|| Bundle::open(Box::new(Directory(path.to_owned()))));
    }
    let bytes = read_at_most(path, ZIP_BYTES_MAX).map_err(|problem| bad_model(&problem))?;
    run(|| Bundle::open(Box::new(Archive::open(bytes)?)))
}

fn keys(texts: &[String]) -> PyResult<Vec<PublicKey>> {
    run(|| texts.iter().map(|text| PublicKey::parse(text)).collect())
}

fn read_bare(path: &Path) -> PyResult<Vec<u8>> {
    let problem = |problem| bad_model(&format!("cannot read the model file {}: {problem}", path.display()));
    read_at_most(path, MODEL_BYTES_MAX).map_err(problem)
}

/// A file's bytes; one that holds more than `limit` is not read to its end.
fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    // A pipe would be waited for, perhaps for ever.
    if !fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    file.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit {
        return Err(format!("it holds more than {limit} bytes, which are the most that is read"));
    }
    Ok(bytes)
}

/// A bundle as a directory.
struct Directory(PathBuf);

impl Source for Directory {
    fn names(&self) -> crate::Result<Vec<String>> {
        let unreadable = |error: std::io::Error| bad_bundle("the directory", error.to_string());
        let entries = fs::read_dir(&self.0).map_err(unreadable)?;
        let names = entries.take(NAMES_MAX).map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<std::io::Result<Vec<String>>>().map_err(unreadable)?;
        names.sort();
        Ok(names)
    }

    fn read(&self, name: &str, limit: u64) -> crate::Result<Vec<u8>> {
        read_at_most(&self.0.join(name), limit).map_err(|problem| bad_bundle(name, problem))
    }
}

fn bad_bundle(place: &str, problem: String) -> Error {
    Error::BadBundle { place: place.to_owned(), problem }
}

fn bad_model(message: &str) -> PyErr {
    exception(("Misconfigured", "bad_model"), message)
}

fn with_path(path: &Path, error: &PyErr) -> PyErr {
    Python::attach(|py| {
        let reason = error.value(py).getattr("reason").and_then(|reason| reason.extract::<String>());
        let message = format!("{}: {}", path.display(), error.value(py));
        exception(("Misconfigured", reason.as_deref().unwrap_or("bad_model")), &message)
    })
}

/// Whether a path is a directory or a zip: a bundle or nothing.
#[pyfunction]
#[pyo3(name = "is_bundle")]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn py_is_bundle(path: PathBuf) -> bool {
    is_bundle(&path)
}

fn is_bundle(path: &Path) -> bool {
    let mut first = [0; 4];
    path.is_dir()
        || path.is_file()
            && fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut first).is_ok() && Archive::is_zip(&first))
}

/// The checks of a bundle one by one, for a person who wants to know.
#[pyclass(name = "Bundle", module = "mt5_sentinel._core", frozen)]
pub(super) struct PyBundle(Bundle);

#[pymethods]
impl PyBundle {
    #[staticmethod]
    #[pyo3(name = "open")]
    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn py_open(path: PathBuf) -> PyResult<Self> {
        open(&path).map(Self).map_err(|error| with_path(&path, &error))
    }

    #[getter]
    fn names(&self) -> Vec<String> {
        self.0.names().to_vec()
    }

    #[getter]
    fn manifest_json(&self) -> PyResult<String> {
        serde_json::to_string(self.0.manifest()).map_err(|error| bad_model(&error.to_string()))
    }

    #[getter]
    fn manifest_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.manifest_bytes())
    }

    fn file<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyBytes>> {
        run(|| self.0.file(name)).map(|bytes| PyBytes::new(py, &bytes))
    }

    fn check_listing(&self) -> PyResult<()> {
        run(|| self.0.check_listing())
    }

    #[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
    fn check_signature(&self, public_keys: Vec<String>) -> PyResult<Option<String>> {
        let keys = keys(&public_keys)?;
        run(|| self.0.check_signature(&keys)).map(|signer| signer.map(|key| key.to_string()))
    }

    fn check_purpose(&self) -> PyResult<()> {
        with_expected(|expected| self.0.manifest().check_purpose(expected))
    }

    fn check_format(&self) -> PyResult<()> {
        run(|| self.0.manifest().check_format(&self.0.file(&self.0.manifest().model_file)?))
    }

    fn check_model(&self, py: Python<'_>) -> PyResult<()> {
        open_bundled(py, &self.0, &self.model_file()?).map(drop)
    }

    fn check_golden(&self, py: Python<'_>) -> PyResult<usize> {
        let mut engine = Engine::open(py, &self.model_file()?)?;
        engine.name_by(self.0.manifest());
        let golden = run(|| self.0.file(GOLDEN))?;
        engine.verify_golden(py, &golden)
    }
}

impl PyBundle {
    fn model_file(&self) -> PyResult<Vec<u8>> {
        run(|| self.0.file(&self.0.manifest().model_file))
    }
}

/// Why a bare model file does not fit this build; an exception is the answer.
#[pyfunction]
pub(super) fn check_bare_model(py: Python<'_>, model: &[u8]) -> PyResult<()> {
    open_bare(py, model).map(drop)
}

/// Refuses a public key that is none, by the setting's name.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn check_public_keys(public_keys: Vec<String>) -> PyResult<()> {
    keys(&public_keys).map(drop)
}

/// The name a manifest has for the format of a model file.
#[pyfunction]
pub(super) fn model_format(model: &[u8]) -> Option<&'static str> {
    Format::of(model).map(Format::name)
}

/// One zip of files by name, the same bytes for the same files.
#[pyfunction]
#[allow(clippy::needless_pass_by_value, reason = "PyO3 extracts arguments by value")]
pub(super) fn zip_files(py: Python<'_>, files: BTreeMap<String, Vec<u8>>) -> PyResult<Bound<'_, PyBytes>> {
    run(|| pack(&files)).map(|bytes| PyBytes::new(py, &bytes))
}

/// Public half of the key of a seed, 64 hex digits.
#[pyfunction]
pub(super) fn public_key(seed: [u8; 32]) -> String {
    PrivateKey::from_seed(&seed).public_key().to_string()
}

/// The text of `signature.toml` for a manifest's bytes.
#[pyfunction]
pub(super) fn sign_manifest(seed: [u8; 32], manifest: &[u8]) -> String {
    PrivateKey::from_seed(&seed).sign(manifest)
}
