//! Which format a model file is in, from its first bytes; never from its name.

use super::lightgbm;
use super::onnx;
use super::parsed::Parsed;
use crate::{Error, Result};

/// Reads a model file of any format.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed> {
    if bytes.is_empty() {
        return Err(bad("the file is empty"));
    }
    if bytes.starts_with(b"\x80") {
        return Err(bad("this looks like a pickle, which is never loaded; save the model with `save_model`"));
    }
    if onnx::is_onnx(bytes) {
        return Err(bad("this is an ONNX graph, which the Python package runs (`mt5_sentinel.Model.load`)"));
    }
    lightgbm::parse(bytes)
}

fn bad(problem: &str) -> Error {
    Error::BadModel { place: "first line".to_owned(), problem: problem.to_owned() }
}
