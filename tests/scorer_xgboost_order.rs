//! `XGBoost` files whose numbers are sound, but which the library reads in another way than as they stand: refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use std::fs;
use std::path::Path;

use mt5_sentinel::Error;
use mt5_sentinel::scorer::Model;

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scorer").join(name)).unwrap()
}

fn refusal(text: &str) -> String {
    match Model::from_bytes(text.as_bytes()).unwrap_err() {
        Error::BadModel { place, problem } => format!("{place}: {problem}"),
        other => panic!("not BadModel: {other:?}"),
    }
}

fn edited(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "nothing to edit: {from}");
    text.replacen(from, to, 1)
}

#[test]
fn trees_out_of_order_are_refused() {
    let good = text("xgb_multiclass.json");
    let mut file: serde_json::Value = serde_json::from_str(&good).unwrap();
    file["learner"]["gradient_booster"]["model"]["trees"].as_array_mut().unwrap().reverse();
    assert!(refusal(&file.to_string()).starts_with("tree 0: its `id` is 11: "));
    for (from, to, expected) in [
        ("\"id\":1,", "\"id\":0,", "tree 1: its `id` is 0: the trees must stand in the order"),
        ("\"id\":1,", "\"id\":-1,", "tree 1: its `id` is -1"),
        ("\"id\":1,", "\"id\":1.5,", "tree 1: `id` is not a whole number"),
        ("\"id\":1,", "\"id\":\"1\",", "tree 1: `id` is not a whole number"),
        ("\"id\":1,", "", "tree 1: `id` is missing"),
        ("\"id\":1,", "\"id\":1e99,", "tree 1: `id` is not a whole number"),
    ] {
        let sentence = refusal(&edited(&good, from, to));
        assert!(sentence.starts_with(expected), "{to}: {sentence}");
    }
}

#[test]
fn rounds_that_do_not_fit_the_trees_are_refused() {
    let good = text("xgb_multiclass.json");
    for starts in ["[]", "[0,3,6,9]", "[0,3,6,9,13]", "[1,3,6,9,12]", "[0,6,3,9,12]", "[0,3,3,9,12]", "[12,0]"] {
        let sentence = refusal(&edited(&good, "[0,3,6,9,12]", starts));
        let expected = "`iteration_indptr` does not ascend from 0 to the number of trees, 12";
        assert!(sentence.contains(expected), "{starts}: {sentence}");
    }
    let sentence = refusal(&edited(&good, "[0,3,6,9,12]", "[0,3,6,9.5,12]"));
    assert!(sentence.contains("`iteration_indptr` value 3 is 9.5"), "{sentence}");
}

#[test]
fn rounds_after_the_best_one_are_refused() {
    for name in ["xgb_multiclass.json", "xgb_1_4.json"] {
        let rounds = if name == "xgb_1_4.json" { 6 } else { 4 };
        let with = |best: &str| {
            let attributes = format!("\"attributes\":{{\"best_iteration\":\"{best}\",\"best_score\":\"0.5\"}}");
            edited(&text(name), "\"attributes\":{}", &attributes)
        };
        for best in [0, rounds - 2] {
            let sentence = refusal(&with(&best.to_string()));
            let numbers = format!("stopped early: best_iteration={best}, but the file has {rounds} rounds");
            assert!(sentence.contains(&numbers) && sentence.contains("booster[:best_iteration + 1]"), "{sentence}");
        }
        assert!(refusal(&with("x")).contains("`best_iteration` cannot be \"x\""));
        for best in [rounds - 1, rounds] {
            Model::from_bytes(with(&best.to_string()).as_bytes()).unwrap();
        }
    }
}

#[test]
fn categories_that_are_not_their_codes_are_refused() {
    let good = text("xgb_categorical.json");
    let with = |feature: &str| {
        let none = r#"{"offsets":[],"values":[]}"#;
        edited(&good, "\"enc\":[]", &format!("\"enc\":[{none},{none},{none},{feature}]"))
    };
    for codes in [r#"{"offsets":[],"values":[]}"#, r#"{"type":15,"values":[0,1,2]}"#, r#"{"type":9,"values":[0]}"#] {
        Model::from_bytes(with(codes).as_bytes()).unwrap();
    }
    for values in [
        r#"{"type":15,"values":[10,20,30]}"#,
        r#"{"type":15,"values":[2,1,0]}"#,
        r#"{"type":15,"values":[1,2]}"#,
        r#"{"type":15,"values":[0,2]}"#,
        r#"{"type":15,"values":[0,NaN]}"#,
        r#"{"offsets":[0,1,2],"values":[0,1]}"#,
    ] {
        let sentence = refusal(&with(values));
        assert!(sentence.starts_with("`cats`, feature \"hour_utc\": trained on category values"), "{sentence}");
        assert!(sentence.contains("train on integer codes"), "{sentence}");
    }
    for (enc, expected) in [
        ("[{\"values\":[]}]", "`enc` has 1 entries for 4 features"),
        ("[1]", "`enc` is not an array of objects"),
        ("[],\"new\":1", "unknown key \"new\""),
    ] {
        let sentence = refusal(&edited(&good, "\"enc\":[]", &format!("\"enc\":{enc}")));
        assert!(sentence.contains(expected), "{sentence}");
    }
    assert!(refusal(&with("{\"type\":15,\"index\":[]}")).contains("unknown key \"index\""));
}
