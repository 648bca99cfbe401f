//! Files that are cut off, altered or something else: named and refused at once, or sound enough to score.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

#[path = "support/refusal.rs"]
mod refusal;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mt5_sentinel::Error;
use mt5_sentinel::scorer::Model;
use refusal::refusal;

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scorer").join(name)).unwrap()
}

/// `text` with the first `from` replaced; the tree sizes are made to fit again, so that the next check is reached.
fn edited(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "nothing to edit: {from}");
    let text = text.replacen(from, to, 1);
    let (head, body) = text.split_once("\n\n").unwrap();
    let Some((blocks, end)) = body.split_once("end of trees") else { return text };
    let blocks: Vec<String> = blocks.split("Tree=").skip(1).map(|block| format!("Tree={block}")).collect();
    let sizes: Vec<String> = blocks.iter().map(|block| block.len().to_string()).collect();
    let (before, _) = head.split_once("tree_sizes=").unwrap();
    format!("{before}tree_sizes={}\n\n{}end of trees{end}", sizes.join(" "), blocks.concat())
}

#[test]
fn other_kinds_of_file_are_named() {
    for (bytes, expected) in [
        (&b""[..], "first line: the file is empty"),
        (b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "looks like an HTML or XML page"),
        (b"  \n<html>", "looks like an HTML or XML page"),
        (b"\x80\x04\x95\x1a\x00\x00\x00", "looks like a pickle, which is never loaded"),
        (b"{\"learner\":{}}", "file: `version` is missing"),
        (b"{\"name\":\"tree\"}", "JSON, but not an XGBoost model"),
        (b"binf\0\0\0\x3f", "XGBoost's old binary format"),
        (b"\x08\x07\x12\xff", "this is an ONNX graph"),
        (b"\x09\x07\x12\xff", "byte 3: not UTF-8"),
        (b"tree\r\nversion=v4\r\n", "line ends are CRLF"),
        (b"hello", "`tree` was expected"),
        (b"tree\nversion=v4\n", "no blank line ends it"),
        ("é".as_bytes(), "`tree` was expected"),
    ] {
        let sentence = refusal(bytes);
        assert!(sentence.contains(expected), "{sentence:?} does not say {expected:?}");
    }
}

#[test]
fn each_altered_header_is_named() {
    let good = text("multiclass_nan.txt");
    for (from, to, expected) in [
        ("version=v4", "version=v5", "version \"v5\""),
        ("version=v4\n", "", "`version` is missing"),
        ("num_class=3", "num_class=10000000000", "num_class=10000000000 with num_tree_per_iteration=3"),
        ("num_class=3", "num_class=0", "num_class=0"),
        ("num_class=3", "num_class=99999999999999999999999", "`num_class` cannot be"),
        ("num_class=3\n", "num_class=3\nnum_class=3\n", "`num_class` comes twice"),
        ("num_tree_per_iteration=3", "num_tree_per_iteration=1", "num_class=3 with num_tree_per_iteration=1"),
        ("max_feature_idx=3", "max_feature_idx=10000000000", "4 names, max_feature_idx=10000000000"),
        ("max_feature_idx=3", "max_feature_idx=18446744073709551615", "4 names"),
        ("max_feature_idx=3", "max_feature_idx=-1", "`max_feature_idx` cannot be \"-1\""),
        ("feature_names=ema_10 rsi_14", "feature_names=ema_10", "3 names, max_feature_idx=3"),
        ("feature_names=ema_10 rsi_14", "feature_names=ema_10 ema_10", "the feature \"ema_10\" is named twice"),
        ("feature_infos=", "feature_infos=[0:1] ", "`feature_infos` has 5 entries for 4 features"),
        ("objective=multiclass ", "objective=lottery ", "unknown objective \"lottery\""),
        ("objective=multiclass num_class:3", "objective=multiclass num_class:4", "states Some(4) classes"),
        ("objective=multiclass num_class:3", "objective=binary sigmoid:1", "`binary` has one output"),
        ("objective=multiclass num_class:3", "objective=multiclassova num_class:3 sigmoid:-1", "sigmoid \"-1\""),
        ("feature_infos=", "surprise=1\nfeature_infos=", "unknown key \"surprise\""),
    ] {
        let sentence = refusal(edited(&good, from, to).as_bytes());
        assert!(sentence.starts_with("header") && sentence.contains(expected), "{to:?}: {sentence:?}");
    }
}

