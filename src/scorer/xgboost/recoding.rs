//! The categories that a data frame had in training: there the library turns values into codes, this core does not.

use super::value::{Object, Value};
use crate::Result;
use crate::scorer::excerpt::excerpt;

/// Refuses a feature whose categories are not 0, 1, … in order; only then a value is its own code.
///
/// `cats` has one entry for each feature, or none at all when training saw plain numbers.
pub(super) fn check(model: &Object, feature_names: &[String]) -> Result<()> {
    if model.get("cats").is_none() {
        return Ok(());
    }
    let categories = model.object("cats")?;
    categories.check_keys(&["enc", "feature_segments", "sorted_idx"])?;
    let entries = categories.list("enc")?;
    if !entries.is_empty() && entries.len() != feature_names.len() {
        let (entries, features) = (entries.len(), feature_names.len());
        return Err(categories.bad(format!("`enc` has {entries} entries for {features} features")));
    }
    for (entry, name) in entries.iter().zip(feature_names) {
        check_feature(entry, name)?;
    }
    Ok(())
}

fn check_feature(entry: &Value, name: &str) -> Result<()> {
    let entry = Object::of(entry, format!("`cats`, feature {:?}", excerpt(name)))?;
    entry.check_keys(&["offsets", "type", "values"])?;
    // Strings have the offsets of their bytes; a feature without categories has neither offsets nor values.
    let are_strings = entry.get("offsets").is_some() && entry.numbers("offsets")?.len() > 1;
    let values = entry.numbers("values")?;
    #[expect(clippy::float_cmp, reason = "a code is a whole number, exactly")]
    let are_codes = values.iter().enumerate().all(|(code, value)| *value == code as f64);
    if are_codes && !are_strings {
        return Ok(());
    }
    Err(entry.bad("trained on category values, not on the codes 0, 1, …: train on integer codes, and score those"))
}
