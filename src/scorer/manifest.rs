//! The passport of a model, and the border: nothing trades that was trained for something else.

use chrono::{DateTime, NaiveDate};
use serde::Deserialize;

use super::{Model, is_onnx};
use crate::{Error, Result};

/// Classes of a model that may trade, in the order of its scores.
pub const CLASSES: [&str; 3] = ["sell", "hold", "buy"];

/// Formats of model files.
const FORMAT: &str = "lightgbm-text";
const ONNX: &str = "onnx";

/// What this build feeds a model: the catalogue's column names in order, and its fingerprint.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Feature names in column order.
    pub feature_names: &'a [&'a str],
    /// Fingerprint of the catalogue: names, formulas, windows.
    pub fingerprint: &'a str,
}

/// `manifest.toml` beside a model file; every key below, and no other.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Manifest {
    /// `lightgbm-text` or `onnx`.
    pub format: String,
    /// Name of the model file beside the manifest, no directories.
    pub model_file: String,
    /// SHA-256 of the model file, 64 hex digits.
    pub model_sha256: String,
    /// Classes in the order of the scores; [`CLASSES`] is the only one accepted.
    pub classes: Vec<String>,
    /// Feature names in column order.
    pub features: Vec<String>,
    /// Fingerprint of the feature catalogue the model was trained on.
    pub catalogue_fingerprint: String,
    /// Instrument the model was trained on, e.g. `EURUSD`.
    pub symbol: String,
    /// Bar interval, e.g. `1h`.
    pub interval: String,
    /// First day or moment of the training data, UTC, ISO 8601.
    pub trained_from: String,
    /// Last day or moment of the training data, UTC, ISO 8601.
    pub trained_to: String,
    /// Score, 0..=1, from which the trainer advises to act.
    pub threshold_advice: Option<f64>,
    /// Anything the trainer wants to be read.
    pub notes: Option<String>,
}

impl Manifest {
    /// Reads `manifest.toml` and checks each value on its own; the model is not looked at.
    ///
    /// # Errors
    /// [`Error::BadModel`] at `manifest` or at one of its keys.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|_| bad("manifest", "not UTF-8 text".to_owned()))?;
        let manifest: Self = toml::from_str(text).map_err(|fault| bad("manifest", fault.message().to_owned()))?;
        if manifest.model_file.is_empty() || manifest.model_file.contains(['/', '\\', ':', '\0']) {
            return Err(bad("manifest, `model_file`", format!("{:?} is not a bare file name", manifest.model_file)));
        }
        for (place, text) in [("manifest, `symbol`", &manifest.symbol), ("manifest, `interval`", &manifest.interval)] {
            if text.is_empty() {
                return Err(bad(place, "it is empty".to_owned()));
            }
        }
        let from = moment("manifest, `trained_from`", &manifest.trained_from)?;
        if from > moment("manifest, `trained_to`", &manifest.trained_to)? {
            return Err(bad("manifest, `trained_to`", "it lies before `trained_from`".to_owned()));
        }
        match manifest.threshold_advice {
            Some(advice) if !(0.0..=1.0).contains(&advice) => {
                Err(bad("manifest, `threshold_advice`", format!("{advice} is not in 0..=1")))
            }
            _ => Ok(manifest),
        }
    }

    /// Refuses a model file that is not the manifest's, and a manifest that is not for this build.
    ///
    /// # Errors
    /// [`Error::ModelMismatch`] naming `format`, `model_sha256`, `classes`, `features` or `catalogue_fingerprint`.
    pub fn check(&self, model: &[u8], expected: &Expected) -> Result<()> {
        differ("format", &self.format, if is_onnx(model) { ONNX } else { FORMAT })?;
        differ("model_sha256", &self.model_sha256.to_ascii_lowercase(), &super::model::sha256_hex(model))?;
        differ("classes", &self.classes.join(", "), &CLASSES.join(", "))?;
        same_names("features", &self.features, expected.feature_names)?;
        differ("catalogue_fingerprint", &self.catalogue_fingerprint, expected.fingerprint)
    }
}