#[test]
fn each_altered_tree_is_named() {
    let good = text("multiclass_nan.txt");
    let line = |key: &str| good.lines().find(|line| line.starts_with(key)).unwrap();
    let (left, right, threshold) = (line("left_child="), line("right_child="), line("threshold="));
    let first_left = left.split(' ').next().unwrap();
    let swap = |at: &str, line: &str, to: &str| format!("{at}{to}{}", &line[line.find(' ').unwrap()..]);
    for (from, to, expected) in [
        ("num_leaves=7", "num_leaves=8", "`leaf_value` has 7 values, num_leaves=8"),
        ("num_leaves=7", "num_leaves=10000000000", "num_leaves=10000000000"),
        ("num_leaves=7", "num_leaves=0", "num_leaves=0"),
        ("num_leaves=7\n", "", "`num_leaves` is missing"),
        ("num_cat=0", "num_cat=10000000000", "num_cat=10000000000"),
        ("num_cat=0", "num_cat=18446744073709551615", "num_cat=18446744073709551615"),
        (left, "left_child=1 2", "`left_child` has 2 values, 6 are needed"),
        (left, "", "`left_child` has 0 values"),
        (left, &swap("left_child=", left, "6"), "a child is split 6, there are 6"),
        (left, &swap("left_child=", left, "-8"), "a child is leaf 7, there are 7"),
        (left, &swap("left_child=", left, "-2147483648"), "a child is leaf 2147483647"),
        (left, &swap("left_child=", left, "2147483648"), "`left_child` value 0 cannot be"),
        (left, &swap("left_child=", left, "0"), "split 0 is reached twice"),
        (right, &swap("right_child=", right, first_left.trim_start_matches("left_child=")), "is reached twice"),
        (threshold, &swap("threshold=", threshold, "nan"), "split 0 has the threshold NaN"),
        (threshold, &swap("threshold=", threshold, "0x1"), "`threshold` value 0 cannot be \"0x1\""),
        ("split_feature=", "split_feature=4 ", "`split_feature` has 7 values, 6 are needed"),
        ("decision_type=", "decision_type=2 ", "`decision_type` has 7 values, 6 are needed"),
        ("leaf_value=", "leaf_value=1 ", "`leaf_value` has 8 values, num_leaves=7"),
        ("is_linear=0", "is_linear=1", "`leaf_const` has 0 values, 7 are needed"),
        ("shrinkage=1", "shrinkage=1\nmystery=1", "unknown key \"mystery\""),
        ("shrinkage=1", "shrinkage=1\nshrinkage=1", "`shrinkage` comes twice"),
    ] {
        let sentence = refusal(edited(&good, from, to).as_bytes());
        assert!(sentence.starts_with("tree 0") && sentence.contains(expected), "{to:?}: {sentence:?}");
    }
    for (key, value, expected) in [
        ("split_feature=", "4", "split 0 asks for feature 4 of 4"),
        ("split_feature=", "-1", "`split_feature` value 0 cannot be \"-1\""),
        ("split_feature=", "4294967295", "split 0 asks for feature 4294967295"),
        ("decision_type=", "14", "split 0 has the unknown decision_type 14"),
        ("decision_type=", "128", "split 0 has the unknown decision_type 128"),
        ("decision_type=", "-1", "`decision_type` value 0 cannot be \"-1\""),
        ("decision_type=", "9", "names category set"),
        ("leaf_value=", "inf", "leaf 0 has the value inf, which is not finite"),
        ("leaf_value=", "nan", "leaf 0 has the value NaN, which is not finite"),
        ("leaf_value=", "1e999", "leaf 0 has the value inf"),
    ] {
        let sentence = refusal(edited(&good, line(key), &swap(key, line(key), value)).as_bytes());
        assert!(sentence.starts_with("tree 0") && sentence.contains(expected), "{key}{value}: {sentence:?}");
    }
}

