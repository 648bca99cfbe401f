//! `XGBoost`'s model files, JSON and UBJSON, versions 1.4 to 3.x: tree boosters `gbtree` and `dart`.
//!
//! Margins are the library's to the last bit: values and splits are compared in single precision, the sum starts from
//! the margin of `base_score`, and leaves are added in the file's order, each sum rounded to single precision. All
//! trees count; a file that early stopping left with rounds after the best one is refused, and so is one whose
//! categories were values of a data frame instead of codes.
//!
//! **Nothing is guessed.** A key that is unknown, doubled or missing, or a count that does not fit, refuses the file by
//! name. Memory stays a small multiple of the file's size: arrays are as long as the file has them, counts are
//! only compared, and small objects are counted.
//!
//! Source: files as written by `XGBoost` 1.4 to 3.4, and its published source.

mod json;
mod learner;
mod memory;
mod objective;
mod recoding;
mod rounds;
mod split;
mod tree;
mod ubjson;
mod value;

use self::learner::Learner;
use super::forest::{Forest, Sums};
use super::link::Link;
use super::parsed::{Body, Parsed};
use crate::{Error, Result};

/// The library answers in single precision; this core rounds its sums there, and not its probabilities.
const TOLERANCE: f64 = 1e-6;

/// 32-bit words of category sets a file may need beyond one for each of its bytes.
const SPARE_WORDS: usize = 1 << 20;

/// Reads a whole model file.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed> {
    let root = if is_binary(bytes) { ubjson::parse(bytes) } else { json::parse(bytes) }?;
    let learner = Learner::read(&root)?;
    let mut forest = Forest::new(learner.feature_names.len(), learner.start, Sums::Single);
    let mut words_left = bytes.len().saturating_add(SPARE_WORDS);
    for (index, (value, weight)) in learner.trees.iter().zip(&learner.weights).enumerate() {
        let tree = tree::read(index, value, *weight, &mut words_left)?;
        forest
            .push(tree, learner.outputs[index])
            .map_err(|problem| Error::BadModel { place: format!("tree {index}"), problem })?;
    }
    Ok(Parsed {
        format: "XGBoost",
        body: Body::Forest(forest),
        feature_names: learner.feature_names,
        objective: learner.objective,
        link: learner.link,
        tolerance: Some(TOLERANCE),
        divisor: 1.0,
    })
}

/// Whether an object is UBJSON: there the length of a key follows the first brace, in JSON a quote or white space.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    matches!(bytes, [b'{', b'i' | b'U' | b'I' | b'l' | b'L' | b'$' | b'#', ..])
}
