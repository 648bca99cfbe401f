//! The border: a bundle or a bare model that was made for something else is refused by the name of the field.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use mt5_sentinel::Error;
use mt5_sentinel::scorer::{Expected, Model, verify_golden};

const EXPECTED: Expected =
    Expected { feature_names: &["ema_10", "rsi_14", "spread_points", "hour_utc"], fingerprint: "c0ffee" };

fn data(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scorer").join(name)).unwrap()
}

fn manifest() -> String {
    let model = Model::from_bytes(&data("multiclass_nan.txt")).unwrap();
    format!(
        r#"
format = "lightgbm-text"
model_file = "model.txt"
model_sha256 = "{}"
classes = ["sell", "hold", "buy"]
features = ["ema_10", "rsi_14", "spread_points", "hour_utc"]
catalogue_fingerprint = "c0ffee"
symbol = "EURUSD"
interval = "1h"
trained_from = "2017-01-01"
trained_to = "2023-12-31T22:00:00Z"
threshold_advice = 0.55
notes = "a test's own"
"#,
        model.sha256()
    )
}

/// The bundle of `multiclass_nan` with the manifest's first `from` replaced.
fn bundle(from: &str, to: &str) -> mt5_sentinel::Result<Model> {
    let manifest = manifest();
    assert!(manifest.contains(from), "nothing to edit: {from}");
    let manifest = manifest.replacen(from, to, 1);
    Model::from_bundle(&data("multiclass_nan.txt"), manifest.as_bytes(), &EXPECTED).map(|(model, _)| model)
}

fn mismatch(answer: mt5_sentinel::Result<Model>) -> (&'static str, String) {
    let error = answer.unwrap_err();
    match error {
        Error::ModelMismatch { field, .. } => (field, error.to_string()),
        other => panic!("not ModelMismatch: {other:?}"),
    }
}

#[test]
fn a_bundle_that_fits_is_loaded_with_its_manifest() {
    let (model, manifest) = Model::from_bundle(&data("multiclass_nan.txt"), manifest().as_bytes(), &EXPECTED).unwrap();
    assert_eq!((model.num_classes(), model.num_trees(), model.objective()), (3, 15, "multiclass"));
    assert_eq!((manifest.symbol.as_str(), manifest.interval.as_str()), ("EURUSD", "1h"));
    assert_eq!((manifest.threshold_advice, manifest.notes.as_deref()), (Some(0.55), Some("a test's own")));
    assert!(bundle("threshold_advice = 0.55\nnotes = \"a test's own\"\n", "").is_ok(), "both are optional");
}