#[test]
fn each_altered_category_set_is_named() {
    let good = text("categorical.txt");
    let bounds = good.lines().find(|line| line.starts_with("cat_boundaries=0 ")).unwrap();
    let words = good.lines().find(|line| line.starts_with("cat_threshold=")).unwrap();
    for (from, to, expected) in [
        (bounds, bounds.replacen("=0 ", "=1 ", 1), "do not divide"),
        (bounds, bounds.replacen("=0 ", "=0 9 ", 1), "`cat_boundaries` has"),
        (bounds, bounds.replacen("=0 2", "=0 99", 1), "do not divide"),
        (bounds, bounds.replacen("=0 2", "=0 4294967295", 1), "do not divide"),
        (bounds, bounds.replacen("=0 2", "=0 -2", 1), "`cat_boundaries` value 1 cannot be \"-2\""),
        (words, format!("{words} 1"), "do not divide"),
        (words, "cat_threshold=".to_owned(), "do not divide the 0 words"),
        (words, words.replacen('=', "=9", 1).replacen(' ', "00000000000 ", 1), "`cat_threshold` value 0 cannot be"),
    ] {
        let sentence = refusal(edited(&good, from, &to).as_bytes());
        assert!(sentence.starts_with("tree ") && sentence.contains(expected), "{to:?}: {sentence:?}");
    }
}

#[test]
fn splits_that_form_a_ring_beside_the_tree_are_refused() {
    // Split 0 leads to two leaves; splits 1 and 2 lead to each other, each entered exactly once.
    let ring = "num_leaves=4\nnum_cat=0\nsplit_feature=0 0 0\nthreshold=0 0 0\ndecision_type=2 2 2\n\
        left_child=-1 2 1\nright_child=-2 -3 -4\nleaf_value=1 2 3 4\n";
    let good = text("one_leaf.txt");
    let (_, rest) = good.split_once("num_leaves=").unwrap();
    let (tree, _) = rest.split_once("shrinkage=").unwrap();
    let sentence = refusal(edited(&good, &format!("num_leaves={tree}"), ring).as_bytes());
    assert!(sentence.contains("4 splits or leaves are never reached from the root"), "{sentence:?}");
    let fixed = ring.replace("left_child=-1 2 1", "left_child=1 2 -4").replace("-2 -3 -4", "-1 -2 -3");
    assert!(Model::from_bytes(edited(&good, &format!("num_leaves={tree}"), &fixed).as_bytes()).is_ok());
}

#[test]
fn trees_that_are_missing_added_or_reordered_are_named() {
    let good = text("multiclass_nan.txt");
    let without = |from: &str, to: &str| good.replacen(from, to, 1);
    let at = good.find("tree_sizes=").unwrap();
    let (first, _) = good[at + "tree_sizes=".len()..].split_once(' ').unwrap();
    let sizes = |to: &str| without(&format!("tree_sizes={first}"), &format!("tree_sizes={to}"));
    for (text, expected) in [
        (without("end of trees\n", ""), "after the last tree: `end of trees` is missing"),
        (sizes("10000000000"), "tree 0: tree_sizes promises 10000000000 bytes"),
        (sizes("18446744073709551615"), "tree 0: tree_sizes promises"),
        (sizes("5"), "tree 0: its 5 bytes are not one `Tree=0` block"),
        (sizes("7"), "tree 0: `num_leaves` is missing"),
        (sizes("0"), "tree 0: its 0 bytes"),
        (sizes(&format!("{first} {first}")), "`tree_sizes` lists 16 trees, a multiple of num_class=3 is needed"),
        (sizes(&format!("{first} {first} 9 9")), "are not one `Tree=1` block"),
        (without("Tree=3\n", "Tree=4\n"), "are not one `Tree=3` block"),
        (without("end of parameters\n", ""), "parameters: `end of parameters` is missing"),
    ] {
        let sentence = refusal(text.as_bytes());
        assert!(sentence.contains(expected), "{sentence:?} does not say {expected:?}");
    }
    let shorter = {
        let (head, body) = good.split_once("\n\n").unwrap();
        let (before, sizes) = head.split_once("tree_sizes=").unwrap();
        let kept: Vec<&str> = sizes.split(' ').take(12).collect();
        format!("{before}tree_sizes={}\n\n{body}", kept.join(" "))
    };
    assert!(refusal(shorter.as_bytes()).contains("more trees follow than tree_sizes lists"));
}

