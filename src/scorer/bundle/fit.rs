//! The border: nothing trades that was trained for something else.

use super::manifest::{Layout, Manifest};
use crate::scorer::{Format, Model};
use crate::{Error, Result};

/// Classes of a model that may trade, in the order of its scores.
pub const CLASSES: [&str; 3] = ["sell", "hold", "buy"];

/// Columns of the layout `legacy23`.
const LEGACY_COLUMNS: usize = 23;

/// What this build feeds a model: the catalogue's column names in order, and its fingerprint.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Feature names in column order.
    pub feature_names: &'a [&'a str],
    /// Fingerprint of the catalogue: names, formulas, windows.
    pub fingerprint: &'a str,
}

impl Manifest {
    /// Whether the model was made for what this build would use it for.
    ///
    /// # Errors
    /// [`Error::ModelMismatch`] naming the key: `classes`, `features` or `catalogue_fingerprint`.
    pub fn check_purpose(&self, expected: &Expected) -> Result<()> {
        differ("classes of manifest.toml", &self.classes.join(", "), &CLASSES.join(", "))?;
        match self.layout {
            Layout::Catalogue => same_names("features of manifest.toml", &self.features, expected.feature_names)?,
            Layout::Legacy23 => {
                let names: Vec<String> = (0..LEGACY_COLUMNS).map(|at| format!("feature_{at}")).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                same_names("features of manifest.toml", &self.features, &names)?;
            }
        }
        let key = "catalogue_fingerprint of manifest.toml";
        differ(key, &self.catalogue_fingerprint, expected.fingerprint)
    }

    /// Whether the model looks at the rows that the manifest speaks of: `feature_names` and `steps` are the model's own.
    ///
    /// # Errors
    /// [`Error::ModelMismatch`] naming `features` or `steps`.
    pub fn check_rows(&self, feature_names: &[String], steps: usize) -> Result<()> {
        let names: Vec<&str> = feature_names.iter().map(String::as_str).collect();
        same_names("features of manifest.toml", &self.features, &names)?;
        differ("steps of manifest.toml", &self.steps.to_string(), &steps.to_string())
    }

    /// Whether the model file is in the format that the manifest names.
    ///
    /// # Errors
    /// [`Error::BadBundle`] at `format`.
    pub fn check_format(&self, model_file: &[u8]) -> Result<()> {
        let found = Format::of(model_file).map_or("in no format this build knows", Format::name);
        if found == self.format {
            return Ok(());
        }
        let (name, stated) = (super::shown(&self.model_file), super::shown(&self.format));
        Err(super::bad("manifest.toml, `format`", format!("it says {stated}, {name} is {found}")))
    }
}

impl Model {
    /// Loads a model file that comes without a manifest: its own feature names must be the expected ones.
    ///
    /// # Errors
    /// [`Error::ModelMismatch`] naming `feature_names`, `num_class` or `objective`; [`Error::BadModel`] when the file
    /// is broken.
    pub fn from_bare(model: &[u8], expected: &Expected) -> Result<Self> {
        let model = Self::from_bytes(model)?;
        let answers = (model.objective(), model.is_distribution());
        check_trades(model.feature_names(), model.num_classes(), answers, expected)?;
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
    same_names("feature_names of the model file", feature_names, expected.feature_names)?;
    differ("num_class of the model file", &classes.to_string(), &CLASSES.len().to_string())?;
    // Every other objective's answers do not sum to 1: each minute's `Scores` would be refused. Say so at load.
    if is_distribution {
        return Ok(());
    }
    Err(mismatch("objective of the model file", objective, "class probabilities that sum to 1"))
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
    let short = |text: &str| text.chars().take(super::SHOWN_MAX).collect();
    Error::ModelMismatch { field, found: short(found), expected: short(expected) }
}
