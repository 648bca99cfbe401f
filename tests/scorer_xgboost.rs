//! `XGBoost` files against the library's own answers: margins by bits, answers within 1e-6; see
//! `tests/data/scorer/make_xgboost_fixtures.py`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

use mt5_sentinel::scorer::Model;
use ndarray::Array2;

/// File, objective, trees, outputs.
const FIXTURES: [(&str, &str, usize, usize); 6] = [
    ("xgb_1_4.json", "binary:logistic", 6, 1),
    ("xgb_categorical.json", "multi:softprob", 9, 3),
    ("xgb_dart.ubj", "count:poisson", 6, 1),
    ("xgb_multiclass.json", "multi:softprob", 12, 3),
    ("xgb_multiclass.ubj", "multi:softprob", 12, 3),
    ("xgb_pruned.json", "binary:logistic", 5, 1),
];

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scorer").join(name)
}

fn model(name: &str) -> Model {
    Model::from_bytes(&fs::read(data(name)).unwrap()).unwrap()
}

/// Rows, margins and answers as the library gave them.
fn answers(name: &str, features: usize, outputs: usize) -> [Array2<f64>; 3] {
    let csv = fs::read_to_string(data(name).with_extension("csv")).unwrap();
    let values: Vec<Vec<f64>> =
        csv.lines().skip(1).map(|line| line.split(',').map(|text| text.parse().unwrap()).collect()).collect();
    assert!(values.len() > 40 && values.iter().all(|line| line.len() == features + 2 * outputs), "{name}");
    let part = |from: usize, to: usize| {
        let flat = values.iter().flat_map(|line| line[from..to].to_vec()).collect();
        Array2::from_shape_vec((values.len(), to - from), flat).unwrap()
    };
    [part(0, features), part(features, features + outputs), part(features + outputs, features + 2 * outputs)]
}

fn bits(values: &Array2<f64>) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn every_fixture_has_the_margins_of_xgboost_by_bits_and_its_answers() {
    for (name, objective, trees, outputs) in FIXTURES {
        let model = model(name);
        assert_eq!((model.format(), model.objective()), ("XGBoost", objective), "{name}");
        assert_eq!((model.num_trees(), model.num_classes()), (trees, outputs), "{name}");
        assert_eq!(model.feature_names(), ["ema_10", "rsi_14", "spread_points", "hour_utc"], "{name}");
        assert_eq!(model.is_distribution(), objective == "multi:softprob");
        let [rows, margins, scores] = answers(name, 4, outputs);
        assert_eq!(bits(&model.score_batch(rows.view(), true).unwrap()), bits(&margins), "{name}");
        let linked = model.score_batch(rows.view(), false).unwrap();
        for (ours, theirs) in linked.iter().zip(&scores) {
            assert!((ours - theirs).abs() <= 1e-6 * theirs.abs().max(1.0), "{name}: {ours} beside {theirs}");
        }
        for (row, margins) in rows.outer_iter().zip(margins.outer_iter()) {
            assert_eq!(model.score_raw(&row.to_vec()).unwrap(), margins.to_vec(), "{name} {row}");
        }
    }
}

#[test]
fn the_fixtures_cover_what_they_are_for() {
    let text = |name: &str| String::from_utf8_lossy(&fs::read(data(name)).unwrap()).into_owned();
    for (name, part) in [
        ("xgb_1_4.json", "\"version\":[1,4,2]"),
        ("xgb_1_4.json", "\"default_left\":[false,true"),
        ("xgb_categorical.json", "\"categories_nodes\":[0"),
        ("xgb_dart.ubj", "weight_drop"),
        ("xgb_multiclass.json", "\"base_score\":\"["),
        ("xgb_pruned.json", "\"num_deleted\":\"2\""),
    ] {
        assert!(text(name).contains(part), "{name} has no {part}");
    }
}

#[test]
fn the_digest_is_that_of_the_files_bytes() {
    let sums = fs::read_to_string(data("SHA256SUMS.xgboost")).unwrap();
    for (name, ..) in FIXTURES {
        assert!(sums.contains(&format!("{}  {name}\n", model(name).sha256())), "{name}");
    }
}

/// The one-tree model `f0 < split`: left 1, right 2, missing right.
fn stump(split: &str) -> Model {
    Model::from_bytes(stump_text(split).as_bytes()).unwrap()
}