#[test]
fn no_truncation_loads_before_its_trees_are_complete() {
    for (name, step) in [("multiclass_nan.txt", 7), ("categorical.txt", 13), ("one_leaf.txt", 1)] {
        let good = text(name);
        let complete = good.find("end of trees\n").unwrap() + "end of trees\n".len();
        let parameters = good.find("parameters:\n").unwrap() + "parameters:".len();
        let end = good.find("end of parameters").unwrap() + "end of parameters".len();
        let pandas = good.find("pandas_categorical:").unwrap() + "pandas_categorical:".len();
        let pandas_end = good.trim_end().len();
        let full = Model::from_bytes(good.as_bytes()).unwrap();
        for length in (0..good.len()).step_by(step) {
            let loaded = Model::from_bytes(&good.as_bytes()[..length]);
            let is_cut = (parameters..end).contains(&length) || (pandas..pandas_end).contains(&length);
            assert_eq!(loaded.is_ok(), length >= complete && !is_cut, "{name} {length}");
            if let Ok(model) = loaded {
                let row = vec![0.25; model.feature_names().len()];
                assert_eq!(model.score_raw(&row), full.score_raw(&row));
            }
        }
    }
}

#[test]
fn random_bytes_in_a_file_never_panic_hang_or_index_outside() {
    // Knuth's MMIX constants; a fixed seed keeps the test the same everywhere.
    let mut state = 20_261_122_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let rows = ndarray::Array2::from_shape_fn((9, 4), |(i, j)| [f64::NAN, -1e9, 0.0, 1e9, 7.5][(i * 3 + j) % 5]);
    let alphabet = b"0123456789-.e =\nabn\x00\xff";
    let (mut loaded, mut refused) = (0, 0);
    for name in ["multiclass_nan.txt", "categorical.txt", "multiclass_zero.txt"] {
        let good = text(name);
        // Past the trees nothing is read that could break.
        let complete = good.find("end of trees\n").unwrap();
        for _ in 0..1_000 {
            let mut bytes = good.clone().into_bytes();
            for _ in 0..=random(3) {
                bytes[random(complete)] = alphabet[random(alphabet.len())];
            }
            let start = Instant::now();
            match Model::from_bytes(&bytes) {
                Ok(model) => {
                    loaded += 1;
                    assert!(rows.outer_iter().all(|row| model.score_raw(&row.to_vec()).is_ok()));
                    assert_eq!(model.score_batch(rows.view(), true).unwrap().dim(), (9, 3));
                }
                Err(Error::BadModel { .. }) => refused += 1,
                Err(other) => panic!("{name}: {other}"),
            }
            assert!(start.elapsed() < Duration::from_secs(1));
        }
    }
    assert!(loaded > 200 && refused > 200, "{loaded} loaded, {refused} refused: not a test of both");
}

#[test]
fn a_big_file_of_nonsense_is_refused_quickly() {
    let good = text("multiclass_nan.txt");
    let zeros = "0 ".repeat(100_000);
    for key in ["tree_sizes=", "feature_names=", "leaf_value=", "cat_boundaries=", "left_child="] {
        let target = if key == "cat_boundaries=" { "num_cat=0" } else { key };
        let long = if key == "cat_boundaries=" { format!("num_cat=9\n{key}{zeros}") } else { format!("{key}{zeros}") };
        refusal(good.replacen(target, &long, 1).as_bytes());
        if key != "tree_sizes=" {
            refusal(edited(&good, target, &long).as_bytes());
        }
    }
}
