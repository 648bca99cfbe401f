//! `XGBoost` files that would take far more memory than their size: named and refused at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

#[path = "support/refusal.rs"]
mod refusal;

use mt5_sentinel::scorer::Model;
use refusal::refusal;

#[test]
fn large_category_numbers_cannot_fill_the_memory() {
    // 1,000 splits, each with the one category 2^24 - 1: 2 GB of bit sets from a file of some 100 kB.
    let join = |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>().join(",");
    let splits = 1_000;
    let nodes = 2 * splits + 1;
    let left = join(nodes, &|at| if at % 2 == 0 && at + 1 < nodes { (at + 1).to_string() } else { "-1".to_owned() });
    let right = join(nodes, &|at| if at % 2 == 0 && at + 1 < nodes { (at + 2).to_string() } else { "-1".to_owned() });
    let is_set = join(nodes, &|at| u8::from(at % 2 == 0 && at + 1 < nodes).to_string());
    let (even, rising) = (join(splits, &|at| (2 * at).to_string()), join(splits, &|at| at.to_string()));
    let repeated = |what: &str, count: usize| join(count, &|_| what.to_owned());
    let tree = format!(
        r#"{{"id":0,"tree_param":{{"num_nodes":"{nodes}"}},"left_children":[{left}],"right_children":[{right}],
        "split_indices":[{0}],"default_left":[{0}],"split_conditions":[{0}],"sum_hessian":[{0}],"split_type":[{is_set}],
        "categories_nodes":[{even}],"categories_segments":[{rising}],"categories_sizes":[{1}],"categories":[{2}]}}"#,
        repeated("0", nodes),
        repeated("1", splits),
        repeated("16777215", splits),
    );
    let file = |tree: &str| {
        format!(
            r#"{{"version":[3,0,0],"learner":{{"objective":{{"name":"reg:squarederror"}},"learner_model_param":
            {{"base_score":"0","num_class":"0","num_feature":"1"}},"gradient_booster":{{"name":"gbtree","model":
            {{"gbtree_model_param":{{"num_trees":"1"}},"tree_info":[0],"trees":[{tree}]}}}}}}}}"#
        )
    };
    assert!(refusal(file(&tree).as_bytes()).contains("the category numbers are too large"));
    let small = tree.replace("16777215", "70");
    let model = Model::from_bytes(file(&small).as_bytes()).unwrap();
    assert_eq!(model.score_raw(&[70.0]).unwrap(), [0.0]);
}

#[test]
fn small_values_cannot_fill_the_memory() {
    let told = "more small objects, arrays and strings than a file of this size may have";
    let list = |item: &str| format!("{{\"learner\":[{}{item}]}}", format!("{item},").repeat(100_000));
    for item in ["{}", "{\"a\":1}", "{\"\":{}}", "[]", "[1]", "[[]]", "\"\""] {
        let sentence = refusal(list(item).as_bytes());
        assert!(sentence.starts_with("JSON, line 1 column ") && sentence.contains(told), "{item}: {sentence}");
    }
    let late = list("1").replace("1]}", "\"\"]}");
    assert!(refusal(late.as_bytes()).contains(told), "numbers that a string at the end makes dear");
    let key = b"{L\0\0\0\0\0\0\0\x07learner[";
    for item in [&b"{}"[..], b"{i\x01aT}", b"[]", b"[T]", b"[#i\0", b"Si\0"] {
        let sentence = refusal(&[key, &item.repeat(100_000)[..], b"]}"].concat());
        assert!(sentence.starts_with("UBJSON, byte ") && sentence.contains(told), "{item:?}: {sentence}");
    }
    assert!(refusal(&[key, &b"T".repeat(100_000)[..], b"Si\0]}"].concat()).contains(told));
    for plain in [list("1"), list("\"a string of some length\"")] {
        assert!(refusal(plain.as_bytes()).contains("`version` is missing"), "no limit for these");
    }
}

/// Trees of one leaf are what a real file may hold most densely; these alone, are read.
#[test]
fn the_smallest_trees_are_far_from_the_limit() {
    let tree = |at: usize| {
        format!(
            r#"{{"base_weights":[0],"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],
"default_left":[0],"id":{at},"left_children":[-1],"loss_changes":[0],"parents":[2147483647],"right_children":[-1],
"split_conditions":[0],"split_indices":[0],"split_type":[0],"sum_hessian":[5E2],"tree_param":{{"num_deleted":"0",
"num_feature":"3","num_nodes":"1","size_leaf_vector":"1"}}}}"#
        )
    };
    let count = 20_000;
    let file = |padding: &str| {
        format!(
            r#"{{"version":[3,0,0],"learner":{{"objective":{{"name":"reg:squarederror"}},"learner_model_param":
            {{"base_score":"0","num_class":"0","num_feature":"3"}},"gradient_booster":{{"name":"gbtree","model":
            {{"gbtree_model_param":{{"num_trees":"{count}"}},"tree_info":[0{}],"trees":[{}{padding}]}}}}}}}}"#,
            ",0".repeat(count - 1),
            (0..count).map(tree).collect::<Vec<_>>().join(",")
        )
    };
    assert_eq!(Model::from_bytes(file("").as_bytes()).unwrap().num_trees(), count);
    // Three times the memory for the same bytes is still read.
    let extra = ",{}".repeat(2 * 4 * count);
    assert!(refusal(file(&extra).as_bytes()).contains("180000 trees, num_trees=20000"));
}
