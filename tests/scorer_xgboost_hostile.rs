//! `XGBoost` files that are cut off, altered or hostile: named and refused at once, or sound enough to score.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

#[path = "support/refusal.rs"]
mod refusal;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mt5_sentinel::Error;
use mt5_sentinel::scorer::Model;
use refusal::refusal;

fn bytes(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scorer").join(name)).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(bytes(name)).unwrap()
}

fn edited(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "nothing to edit: {from}");
    text.replacen(from, to, 1)
}

/// `text` with the first value of the first array of this name replaced.
fn first_value(text: &str, key: &str, to: &str) -> String {
    let at = text.find(&format!("\"{key}\":[")).unwrap() + key.len() + 4;
    let end = at + text[at..].find([',', ']']).unwrap();
    assert_ne!(&text[at..end], to, "no change of {key}");
    format!("{}{to}{}", &text[..at], &text[end..])
}

#[test]
fn each_altered_learner_is_named() {
    let good = text("xgb_multiclass.json");
    for (from, to, expected) in [
        ("{\"learner\"", "{\"lerner\"", "`learner` is missing: JSON, but not an XGBoost model"),
        ("\"version\":[3,", "\"version\":[4,", "written by XGBoost 4.2; 1.4 to 3.x are supported"),
        ("\"version\":[3,2", "\"version\":[1,3", "written by XGBoost 1.3"),
        ("\"version\":[3,2,0]", "\"version\":[3,2]", "`version` has 2 values"),
        ("\"name\":\"multi:softprob\"", "\"name\":\"lottery\"", "unknown objective \"lottery\""),
        (
            "\"name\":\"multi:softprob\"",
            "\"name\":\"binary:logistic\"",
            "`binary:logistic` has no classes, num_class=3",
        ),
        ("\"name\":\"gbtree\"", "\"name\":\"gblinear\"", "linear boosters (gblinear) are not supported"),
        ("\"name\":\"gbtree\"", "\"name\":\"gbforest\"", "unknown booster \"gbforest\""),
        ("\"name\":\"gbtree\"", "\"name\":\"dart\"", "`gbtree` is missing"),
        ("\"num_class\":\"3\"", "\"num_class\":\"4\"", "3 values for 4 outputs"),
        ("\"num_class\":\"3\"", "\"num_class\":\"5\"", "12 trees for 5 outputs"),
        ("\"num_class\":\"3\"", "\"num_class\":\"2\"", "3 values for 2 outputs"),
        ("\"num_class\":\"3\"", "\"num_class\":\"1\"", "`multi:softprob` with num_class=1"),
        ("\"num_class\":\"3\"", "\"num_class\":\"10000000000\"", "12 trees for 10000000000 outputs"),
        ("\"num_class\":\"3\"", "\"num_class\":\"-1\"", "`num_class` cannot be \"-1\""),
        ("\"num_class\":\"3\"", "\"num_class\":3", "`num_class` is not a string"),
        (
            "\"num_feature\":\"4\",\"num_t",
            "\"num_feature\":\"5\",\"num_t",
            "`feature_names` has 4 names, num_feature=5",
        ),
        ("\"num_feature\":\"4\",\"num_t", "\"num_feature\":\"0\",\"num_t", "num_feature=0"),
        ("\"feature_names\":[\"ema_10\",", "\"feature_names\":[\"rsi_14\",", "the feature \"rsi_14\" is named twice"),
        ("\"feature_names\":[\"ema_10\"", "\"feature_names\":[NaN", "`feature_names` holds something else"),
        ("\"base_score\":\"[", "\"base_score\":\"[0,", "4 values for 3 outputs"),
        ("\"base_score\":\"[", "\"base_score\":\"[x", "not a number"),
        ("\"base_score\":\"[", "\"base_score\":\"[1e999,", "it must be finite"),
        ("\"num_trees\":\"12\"", "\"num_trees\":\"10000000000\"", "12 trees, num_trees=10000000000"),
        ("\"num_parallel_tree\":\"1\"", "\"num_parallel_tree\":\"5\"", "12 trees for 3 outputs, num_parallel_tree=5"),
        ("\"tree_info\":[0,", "\"tree_info\":[3,", "`tree_info` value 0 is 3.0"),
        ("\"tree_info\":[0,", "\"tree_info\":[0.5,", "`tree_info` value 0 is 0.5"),
        ("\"tree_info\":[0,", "\"tree_info\":[", "`tree_info` has 11 values, 12 are needed"),
        ("\"attributes\":{}", "\"attributes\":{},\"attributes\":{}", "the key \"attributes\" comes twice"),
        ("\"attributes\":{}", "\"surprise\":{}", "unknown key \"surprise\""),
        ("\"iteration_indptr\"", "\"surprise\"", "unknown key \"surprise\""),
        ("\"attributes\":{}", "\"attributes\":1e999", "number out of range"),
        ("\"attributes\":{}", "\"attributes\":null", "null"),
    ] {
        let sentence = refusal(edited(&good, from, to).as_bytes());
        assert!(sentence.contains(expected), "{to:?}: {sentence:?}");
    }
    let unnamed = edited(&good, r#"["ema_10","rsi_14","spread_points","hour_utc"]"#, "[]");
    let many = edited(&unnamed, "\"num_feature\":\"4\",\"num_t", "\"num_feature\":\"4000000000\",\"num_t");
    assert!(refusal(many.as_bytes()).contains("num_feature=4000000000 without names, 65536 at most"));
}

#[test]
fn each_altered_tree_is_named() {
    let good = text("xgb_multiclass.json");
    for (key, to, expected) in [
        ("left_children", "0", "node 0 is reached twice: not a tree"),
        ("left_children", "2", "node 2 is reached twice"),
        ("left_children", "15", "`left_children` value 0 is 15.0, not a whole number in -1..=14"),
        ("left_children", "-2", "`left_children` value 0 is -2.0"),
        ("left_children", "1e10", "`left_children` value 0 is 10000000000.0"),
        ("left_children", "-1", "node 0 has one child only"),
        ("left_children", "3", "4 nodes are never reached from the root"),
        ("left_children", "NaN", "`left_children` value 0 is NaN"),
        ("left_children", "\"1\"", "`left_children` is not an array of numbers"),
        ("right_children", "1", "node 1 is reached twice"),
        ("split_indices", "4", "split 0 asks for feature 4 of 4"),
        ("split_indices", "-1", "`split_indices` value 0 is -1.0"),
        ("split_conditions", "NaN", "split 0 has the threshold NaN"),
        ("split_conditions", "1e300", "`split_conditions` value 0 is 1e300, beyond single precision"),
        ("default_left", "2", "`default_left` value 0 is 2.0"),
        ("split_type", "1", "`split_type` and `categories_nodes` disagree about node 0"),
        ("split_type", "7", "`split_type` value 0 is 7.0"),
        ("sum_hessian", "1,1", "`sum_hessian` has 16 values, 15 are needed"),
    ] {
        let sentence = refusal(first_value(&good, key, to).as_bytes());
        assert!(sentence.starts_with("tree 0") && sentence.contains(expected), "{key} {to}: {sentence:?}");
    }
    for (from, to, expected) in [
        ("\"num_nodes\":\"15\"", "\"num_nodes\":\"10000000000\"", "num_nodes=10000000000 is not the size of a tree"),
        ("\"num_nodes\":\"15\"", "\"num_nodes\":\"0\"", "num_nodes=0"),
        ("\"num_nodes\":\"15\"", "\"num_nodes\":\"14\"", "has 15 values, 14 are needed"),
        ("\"num_deleted\":\"0\"", "\"num_deleted\":\"1\"", "0 nodes are never reached from the root"),
        ("\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"2\"", "its leaves are vectors"),
        ("\"parents\"", "\"surprise\"", "unknown key \"surprise\""),
        ("{\"base_weights\"", "7,{\"base_weights\"", "13 trees, num_trees=12"),
    ] {
        let sentence = refusal(edited(&good, from, to).as_bytes());
        assert!(sentence.contains(expected), "{to}: {sentence:?}");
    }
    let leaf = good.find("\"split_conditions\":[").unwrap();
    let end = leaf + good[leaf..].find(']').unwrap();
    let last = leaf + good[leaf..end].rfind(',').unwrap() + 1;
    for value in ["NaN", "Infinity", "-Infinity"] {
        let sentence = refusal(format!("{}{value}{}", &good[..last], &good[end..]).as_bytes());
        assert!(sentence.contains("leaf 7 has the value") && sentence.contains("not finite"), "{sentence}");
    }
}

#[test]
fn each_altered_category_set_is_named() {
    let good = text("xgb_categorical.json");
    for (key, to, expected) in [
        ("categories", "-1", "`categories` value 0 is -1.0"),
        ("categories", "16777216", "`categories` value 0 is 16777216.0"),
        ("categories", "0.5", "`categories` value 0 is 0.5"),
        ("categories", "0,1", "do not divide `categories`"),
        ("categories_segments", "1", "do not divide `categories`"),
        ("categories_sizes", "2147483647", "do not divide `categories`"),
        ("categories_sizes", "0", "`categories_sizes` value 0 is 0.0"),
        ("categories_nodes", "15", "`categories_nodes` value 0 is 15.0"),
        ("categories_nodes", "14", "`split_type` and `categories_nodes` disagree about node"),
        ("categories_nodes", "0,0", "values, "),
        ("split_type", "1", "`split_type` and `categories_nodes` disagree about node 0"),
    ] {
        let sentence = refusal(first_value(&good, key, to).as_bytes());
        assert!(sentence.starts_with("tree ") && sentence.contains(expected), "{key} {to}: {sentence:?}");
    }
}

#[test]
fn no_truncation_loads() {
    for (name, step) in
        [("xgb_dart.ubj", 1), ("xgb_1_4.json", 3), ("xgb_multiclass.json", 31), ("xgb_categorical.json", 31)]
    {
        let good = bytes(name);
        for length in (0..good.len()).step_by(step).chain(good.len() - 40..good.len()) {
            let sentence = refusal(&good[..length]);
            assert!(length < 2 || sentence.contains("cut off") || name.ends_with("ubj"), "{name} {length}: {sentence}");
        }
    }
}

#[test]
fn hostile_counts_and_nesting_in_ubjson_are_named() {
    let key = b"{L\0\0\0\0\0\0\0\x07learner";
    let with = |value: &[u8]| [&key[..], value].concat();
    for (value, expected) in [
        (&b"[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff"[..], "bytes are promised, 0 are left"),
        (b"[$d#L\0\0\0\x02\x54\x0b\xe4\0", "40000000000 bytes are promised, 0 are left"),
        (b"[#L\0\0\0\x02\x54\x0b\xe4\0", "1 bytes are promised, 0 are left"),
        (b"[$d#L\xff\xff\xff\xff\xff\xff\xff\xff", "the length -1 is negative"),
        (b"[$Z#L\0\0\0\x02\x54\x0b\xe4\0", "unknown marker 'Z'"),
        (b"[$", "1 bytes are promised"),
        (b"[$d\0", "an array with a type and no count"),
        (b"{$d#l\0\0\0\x01", "an object with a type or a count"),
        (b"Sl\x7f\xff\xff\xff", "2147483647 bytes are promised"),
        (b"SU\x02\xff\xff", "a string that is not UTF-8"),
        (b"SS", "a length was expected, not the marker 'S'"),
        (b"i\x01U\x07learneri\x01}", "the key \"learner\" comes twice"),
        (b"i\x01}}", "1 bytes follow the model"),
        (b"i\x01}", "file: `version` is missing"),
    ] {
        let sentence = refusal(&with(value));
        assert!(sentence.contains(expected), "{value:?}: {sentence:?}");
    }
    assert!(refusal(&with(&b"[".repeat(1_000_000))).contains("nested more than 64 deep"));
    assert!(refusal(&b"{U\x01a".repeat(200_000)).contains("nested more than 64 deep"));
    assert!(refusal(&b"{\"a\":".repeat(200_000)).contains("recursion limit"));
    assert!(refusal(format!("{{\"a\":{}", "[".repeat(1_000_000)).as_bytes()).contains("recursion limit"));
}

#[test]
fn random_bytes_in_a_file_never_panic_hang_or_index_outside() {
    // Knuth's MMIX constants; a fixed seed keeps the test the same everywhere.
    let mut state = 20_261_125_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let rows = ndarray::Array2::from_shape_fn((9, 4), |(i, j)| [f64::NAN, -1e9, 0.0, 1e9, 7.5][(i * 3 + j) % 5]);
    let alphabet = b"0123456789-.E,[]{}\"N\x00\xff";
    let (mut loaded, mut refused) = (0, 0);
    for name in ["xgb_multiclass.json", "xgb_multiclass.ubj", "xgb_categorical.json", "xgb_dart.ubj"] {
        let good = bytes(name);
        for _ in 0..500 {
            let mut bytes = good.clone();
            for _ in 0..=random(3) {
                bytes[random(good.len())] = alphabet[random(alphabet.len())];
            }
            let start = Instant::now();
            match Model::from_bytes(&bytes) {
                Ok(model) => {
                    loaded += 1;
                    assert!(rows.outer_iter().all(|row| model.score_raw(&row.to_vec()).is_ok()));
                    assert_eq!(model.score_batch(rows.view(), true).unwrap().nrows(), 9);
                }
                Err(Error::BadModel { .. }) => refused += 1,
                Err(other) => panic!("{name}: {other}"),
            }
            assert!(start.elapsed() < Duration::from_secs(1));
        }
    }
    assert!(loaded > 100 && refused > 100, "{loaded} loaded, {refused} refused: not a test of both");
}