fn stump_text(split: &str) -> String {
    format!(
        r#"{{"version": [3, 2, 0], "learner": {{"objective": {{"name": "reg:squarederror"}},
        "learner_model_param": {{"base_score": "0E0", "num_class": "0", "num_feature": "1"}},
        "gradient_booster": {{"name": "gbtree", "model": {{
            "gbtree_model_param": {{"num_trees": "1"}}, "tree_info": [0],
            "trees": [{{"id": 0, "tree_param": {{"num_nodes": "3"}}, "left_children": [1, -1, -1],
            "right_children": [2, -1, -1], "split_indices": [0, 0, 0], "default_left": [0, 0, 0],
            "split_conditions": [{split}, 1, 2], "sum_hessian": [Infinity, NaN, 1]}}]}}}}}}}}"#
    )
}

#[test]
fn bare_infinities_are_splits_like_others() {
    let answer = |split: &str, x: f64| stump(split).score_raw(&[x]).unwrap()[0];
    for x in [f64::NEG_INFINITY, f64::MIN, -1e-300, 0.0, 1.0, f64::MAX, f64::INFINITY] {
        #[expect(clippy::cast_possible_truncation, reason = "what XGBoost does")]
        let single = x as f32;
        for (split, value) in
            [("-Infinity", f32::NEG_INFINITY), ("Infinity", f32::INFINITY), ("-3.4028235E38", f32::MIN)]
        {
            let expected = if single < value { 1.0 } else { 2.0 };
            assert_eq!(answer(split, x).to_bits(), f64::to_bits(expected), "{x} < {split}");
        }
    }
    let missing = ["-Infinity", "Infinity", "1"].map(|split| answer(split, f64::NAN));
    assert_eq!(missing.map(f64::to_bits), [2.0_f64; 3].map(f64::to_bits), "missing goes right here");
    let left = stump_text("-Infinity").replace("\"default_left\": [0", "\"default_left\": [1");
    let model = Model::from_bytes(left.as_bytes()).unwrap();
    assert_eq!(model.score_raw(&[f64::NAN]).unwrap(), [1.0]);
    assert_eq!(model.score_raw(&[f64::NEG_INFINITY]).unwrap(), [2.0]);
    assert_eq!(model.feature_names(), ["f0"]);
}

#[test]
fn the_order_of_keys_and_white_space_do_not_matter() {
    let value: serde_json::Value = serde_json::from_slice(&fs::read(data("xgb_multiclass.json")).unwrap()).unwrap();
    let backwards = format!("\n {}", reversed(&value));
    let row = [0.25, f64::NAN, -1.0, 7.0];
    let margins = Model::from_bytes(backwards.as_bytes()).unwrap().score_raw(&row).unwrap();
    assert_eq!(margins, model("xgb_multiclass.json").score_raw(&row).unwrap());
}

fn reversed(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(members) => {
            let mut parts: Vec<String> =
                members.iter().map(|(key, value)| format!("{key:?} :\t{}", reversed(value))).collect();
            parts.sort();
            parts.reverse();
            format!("{{\n{}\n}}", parts.join(" , "))
        }
        serde_json::Value::Array(items) => {
            format!("[ {} ]", items.iter().map(reversed).collect::<Vec<String>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[test]
fn words_inside_strings_are_not_numbers() {
    let named = stump_text("0.5").replacen(
        "\"objective\"",
        r#""feature_names": ["a \" NaN, -Infinity \\"], "feature_types": ["Größe \u0041 NaN"], "objective""#,
        1,
    );
    assert_eq!(Model::from_bytes(named.as_bytes()).unwrap().feature_names(), ["a \" NaN, -Infinity \\"]);
}

/// Margins that `XGBoost` itself gave for these base scores.
#[test]
fn a_probability_becomes_the_margin_of_the_version_that_wrote_it() {
    let margin = |version: &str, base_score: &str| {
        let text = stump_text("0.5").replace("1, 2]", "0, 0]").replace("reg:squarederror", "binary:logistic");
        let text = text.replace("[3, 2, 0]", version).replace("\"0E0\"", &format!("\"{base_score}\""));
        Model::from_bytes(text.as_bytes()).map(|model| model.score_raw(&[0.0]).unwrap()[0])
    };
    for (version, base_score, expected) in [
        ("[1, 7, 6]", "1E-8", -18.420_681_f32),
        ("[3, 1, 3]", "[1E-8]", -18.420_681),
        ("[3, 2, 0]", "[1E-8]", -13.815_51),
        ("[2, 1, 4]", "3E-1", -0.847_297_85),
        ("[3, 2, 0]", "[3E-1]", -0.847_297_85),
    ] {
        assert_eq!(margin(version, base_score).unwrap().to_bits(), f64::from(expected).to_bits(), "{version}");
    }
    let told = |base_score: &str| margin("[2, 0, 0]", base_score).unwrap_err().to_string();
    assert!(told("1.5").contains("this objective needs a probability"));
    assert!(told("0").contains("its margin is not finite"));
}
