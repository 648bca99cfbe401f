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

/// The name a bundle's manifest has for the format of a model file; `None` when the first bytes are those of none.
#[must_use]
pub fn name(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"tree\n") || bytes.starts_with(b"tree\r\n") {
        return Some("lightgbm-text");
    }
    if let Some(rest) = bytes.strip_prefix(b"{") {
        // Binary JSON goes on with the type of a length or of a container; JSON with space or the first key.
        let is_text = rest.trim_ascii_start().starts_with(b"\"");
        return Some(if is_text { "xgboost-json" } else { "xgboost-ubj" });
    }
    // Protocol buffers: field 1, the version of the intermediate representation, one byte.
    if let [0x08, 1..=0x7f, ..] = bytes {
        return Some("onnx");
    }
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_start);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"))?;
    first.starts_with(b"format").then_some("linear-toml")
}

fn bad(problem: &str) -> Error {
    Error::BadModel { place: "first line".to_owned(), problem: problem.to_owned() }
}
