//! A small bundle in memory, and ways to spoil it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use mt5_sentinel::scorer::{Bundle, Expected, Model, PublicKey, Source};
use mt5_sentinel::{Error, Result};
use sha2::{Digest, Sha256};

pub const EXPECTED: Expected =
    Expected { feature_names: &["ema_10", "rsi_14", "spread_points", "hour_utc"], fingerprint: "c0ffee" };

/// Files by name.
#[derive(Debug, Clone)]
pub struct Files(pub BTreeMap<String, Vec<u8>>);

impl Source for Files {
    fn names(&self) -> Result<Vec<String>> {
        Ok(self.0.keys().cloned().collect())
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let refuse = |problem: &str| Error::BadBundle { place: name.to_owned(), problem: problem.to_owned() };
        let bytes = self.0.get(name).ok_or_else(|| refuse("it is missing"))?;
        if bytes.len() as u64 > limit { Err(refuse("too large")) } else { Ok(bytes.clone()) }
    }
}

pub fn data(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scorer").join(name)).unwrap()
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Three golden rows of the fixture: its features and its probabilities.
pub fn golden() -> String {
    rows_of("score", 3)
}

/// The first rows of the fixture's CSV reduced to its features and one kind of answer.
pub fn rows_of(kind: &str, rows: usize) -> String {
    let csv = String::from_utf8(data("multiclass_nan.csv")).unwrap();
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let other = if kind == "raw" { "score_" } else { "raw_" };
    let kept: Vec<usize> = (0..header.len()).filter(|&at| !header[at].starts_with(other)).collect();
    csv.lines().take(rows + 1).fold(String::new(), |text, line| {
        let values: Vec<&str> = line.split(',').collect();
        let values: Vec<&str> = kept.iter().map(|&at| values[at]).collect();
        format!("{text}{}\n", values.join(","))
    })
}

pub fn manifest() -> String {
    format!(
        r#"
format = "lightgbm-text"
model_file = "model.txt"
classes = ["sell", "hold", "buy"]
features = ["ema_10", "rsi_14", "spread_points", "hour_utc"]
catalogue_fingerprint = "c0ffee"
symbol = "EURUSD"
interval = "1h"
trained_from = "2017-01-01"
trained_to = "2023-12-31T22:00:00Z"
threshold_advice = 0.55
golden_source = "trainer"
notes = "a test's own"

[files]
"golden.csv" = "{}"
"model.txt" = "{}"

[metrics]
log_loss = 1.05
trades = 12

[feature_ranges]
rsi_14 = [10, 90.5]
"#,
        sha256(golden().as_bytes()),
        sha256(&data("multiclass_nan.txt")),
    )
}

/// A sound, unsigned bundle.
pub fn sound() -> Files {
    let files = [
        ("manifest.toml", manifest().into_bytes()),
        ("model.txt", data("multiclass_nan.txt")),
        ("golden.csv", golden().into_bytes()),
    ];
    Files(files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect())
}

/// The sound bundle with the manifest's first `from` replaced.
pub fn edited(from: &str, to: &str) -> Files {
    let mut files = sound();
    assert!(manifest().contains(from), "nothing to edit: {from}");
    files.0.insert("manifest.toml".to_owned(), manifest().replacen(from, to, 1).into_bytes());
    files
}

pub fn load(files: &Files, keys: &[PublicKey]) -> Result<Model> {
    Bundle::open(Box::new(files.clone()))?.load(keys, &EXPECTED)
}

/// The refusal, with its kind in front.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T>) -> String {
    answer.unwrap_err().to_string()
}
