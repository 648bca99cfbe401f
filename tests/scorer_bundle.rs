//! The border: a bundle or a bare model that was made for something else, or was altered, is refused by file and key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
#![allow(dead_code, missing_docs, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bundles.rs"]
mod bundles;

use bundles::{EXPECTED, Files, data, edited, load, manifest, refusal, sha256, sound};
use mt5_sentinel::Error;
use mt5_sentinel::scorer::{Bundle, Expected, Format, GoldenSource, Layout, Manifest, Model};

const NAMES: &str = r#""ema_10", "rsi_14", "spread_points", "hour_utc""#;

#[test]
fn a_bundle_that_fits_is_loaded_with_its_manifest() {
    let bundle = Bundle::open(Box::new(sound())).unwrap();
    let model = bundle.load(&[], &EXPECTED).unwrap();
    assert_eq!((model.num_classes(), model.num_trees(), model.objective()), (3, 15, "multiclass"));
    let manifest = bundle.manifest();
    assert_eq!((manifest.symbol.as_str(), manifest.interval.as_str()), ("EURUSD", "1h"));
    assert_eq!((manifest.threshold_advice, manifest.notes.as_deref()), (Some(0.55), Some("a test's own")));
    assert_eq!((manifest.layout, manifest.steps), (Layout::Catalogue, 1));
    assert_eq!(manifest.golden_source, GoldenSource::Trainer);
    assert_eq!((manifest.metrics["log_loss"], manifest.metrics["trades"]), (1.05, 12.0));
    assert_eq!(manifest.feature_ranges["rsi_14"].map(f64::to_bits), [10.0, 90.5].map(f64::to_bits));
    assert!(load(&edited("threshold_advice = 0.55\n", ""), &[]).is_ok(), "it is optional");
    assert!(load(&edited("notes = \"a test's own\"\n", ""), &[]).is_ok(), "they are optional");
    let bare = format!("{}\n", manifest_without_tables());
    let mut files = sound();
    files.0.insert("manifest.toml".to_owned(), bare.into_bytes());
    assert!(load(&files, &[]).is_ok(), "metrics and ranges are optional");
}

fn manifest_without_tables() -> String {
    manifest().split("[metrics]").next().unwrap().to_owned()
}

