//! Which format a model file is in, from its first bytes; never from its name.

use super::lightgbm;
use super::linear;
use super::parsed::Parsed;
use super::xgboost;
use crate::{Error, Result};

/// Reads a model file of any format.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed> {
    if bytes.is_empty() {
        return Err(bad("the file is empty"));
    }
    if bytes.starts_with(b"\x80") {
        return Err(bad("this looks like a pickle, which is never loaded; save the model with `save_model`"));
    }
    if linear::recognised(bytes) {
        return linear::parse(bytes);
    }
    if bytes.starts_with(b"binf") {
        return Err(bad("this is XGBoost's old binary format; save the model again as `.ubj` or `.json`"));
    }
    if xgboost::recognises(bytes) {
        return xgboost::parse(bytes);
    }
    lightgbm::parse(bytes)
}

fn bad(problem: &str) -> Error {
    Error::BadModel { place: "first line".to_owned(), problem: problem.to_owned() }
}