impl Model {
    /// Loads a model that may trade: the model file's bytes and those of its `manifest.toml`.
    ///
    /// # Errors
    /// [`Error::ModelMismatch`] naming the field: `format`, `model_sha256`, `classes`, `features`,
    /// `catalogue_fingerprint`, `feature_names` (the model file's own), `num_class`, `objective`;
    /// [`Error::BadModel`] when either file is broken.
    pub fn from_bundle(model: &[u8], manifest: &[u8], expected: &Expected) -> Result<(Self, Manifest)> {
        let manifest = Manifest::parse(manifest)?;
        manifest.check(model, expected)?;
        Ok((Self::from_bare(model, expected)?, manifest))
    }

    /// Loads a model file that comes without a manifest: its own feature names must be the expected ones.
    ///
    /// # Errors
    /// [`Error::ModelMismatch`] naming `feature_names`, `num_class` or `objective`; [`Error::BadModel`] when the file
    /// is broken.
    pub fn from_bare(model: &[u8], expected: &Expected) -> Result<Self> {
        let model = Self::from_bytes(model)?;
        let (names, classes) = (model.feature_names(), model.num_classes());
        check_trades(names, classes, (model.objective(), model.is_distribution()), expected)?;
        Ok(model)
    }
}

/// Refuses what may not trade: other features than the expected ones, other classes than three, or an objective whose
/// answers are no probabilities that sum to 1 (its name, and whether they do).
///
/// # Errors
/// [`Error::ModelMismatch`] naming `feature_names`, `num_class` or `objective`.
pub fn check_trades(
    feature_names: &[String],
    classes: usize,
    (objective, is_distribution): (&str, bool),
    expected: &Expected,
) -> Result<()> {
    same_names("feature_names", feature_names, expected.feature_names)?;
    differ("num_class", &classes.to_string(), &CLASSES.len().to_string())?;
    // Every other objective's answers do not sum to 1: each minute's `Scores` would be refused. Say so at load.
    if is_distribution {
        return Ok(());
    }
    Err(mismatch("objective", objective, "class probabilities that sum to 1"))
}

/// Refuses the first position where the names differ.
fn same_names(field: &'static str, found: &[String], expected: &[&str]) -> Result<()> {
    let differs = |at: &usize| found.get(*at).map(String::as_str) != expected.get(*at).copied();
    let Some(at) = (0..found.len().max(expected.len())).find(differs) else {
        return Ok(());
    };
    if found.len() != expected.len() && (at == found.len() || at == expected.len()) {
        return Err(mismatch(field, &format!("{} features", found.len()), &format!("{} features", expected.len())));
    }
    Err(mismatch(field, &format!("position {at} is `{}`", found[at]), &format!("`{}` there", expected[at])))
}

fn differ(field: &'static str, found: &str, expected: &str) -> Result<()> {
    if found == expected { Ok(()) } else { Err(mismatch(field, found, expected)) }
}

/// A refusal of bounded length, whatever the file says.
pub(super) fn mismatch(field: &'static str, found: &str, expected: &str) -> Error {
    let short = |text: &str| text.chars().take(120).collect();
    Error::ModelMismatch { field, found: short(found), expected: short(expected) }
}

/// UTC seconds of a day (`2024-01-31`) or a moment (`2024-01-31T23:00:00Z`).
fn moment(place: &str, text: &str) -> Result<i64> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp());
    }
    match DateTime::parse_from_rfc3339(text) {
        Ok(moment) => Ok(moment.timestamp()),
        Err(_) => Err(bad(place, format!("{text:?} is not an ISO 8601 date"))),
    }
}

fn bad(place: &str, problem: String) -> Error {
    Error::BadModel { place: place.to_owned(), problem }
}