#[test]
fn each_field_that_differs_is_named() {
    let names = r#""ema_10", "rsi_14", "spread_points", "hour_utc""#;
    for (from, to, field, sentence) in [
        ("lightgbm-text", "onnx", "format", "it says onnx, this build needs lightgbm-text"),
        ("model_sha256 = \"", "model_sha256 = \"00", "model_sha256", "it says 00"),
        (
            r#""sell", "hold", "buy""#,
            r#""buy", "hold", "sell""#,
            "classes",
            "buy, hold, sell, this build needs sell, hold, buy",
        ),
        (r#""sell", "hold", "buy""#, r#""sell", "buy""#, "classes", "it says sell, buy"),
        (
            names,
            r#""ema_10", "spread_points", "rsi_14", "hour_utc""#,
            "features",
            "position 1 is `spread_points`, this build needs `rsi_14` there",
        ),
        (
            names,
            r#""ema_10", "rsi_14", "spread_points""#,
            "features",
            "it says 3 features, this build needs 4 features",
        ),
        (names, r#""ema_10", "rsi_14", "spread_points", "hour_utc", "extra""#, "features", "it says 5 features"),
        (names, "", "features", "it says 0 features"),
        ("c0ffee", "c0ffef", "catalogue_fingerprint", "it says c0ffef, this build needs c0ffee"),
    ] {
        let (found, text) = mismatch(bundle(from, to));
        assert_eq!(found, field, "{text}");
        assert!(text.starts_with(&format!("model refused, `{field}`: ")) && text.contains(sentence), "{text}");
    }
}

#[test]
fn the_model_files_own_names_count_too() {
    let other: [&str; 4] = ["ema_10", "rsi_14", "hour_utc", "spread_points"];
    let expected = Expected { feature_names: &other, fingerprint: "c0ffee" };
    let renamed = manifest().replace(r#""spread_points", "hour_utc""#, r#""hour_utc", "spread_points""#);
    let answer = Model::from_bundle(&data("multiclass_nan.txt"), renamed.as_bytes(), &expected);
    let (field, text) = mismatch(answer.map(|(model, _)| model));
    assert_eq!(field, "feature_names");
    assert!(text.contains("position 2 is `spread_points`, this build needs `hour_utc` there"), "{text}");
}

#[test]
fn a_bare_model_needs_the_expected_names_three_classes_and_probabilities() {
    assert!(Model::from_bare(&data("multiclass_nan.txt"), &EXPECTED).is_ok());
    let (field, text) = mismatch(Model::from_bare(&data("binary.txt"), &EXPECTED));
    assert_eq!((field, text.as_str()), ("num_class", "model refused, `num_class`: it says 1, this build needs 3"));
    let (field, text) = mismatch(Model::from_bare(&data("multiclassova.txt"), &EXPECTED));
    assert_eq!(field, "objective", "{text}");
    let fewer = Expected { feature_names: &["ema_10"], fingerprint: "" };
    let (field, text) = mismatch(Model::from_bare(&data("multiclass_nan.txt"), &fewer));
    assert_eq!((field, text.ends_with("it says 4 features, this build needs 1 features")), ("feature_names", true));
}

#[test]
fn a_manifest_that_cannot_be_meant_is_refused() {
    for (from, to, sentence) in [
        ("symbol = \"EURUSD\"\n", "", "missing field `symbol`"),
        ("symbol = ", "surprise = 1\nsymbol = ", "unknown field `surprise`"),
        ("symbol = \"EURUSD\"", "symbol = \"EURUSD\"\nsymbol = \"EURUSD\"", "duplicate key"),
        ("symbol = \"EURUSD\"", "symbol = \"\"", "manifest, `symbol`: it is empty"),
        ("\"model.txt\"", "\"../model.txt\"", "`model_file`: \"../model.txt\" is not a bare file name"),
        ("\"2017-01-01\"", "\"last year\"", "`trained_from`: \"last year\" is not an ISO 8601 date"),
        ("\"2017-01-01\"", "\"2024-01-01\"", "`trained_to`: it lies before `trained_from`"),
        ("0.55", "1.5", "`threshold_advice`: 1.5 is not in 0..=1"),
        ("0.55", "nan", "`threshold_advice`: NaN is not in 0..=1"),
        ("format = ", "format = = ", "model file, manifest"),
    ] {
        let error = bundle(from, to).unwrap_err();
        assert!(matches!(error, Error::BadModel { .. }), "{error:?}");
        assert!(error.to_string().contains(sentence), "{error}");
    }
    let answer = Model::from_bundle(&data("multiclass_nan.txt"), b"\xff", &EXPECTED);
    assert_eq!(answer.unwrap_err().to_string(), "model file, manifest: not UTF-8 text");
}

#[test]
fn a_bundle_with_a_truncated_model_is_refused_by_its_digest() {
    let model = data("multiclass_nan.txt");
    let answer = Model::from_bundle(&model[..model.len() - 1], manifest().as_bytes(), &EXPECTED);
    assert_eq!(mismatch(answer.map(|(model, _)| model)).0, "model_sha256");
}

/// The fixture's CSV reduced to its features and one kind of score, which is a golden.csv.
fn golden(kind: &str) -> String {
    let csv = String::from_utf8(data("multiclass_nan.csv")).unwrap();
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let other = if kind == "raw" { "score_" } else { "raw_" };
    let kept: Vec<usize> = (0..header.len()).filter(|&at| !header[at].starts_with(other)).collect();
    csv.lines().fold(String::new(), |mut text, line| {
        let values: Vec<&str> = line.split(',').collect();
        let values: Vec<&str> = kept.iter().map(|&at| values[at]).collect();
        writeln!(text, "{}", values.join(",")).unwrap();
        text
    })
}

#[test]
fn golden_rows_are_replayed_exactly() {
    let model = Model::from_bytes(&data("multiclass_nan.txt")).unwrap();
    for (kind, allowed) in [("raw", 0), ("score", 2)] {
        let good = golden(kind);
        assert_eq!(verify_golden(&model, good.as_bytes()).unwrap(), 142);
        let line = good.lines().nth(3).unwrap();
        let (before, value) = line.rsplit_once(',').unwrap();
        for (steps, accepted) in [(allowed, true), (allowed + 1, false)] {
            let moved = f64::from_bits(value.parse::<f64>().unwrap().to_bits() + steps);
            let altered = good.replace(line, &format!("{before},{moved:?}"));
            let answer = verify_golden(&model, altered.as_bytes());
            assert_eq!(answer.is_ok(), accepted, "{kind} {steps}: {answer:?}");
            if let Err(error) = answer {
                assert!(error.to_string().starts_with("model refused, `golden`: it says row 2, buy: "), "{error}");
            }
        }
    }
}

#[test]
fn golden_rows_that_are_not_about_this_model_are_refused() {
    let model = Model::from_bytes(&data("multiclass_nan.txt")).unwrap();
    let good = golden("score");
    let header = good.lines().next().unwrap();
    for (text, sentence) in [
        (
            good.replace("score_hold,score_buy", "score_buy,score_hold"),
            "column 5 is \"score_buy\", this build needs \"score_hold\"",
        ),
        (good.replace("ema_10,rsi_14", "rsi_14,ema_10"), "column 0 is \"rsi_14\", this build needs \"ema_10\""),
        (format!("{header}\n"), "no row"),
        (String::new(), "column 0 is \"missing\""),
        (format!("{header}\n1,2,3,4,0.2,0.3\n"), "golden.csv"),
        (format!("{header}\n1,2,3,x,0.2,0.3,0.5\n"), "golden.csv, row 0, column 3: not a number"),
        (format!("{header}\n1,2,3,4,0.2,0.3,nan\n"), "`golden`: it says row 0, "),
    ] {
        let error = verify_golden(&model, text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
    }
    let one = Model::from_bytes(&data("binary.txt")).unwrap();
    assert!(verify_golden(&one, good.as_bytes()).unwrap_err().to_string().contains("a model of 1 outputs"));
}
