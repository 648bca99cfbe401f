//! Linear models, and linear leaves of trees: small sums that can be done by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use mt5_sentinel::Error;
use mt5_sentinel::scorer::{Model, Scores};
use ndarray::arr2;

const TOML: &str = r#"# weights of the desk
format = "mt5-sentinel-linear-1"
kind = "softmax"
features = ["a", "b"]
intercept = [0.5, 0, -1]
mean = [1, 0]
scale = [2, 0.5]
coefficients = [[1, 2], [0, 4], [-1, 0.5]]
"#;

/// One tree: `x0 <= 0` leads to 1 + 2·x1, else to the constant 7 (leaf values 100 and 200).
const TREE: &str = "Tree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=0\ndecision_type=8\nleft_child=-1\n\
    right_child=-2\nleaf_value=100 200\nis_linear=1\nleaf_const=1 7\nnum_features=1 0\nleaf_features=1  \n\
    leaf_coeff=2  \nshrinkage=1\n\n\n";

fn linear_tree(tree: &str) -> Result<Model, Error> {
    let head = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n\
        objective=regression\nfeature_names=x0 x1\nfeature_infos=[0:1] [0:1]\n";
    Model::from_bytes(format!("{head}tree_sizes={}\n\n{tree}end of trees\n", tree.len()).as_bytes())
}

fn problem(error: Error) -> String {
    match error {
        Error::BadModel { place, problem } => format!("{place}: {problem}"),
        other => panic!("not BadModel: {other:?}"),
    }
}

#[test]
fn a_linear_model_is_the_sum_of_its_terms() {
    let model = Model::from_bytes(TOML.as_bytes()).unwrap();
    assert_eq!(
        (model.num_classes(), model.num_trees(), model.objective(), model.format()),
        (3, 0, "softmax", "Linear")
    );
    assert_eq!(model.feature_names(), ["a", "b"]);
    assert!(model.is_distribution());
    // (5 - 1) / 2 = 2 and (0.25 - 0) / 0.5 = 0.5
    let row = [5.0, 0.25];
    assert_eq!(model.score_raw(&row).unwrap(), [3.5, 2.0, -2.75]);
    let parts = model.explain(&row).unwrap();
    assert_eq!(parts, arr2(&[[2.0, 1.0, 0.5], [0.0, 2.0, 0.0], [-2.0, 0.25, -1.0]]));
    let scores = model.score(&row).unwrap();
    assert!(Scores::from_slice(&scores).is_ok());
    let rows = arr2(&[row, [0.0, 0.0], row]);
    assert_eq!(model.score_batch(rows.view(), false).unwrap().row(2).to_vec(), scores);
}

#[test]
fn a_missing_value_is_filled_or_makes_a_score_no_decision_takes() {
    let model = Model::from_bytes(TOML.as_bytes()).unwrap();
    let scores = model.score(&[f64::NAN, 1.0]).unwrap();
    assert!(scores.iter().all(|score| score.is_nan()), "{scores:?}");
    assert!(matches!(Scores::from_slice(&scores), Err(Error::BadScores { .. })));
    let filling = Model::from_bytes(TOML.replacen("mean", "fill = [5, -1]\nmean", 1).as_bytes()).unwrap();
    assert_eq!(filling.score(&[f64::NAN, 1.0]), model.score(&[5.0, 1.0]));
}

#[test]
fn an_altered_linear_model_is_named() {
    for (from, to, expected) in [
        ("scale = [2, 0.5]", "scale = [2, 0]", "linear model, `scale`: value 1 is 0"),
        ("mean = [1, 0]", "mean = [1]", "linear model, `mean`: 1 values for 2 features"),
        ("[0, 4]", "[0, inf]", "linear model, `coefficients`, list 1: value 1 is inf"),
        ("kind = \"softmax\"", "kind = \"logistic\"", "linear model, `intercept`: 3 values, a logistic model has one"),
        ("mean = [1, 0]", "means = [1, 0]", "linear model, line 6: unknown field `means`"),
        ("-linear-1", "-linear-9", "linear model, `format`: \"mt5-sentinel-linear-9\""),
    ] {
        let sentence = problem(Model::from_bytes(TOML.replacen(from, to, 1).as_bytes()).unwrap_err());
        assert!(sentence.starts_with(expected) && sentence.len() < 300, "{sentence}");
    }
    assert!(problem(Model::from_bytes(b"format = \"\xff\"\n").unwrap_err()).contains("not UTF-8 text"));
}

