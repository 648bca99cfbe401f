//! The passport of a model: `manifest.toml`, each value checked on its own.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Serialize};

use super::files::{GOLDEN, MANIFEST, SIGNATURE, is_bare_name};
use super::{bad, hex, shown};
use crate::Result;
use crate::scorer::Format;

/// Rows a sequence may have.
const STEPS_MAX: u32 = 10_000;

/// `manifest.toml` beside a model file; every key below, and no other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Manifest {
    /// The [`Format::name`] of the model file.
    pub format: String,
    /// Name of the model file beside the manifest, no directories; one of `files`.
    pub model_file: String,
    /// Classes in the order of the scores; [`super::CLASSES`] is the only one accepted.
    pub classes: Vec<String>,
    /// Feature names in column order.
    pub features: Vec<String>,
    /// Fingerprint of the feature catalogue the model was trained on.
    pub catalogue_fingerprint: String,
    /// How a row is laid out: the catalogue's columns, or those of the older hub's sequence models.
    #[serde(default)]
    pub layout: Layout,
    /// Rows per sequence, oldest first; 1 for a model that scores one row at a time.
    #[serde(default = "one")]
    pub steps: u32,
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
    /// Who answered the golden rows.
    pub golden_source: GoldenSource,
    /// Anything the trainer wants to be read.
    pub notes: Option<String>,
    /// SHA-256, 64 hex digits, of every file but the manifest and its signature, by name.
    pub files: BTreeMap<String, String>,
    /// What the trainer measured, by name; finite.
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
    /// Least and greatest value of a feature in training, in the feature's own unit, by name.
    #[serde(default)]
    pub feature_ranges: BTreeMap<String, [f64; 2]>,
}

/// How a row of the model is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// The catalogue's columns, by name and in order.
    #[default]
    Catalogue,
    /// `feature_0` … `feature_22`: the 22 columns by position and a constant 0.0; for ONNX sequence models only.
    Legacy23,
}

/// Who answered the golden rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GoldenSource {
    /// The library that trained the model: the rows prove that this build scores as it does.
    #[serde(rename = "trainer")]
    Trainer,
    /// The build that packed the bundle: the rows prove only that another build or machine scores the same.
    #[serde(rename = "this build")]
    ThisBuild,
}

impl Manifest {
    /// Reads `manifest.toml` and checks each value on its own; the other files are not looked at.
    ///
    /// # Errors
    /// [`crate::Error::BadBundle`] at `manifest.toml`, its line, or one of its keys.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|_| bad(MANIFEST, "not UTF-8 text"))?;
        let manifest: Self = toml::from_str(text).map_err(|fault| super::not_toml(MANIFEST, text, &fault))?;
        manifest.check_names()?;
        manifest.check_shape()?;
        for (key, text) in [("symbol", &manifest.symbol), ("interval", &manifest.interval)] {
            if text.is_empty() {
                return Err(at(key, "it is empty"));
            }
        }
        let from = moment("trained_from", &manifest.trained_from)?;
        if from > moment("trained_to", &manifest.trained_to)? {
            return Err(at("trained_to", "it lies before `trained_from`"));
        }
        manifest.check_numbers()?;
        Ok(manifest)
    }

    /// File names and their hashes.
    fn check_names(&self) -> Result<()> {
        for (name, digest) in &self.files {
            if !is_bare_name(name) {
                return Err(at("files", format!("{} is not a bare file name", shown(name))));
            }
            if name == MANIFEST || name == SIGNATURE {
                return Err(at("files", format!("`{name}` cannot be listed; it is written after the hashes")));
            }
            if hex::decode::<32>(digest).is_none() {
                return Err(at("files", format!("the sha256 of {} is not 64 hex digits", shown(name))));
            }
        }
        for (key, name) in [("model_file", self.model_file.as_str()), ("files", GOLDEN)] {
            if !self.files.contains_key(name) {
                return Err(at(key, format!("{} has no sha256 in `files`", shown(name))));
            }
        }
        if self.model_file == GOLDEN {
            return Err(at("model_file", "the golden rows are no model"));
        }
        Ok(())
    }

    /// Format, layout and steps.
    fn check_shape(&self) -> Result<()> {
        if !Format::ALL.iter().any(|format| format.name() == self.format) {
            let known = Format::ALL.map(Format::name).join(", ");
            return Err(at("format", format!("{} is none of {known}", shown(&self.format))));
        }
        if !(1..=STEPS_MAX).contains(&self.steps) {
            return Err(at("steps", format!("{} is not in 1..={STEPS_MAX}", self.steps)));
        }
        if self.format != Format::Onnx.name() {
            let scores = format!("`{}` scores one row of the catalogue at a time", self.format);
            if self.steps != 1 {
                return Err(at("steps", format!("{} rows per sequence are for onnx; {scores}", self.steps)));
            }
            if self.layout != Layout::Catalogue {
                return Err(at("layout", format!("legacy23 is for onnx; {scores}")));
            }
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<()> {
        if let Some(advice) = self.threshold_advice.filter(|advice| !(0.0..=1.0).contains(advice)) {
            return Err(at("threshold_advice", format!("{advice} is not in 0..=1")));
        }
        if let Some((name, value)) = self.metrics.iter().find(|(_, value)| !value.is_finite()) {
            return Err(at("metrics", format!("{} is {value}, a finite number is needed", shown(name))));
        }
        for (name, [low, high]) in &self.feature_ranges {
            if !self.features.contains(name) {
                return Err(at("feature_ranges", format!("{} is not in `features`", shown(name))));
            }
            if !(low.is_finite() && high.is_finite() && low <= high) {
                let problem = format!("{} is [{low}, {high}], two finite numbers in order are needed", shown(name));
                return Err(at("feature_ranges", problem));
            }
        }
        Ok(())
    }
}

fn one() -> u32 {
    1
}

/// UTC seconds of a day (`2024-01-31`) or a moment (`2024-01-31T23:00:00Z`).
fn moment(key: &str, text: &str) -> Result<i64> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp());
    }
    match DateTime::parse_from_rfc3339(text) {
        Ok(moment) => Ok(moment.timestamp()),
        Err(_) => Err(at(key, format!("{} is not an ISO 8601 date", shown(text)))),
    }
}

fn at(key: &str, problem: impl Into<String>) -> crate::Error {
    bad(format!("{MANIFEST}, `{key}`"), problem)
}