#[test]
fn each_key_that_differs_is_named() {
    for (from, to, field, sentence) in [
        (
            r#""sell", "hold", "buy""#,
            r#""buy", "hold", "sell""#,
            "classes",
            "buy, hold, sell, this build needs sell, hold, buy",
        ),
        (r#""sell", "hold", "buy""#, r#""sell", "buy""#, "classes", "it says sell, buy"),
        (
            NAMES,
            r#""ema_10", "spread_points", "rsi_14", "hour_utc""#,
            "features",
            "position 1 is `spread_points`, this build needs `rsi_14` there",
        ),
        (
            NAMES,
            r#""ema_10", "rsi_14", "spread_points""#,
            "features",
            "it says 3 features, this build needs 4 features",
        ),
        (NAMES, r#""ema_10", "rsi_14", "spread_points", "hour_utc", "extra""#, "features", "it says 5 features"),
        ("c0ffee", "c0ffef", "catalogue_fingerprint", "it says c0ffef, this build needs c0ffee"),
    ] {
        let error = load(&edited(from, to), &[]).unwrap_err();
        assert!(matches!(error, Error::ModelMismatch { .. }), "{error:?}");
        let text = error.to_string();
        let start = format!("model refused, `{field} of manifest.toml`: ");
        assert!(text.starts_with(&start) && text.contains(sentence), "{text}");
    }
}

#[test]
fn the_model_files_own_names_count_too() {
    let other: [&str; 4] = ["ema_10", "rsi_14", "hour_utc", "spread_points"];
    let expected = Expected { feature_names: &other, fingerprint: "c0ffee" };
    let renamed = edited(NAMES, r#""ema_10", "rsi_14", "hour_utc", "spread_points""#);
    let text = refusal(Bundle::open(Box::new(renamed)).unwrap().load(&[], &expected));
    assert!(text.contains("`feature_names of the model file`"), "{text}");
    assert!(text.contains("position 2 is `spread_points`, this build needs `hour_utc` there"), "{text}");
}

#[test]
fn a_bare_model_needs_the_expected_names_three_classes_and_probabilities() {
    assert!(Model::from_bare(&data("multiclass_nan.txt"), &EXPECTED).is_ok());
    let text = refusal(Model::from_bare(&data("binary.txt"), &EXPECTED));
    assert_eq!(text, "model refused, `num_class of the model file`: it says 1, this build needs 3");
    let text = refusal(Model::from_bare(&data("multiclassova.txt"), &EXPECTED));
    assert!(text.contains("`objective of the model file`"), "{text}");
    let fewer = Expected { feature_names: &["ema_10"], fingerprint: "" };
    let text = refusal(Model::from_bare(&data("multiclass_nan.txt"), &fewer));
    assert!(text.ends_with("it says 4 features, this build needs 1 features"), "{text}");
}

#[test]
fn a_manifest_that_cannot_be_meant_is_refused_by_key() {
    for (from, to, sentence) in [
        ("symbol = \"EURUSD\"\n", "", "missing field `symbol`"),
        ("golden_source = \"trainer\"\n", "", "missing field `golden_source`"),
        ("\"trainer\"", "\"me\"", "unknown variant `me`"),
        ("symbol = ", "surprise = 1\nsymbol = ", "unknown field `surprise`"),
        ("symbol = \"EURUSD\"", "symbol = \"EURUSD\"\nsymbol = \"EURUSD\"", "duplicate key"),
        ("symbol = \"EURUSD\"", "symbol = \"\"", "manifest.toml, `symbol`: it is empty"),
        ("\"2017-01-01\"", "\"last year\"", "`trained_from`: \"last year\" is not an ISO 8601 date"),
        ("\"2017-01-01\"", "\"2024-01-01\"", "`trained_to`: it lies before `trained_from`"),
        ("0.55", "1.5", "`threshold_advice`: 1.5 is not in 0..=1"),
        ("0.55", "nan", "`threshold_advice`: NaN is not in 0..=1"),
        ("format = ", "format = = ", "manifest.toml, line 2: "),
        ("lightgbm-text", "pickle", "`format`: pickle is none of lightgbm-text, xgboost-json"),
        ("lightgbm-text", "onnx", "`format`: it says onnx, model.txt is lightgbm-text"),
        ("symbol = ", "steps = 0\nsymbol = ", "`steps`: 0 is not in 1..=10000"),
        ("symbol = ", "steps = 60\nsymbol = ", "`steps`: 60 rows per sequence are for onnx"),
        ("symbol = ", "layout = \"legacy23\"\nsymbol = ", "`layout`: legacy23 is for onnx"),
        ("symbol = ", "layout = \"rows\"\nsymbol = ", "unknown variant `rows`"),
        ("\"model.txt\"\nclasses", "\"other.txt\"\nclasses", "`model_file`: other.txt has no sha256 in `files`"),
        ("\"model.txt\"\nclasses", "\"golden.csv\"\nclasses", "`model_file`: the golden rows are no model"),
        ("\"golden.csv\" = ", "\"silver.csv\" = ", "`files`: golden.csv has no sha256 in `files`"),
        ("[files]\n", "[files]\n\"../model.txt\" = \"00\"\n", "`files`: \"../model.txt\" is not a bare file name"),
        ("[files]\n", "[files]\n\"..\" = \"00\"\n", "`files`: \"..\" is not a bare file name"),
        ("[files]\n", "[files]\n\"manifest.toml\" = \"00\"\n", "`files`: `manifest.toml` cannot be listed"),
        ("[files]\n", "[files]\n\"extra.txt\" = \"00\"\n", "`files`: the sha256 of extra.txt is not 64 hex digits"),
        ("1.05", "inf", "`metrics`: log_loss is inf"),
        ("1.05", "\"good\"", "manifest.toml, line 20: invalid type: string"),
        ("rsi_14 = [10, ", "rsi_7 = [10, ", "`feature_ranges`: rsi_7 is not in `features`"),
        ("[10, 90.5]", "[10, 9.5]", "`feature_ranges`: rsi_14 is [10, 9.5], two finite numbers in order"),
        ("[10, 90.5]", "[nan, 90.5]", "`feature_ranges`: rsi_14 is [NaN, 90.5]"),
    ] {
        let error = load(&edited(from, to), &[]).unwrap_err();
        assert!(matches!(error, Error::BadBundle { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with("model bundle, manifest.toml, ") && text.contains(sentence), "{text}");
    }
    assert_eq!(refusal(Manifest::parse(b"\xff")), "model bundle, manifest.toml: not UTF-8 text");
}

#[test]
fn a_sequence_model_may_have_the_older_hubs_columns() {
    let columns: Vec<String> = (0..23).map(|at| format!("\"feature_{at}\"")).collect();
    let text = manifest_without_tables().replace("lightgbm-text", "onnx").replace(NAMES, &columns.join(", "));
    let text = text.replace("symbol = ", "layout = \"legacy23\"\nsteps = 60\nsymbol = ");
    let read = Manifest::parse(text.as_bytes()).unwrap();
    assert_eq!((read.layout, read.steps), (Layout::Legacy23, 60));
    assert!(read.check_purpose(&EXPECTED).is_ok());
    let other = Manifest::parse(text.replace("feature_22", "feature_23").as_bytes()).unwrap();
    assert!(refusal(other.check_purpose(&EXPECTED)).contains("position 22 is `feature_23`"));
    let other = Manifest::parse(text.replace("c0ffee", "c0ffef").as_bytes()).unwrap();
    assert!(refusal(other.check_purpose(&EXPECTED)).contains("catalogue_fingerprint"));
}

#[test]
fn what_is_not_listed_and_what_is_missing_are_named() {
    let mut files = sound();
    files.0.insert("model.txt.bak".to_owned(), Vec::new());
    let text = refusal(load(&files, &[]));
    assert!(text.starts_with("model bundle, model.txt.bak: it lies in the bundle"), "{text}");
    for name in ["model.txt", "golden.csv"] {
        let mut files = sound();
        files.0.remove(name);
        assert_eq!(
            refusal(load(&files, &[])),
            format!("model bundle, {name}: it is missing; `files` of manifest.toml lists it")
        );
    }
    let mut files = sound();
    files.0.remove("manifest.toml");
    assert!(refusal(load(&files, &[])).starts_with("model bundle, manifest.toml: it is missing"));
    let mut files = sound();
    files.0.extend((0..63).map(|at| (format!("{at}.txt"), Vec::new())));
    assert!(refusal(load(&files, &[])).contains("it holds more than 64 files"));
}

#[test]
fn a_flipped_bit_anywhere_is_refused_and_the_file_is_named() {
    for name in ["model.txt", "golden.csv"] {
        let length = sound().0[name].len();
        for at in (0..length).step_by(length / 50).chain([length - 1]) {
            let mut files = sound();
            files.0.get_mut(name).unwrap()[at] ^= 1 << (at % 8);
            let text = refusal(load(&files, &[]));
            assert!(text.starts_with(&format!("model bundle, {name}: it was altered: its sha256 is ")), "{text}");
        }
    }
}

#[test]
fn further_files_that_are_listed_are_hashed_too() {
    let line = format!("[files]\n\"report.md\" = \"{}\"\n", sha256(b"fine").to_uppercase());
    let with = |content: &[u8]| {
        let Files(mut files) = edited("[files]\n", &line);
        files.insert("report.md".to_owned(), content.to_vec());
        load(&Files(files), &[])
    };
    assert!(with(b"fine").is_ok(), "digits in upper case are as good");
    assert!(refusal(with(b"fini")).starts_with("model bundle, report.md: it was altered"));
}

#[test]
fn a_format_has_one_name_by_its_first_bytes() {
    for (bytes, name) in [
        (data("multiclass_nan.txt").as_slice(), Some("lightgbm-text")),
        (b"tree\r\nversion=v4\r\n", Some("lightgbm-text")),
        (b"{ \"learner\": {}}", Some("xgboost-json")),
        (b"{L\0\0\0\0\0\0\0\x07learner{", Some("xgboost-ubj")),
        (b"\x08\x08\x12\x08skl2onnx", Some("onnx")),
        (b"# mine\n\nformat = \"mt5-sentinel-linear-1\"\n", Some("linear-toml")),
        (b"", None),
        (b"\x80\x04\x95", None),
        (b"trees\n", None),
        (b"PK\x03\x04", None),
    ] {
        assert_eq!(
            Format::of(bytes).map(Format::name),
            name,
            "{:?}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(20)])
        );
    }
}