#[test]
fn a_linear_model_cut_anywhere_is_refused() {
    let whole = TOML.replacen("mean", "fill = [5, -1]\nmean", 1);
    assert!(Model::from_bytes(whole.as_bytes()).is_ok());
    for end in 0..whole.trim_end().len() {
        assert!(Model::from_bytes(&whole.as_bytes()[..end]).is_err(), "{end} bytes load");
    }
    let sentence = problem(Model::from_bytes(format!("{TOML}fill = [5, -1]\n").as_bytes()).unwrap_err());
    assert!(sentence.contains("the last key is `fill`; `coefficients` comes last"), "{sentence}");
}

#[test]
fn a_linear_leaf_answers_with_its_model_and_with_its_value_when_one_is_missing() {
    let model = linear_tree(TREE).unwrap();
    for (row, expected) in [
        ([-1.0, 3.0], 7.0),
        ([-1.0, 0.0], 1.0),
        ([-1.0, 9e-36], 1.0),
        ([-1.0, f64::NEG_INFINITY], f64::NEG_INFINITY),
        ([-1.0, f64::NAN], 100.0),
        ([1.0, f64::NAN], 7.0),
    ] {
        assert_eq!(model.score_raw(&row).unwrap(), [expected], "{row:?}");
    }
    // A value too small for LightGBM to see, however large what it is multiplied with.
    let steep = linear_tree(&TREE.replacen("leaf_coeff=2", "leaf_coeff=2e35", 1)).unwrap();
    assert_eq!(steep.score_raw(&[-1.0, 9e-36]).unwrap(), [1.0]);
    let sentence = problem(model.explain(&[1.0, 1.0]).unwrap_err());
    assert_eq!(sentence, "tree 0: contributions are not defined for linear trees (is_linear=1)");
}

#[test]
fn an_altered_linear_leaf_is_named() {
    for (from, to, expected) in [
        ("is_linear=1", "is_linear=2", "`is_linear` is neither 0 nor 1"),
        ("leaf_const=1 7", "leaf_const=1", "`leaf_const` has 1 values, 2 are needed"),
        ("leaf_const=1 7", "leaf_const=1 nan", "linear leaf 1 has a constant or coefficient that is not finite"),
        ("num_features=1 0", "num_features=1 1", "`num_features` gives leaf 1 1 terms, 0 are left"),
        ("num_features=1 0", "num_features=18446744073709551615 1", "`num_features` gives leaf 0 18446744073709551615"),
        ("num_features=1 0", "num_features=0 0", "1 values of `leaf_features` belong to no leaf"),
        ("leaf_coeff=2", "leaf_coeff=", "`leaf_coeff` has 0 values, 1 are needed"),
        ("leaf_features=1", "leaf_features=2", "linear leaf 0 asks for feature 2 of 2"),
        ("leaf_coeff=2", "leaf_coeff=inf", "linear leaf 0 has a constant or coefficient that is not finite"),
    ] {
        let sentence = problem(linear_tree(&TREE.replacen(from, to, 1)).unwrap_err());
        assert!(sentence.starts_with("tree 0: ") && sentence.contains(expected), "{to}: {sentence}");
    }
}

#[test]
fn counts_of_training_rows_are_checked() {
    for (counts, expected) in [
        ("leaf_count=1\ninternal_count=2\n", "`leaf_count` has 1 values, 2 are needed"),
        ("leaf_count=1 -1\ninternal_count=2\n", "a split or leaf was reached by -1 training rows"),
        ("leaf_count=1 1\ninternal_count=nan\n", "a split or leaf was reached by NaN training rows"),
        ("leaf_count=1 1\ninternal_count=inf\n", "a split or leaf was reached by inf training rows"),
    ] {
        let sentence = problem(linear_tree(&TREE.replacen("is_linear", &format!("{counts}is_linear"), 1)).unwrap_err());
        assert_eq!(sentence, format!("tree 0: {expected}"));
    }
}
