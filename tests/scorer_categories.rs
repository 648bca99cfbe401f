//! LightGBM's categories: sets that are too much to list, and codes that only pandas knows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/refusal.rs"]
mod refusal;

use mt5_sentinel::scorer::Model;
use refusal::refusal;

const GOOD: &str = include_str!("data/scorer/categorical.txt");

#[test]
fn categories_that_pandas_coded_are_refused_unless_the_codes_are_the_values() {
    for (lists, expected) in [
        ("[[8, 9, 10]]", "the categories of its column 0 are not 0, 1, 2"),
        ("[[0, 1], [\"a\", \"b\"]]", "the categories of its column 1 are not 0, 1, 2"),
        ("[[0, 2]]", "column 0 are not"),
        ("[[0.5]]", "column 0 are not"),
        ("[[0", "no list of lists of categories"),
    ] {
        let sentence =
            refusal(GOOD.replacen("pandas_categorical:null", &format!("pandas_categorical:{lists}"), 1).as_bytes());
        assert!(sentence.contains("`pandas_categorical`") && sentence.contains(expected), "{sentence}");
    }
    for lists in ["[[0, 1, 2]]", "[]", "[[]]"] {
        let same = GOOD.replacen("pandas_categorical:null", &format!("pandas_categorical:{lists}"), 1);
        assert!(Model::from_bytes(same.as_bytes()).is_ok(), "{lists}");
    }
}

#[test]
fn one_huge_set_that_all_features_ask_for_is_listed_for_none() {
    // 700 kB that once took 4 GB and 40 s to arrange; the limit only tells a copy a feature from none.
    const FEATURES: usize = 250;
    let numbers = |count: usize, number: &dyn Fn(usize) -> String| (0..count).map(number).collect::<Vec<_>>().join(" ");
    let words = numbers(60_000, &|_| u32::MAX.to_string());
    let block = format!(
        "Tree=0\nnum_leaves={}\nnum_cat=1\nsplit_feature={}\nthreshold={}\ndecision_type={}\nleft_child={}\n\
         right_child={}\nleaf_value={}\ncat_boundaries=0 60000\ncat_threshold={words}\nis_linear=0\nshrinkage=1\n\n\n",
        FEATURES + 1,
        numbers(FEATURES, &|at| at.to_string()),
        numbers(FEATURES, &|_| "0".into()),
        numbers(FEATURES, &|_| "1".into()),
        numbers(FEATURES, &|at| if at + 1 < FEATURES { (at + 1).to_string() } else { "-1".into() }),
        numbers(FEATURES, &|at| format!("-{}", at + 2)),
        numbers(FEATURES + 1, &|at| at.to_string()),
    );
    let file = format!(
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx={}\nobjective=regression\n\
         feature_names={}\nfeature_infos={}\ntree_sizes={}\n\n{block}end of trees\n",
        FEATURES - 1,
        numbers(FEATURES, &|at| format!("f{at}")),
        numbers(FEATURES, &|_| "none".into()),
        block.len(),
    );
    let started = std::time::Instant::now();
    let model = Model::from_bytes(file.as_bytes()).unwrap();
    assert_eq!(model.score(&[7.0; FEATURES]).unwrap(), [0.0]);
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}
