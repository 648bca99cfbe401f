//! Which format a model file is in, from its first bytes; never from its name.

use super::lightgbm;
use super::linear;
use super::onnx::is_onnx;
use super::parsed::Parsed;
use super::xgboost;
use crate::{Error, Result};

/// A format of model files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `LightGBM`'s text, versions v2 to v4.
    LightGbmText,
    /// `XGBoost`'s JSON.
    XgboostJson,
    /// `XGBoost`'s binary JSON.
    XgboostUbj,
    /// This project's own text of linear models.
    LinearToml,
    /// A graph, run by the `onnxruntime` wheel outside this core.
    Onnx,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::LightGbmText, Self::XgboostJson, Self::XgboostUbj, Self::LinearToml, Self::Onnx];

    /// The format's name in a bundle's manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LightGbmText => "lightgbm-text",
            Self::XgboostJson => "xgboost-json",
            Self::XgboostUbj => "xgboost-ubj",
            Self::LinearToml => "linear-toml",
            Self::Onnx => "onnx",
        }
    }

    /// The format that a file begins as; `None` when it begins as none.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"tree\n") || bytes.starts_with(b"tree\r\n") {
            return Some(Self::LightGbmText);
        }
        if bytes.trim_ascii_start().starts_with(b"{") {
            return Some(if xgboost::is_binary(bytes) { Self::XgboostUbj } else { Self::XgboostJson });
        }
        if is_onnx(bytes) {
            return Some(Self::Onnx);
        }
        linear::recognised(bytes).then_some(Self::LinearToml)
    }
}

/// Reads a model file of any format that the core scores itself.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed> {
    if bytes.is_empty() {
        return Err(bad("the file is empty"));
    }
    if bytes.starts_with(b"\x80") {
        return Err(bad("this looks like a pickle, which is never loaded; save the model with `save_model`"));
    }
    if bytes.starts_with(b"binf") {
        return Err(bad("this is XGBoost's old binary format; save the model again as `.ubj` or `.json`"));
    }
    match Format::of(bytes) {
        Some(Format::XgboostJson | Format::XgboostUbj) => xgboost::parse(bytes),
        Some(Format::LinearToml) => linear::parse(bytes),
        Some(Format::Onnx) => {
            Err(bad("this is an ONNX graph, which the Python package runs (`mt5_sentinel.Model.load`)"))
        }
        Some(Format::LightGbmText) | None => lightgbm::parse(bytes),
    }
}

fn bad(problem: &str) -> Error {
    Error::BadModel { place: "first line".to_owned(), problem: problem.to_owned() }
}
