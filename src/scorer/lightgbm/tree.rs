//! One `Tree=` block.

use super::fields::Fields;
use super::leaves;
use crate::scorer::forest::{Categories, LEAF, Node, Test, Tree, ZERO};
use crate::{Error, Result};

const KNOWN: &[&str] = &[
    "num_leaves",
    "num_cat",
    "split_feature",
    "split_gain",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "leaf_value",
    "leaf_weight",
    "leaf_count",
    "internal_value",
    "internal_weight",
    "internal_count",
    "cat_boundaries",
    "cat_threshold",
    "is_linear",
    "leaf_const",
    "num_features",
    "leaf_features",
    "leaf_coeff",
    "shrinkage",
];

/// Bits of `decision_type`.
const CATEGORICAL: u8 = 1;
const DEFAULT_LEFT: u8 = 2;
const MISSING_SHIFT: u8 = 2;

/// Reads the block of tree `index`; whether its parts form a tree is for [`Forest::push`](super::Forest::push) to say.
pub(super) fn read(index: usize, block: &str) -> Result<Tree> {
    let place = format!("tree {index}");
    let mut lines = block.lines();
    // Bytes after the last line end belong to the next block: tree_sizes does not fit.
    if lines.next() != Some(format!("Tree={index}").as_str()) || !block.ends_with('\n') {
        let problem = format!("its {} bytes are not one `Tree={index}` block: tree_sizes does not fit", block.len());
        return Err(Error::BadModel { place, problem });
    }
    let fields = Fields::read(place, lines, KNOWN)?;
    let leaves = fields.any_list::<f64>("leaf_value")?;
    let num_leaves = fields.number::<usize>("num_leaves")?;
    // The number of leaf values is what the file can hold; the count it claims is only compared.
    let Some(splits) = leaves.len().checked_sub(1).filter(|_| leaves.len() == num_leaves) else {
        return Err(fields.bad(format!("`leaf_value` has {} values, num_leaves={num_leaves}", leaves.len())));
    };
    let words = fields.any_list::<u32>("cat_threshold")?;
    Ok(Tree {
        nodes: nodes(&fields, splits, words.len())?,
        linear: leaves::linear(&fields, leaves.len())?,
        covers: leaves::covers(&fields, splits)?,
        leaves,
        words,
    })
}

fn nodes(fields: &Fields, splits: usize, words: usize) -> Result<Vec<Node>> {
    let features: Vec<u32> = fields.list("split_feature", splits)?;
    let thresholds: Vec<f64> = fields.list("threshold", splits)?;
    let decisions: Vec<u8> = fields.list("decision_type", splits)?;
    let left: Vec<i32> = fields.list("left_child", splits)?;
    let right: Vec<i32> = fields.list("right_child", splits)?;
    let sets = category_sets(fields, words)?;
    (0..splits)
        .map(|at| {
            Ok(Node {
                test: test(decisions[at], thresholds[at], &sets)
                    .map_err(|problem| fields.bad(format!("split {at} {problem}")))?,
                feature: features[at],
                children: [child(left[at]), child(right[at])],
            })
        })
        .collect()
}

/// A negative child is the leaf `~child`.
fn child(child: i32) -> u32 {
    let index = if child < 0 { !child } else { child };
    if child < 0 { LEAF | index.unsigned_abs() } else { index.unsigned_abs() }
}

/// The bit sets as (first word, words); set `i` lies between boundaries `i` and `i + 1`.
fn category_sets(fields: &Fields, words: usize) -> Result<Vec<(u32, u32)>> {
    let bounds: Vec<u32> = fields.any_list("cat_boundaries")?;
    let num_cat = fields.number::<usize>("num_cat")?;
    if bounds.len().saturating_sub(1) != num_cat {
        return Err(fields.bad(format!("`cat_boundaries` has {} values, num_cat={num_cat}", bounds.len())));
    }
    let first_and_last = (bounds.first().map_or(0, |b| *b as usize), bounds.last().map_or(0, |b| *b as usize));
    if first_and_last != (0, words) || !bounds.is_sorted() {
        return Err(fields.bad(format!("`cat_boundaries` do not divide the {words} words of `cat_threshold`")));
    }
    Ok(bounds.windows(2).map(|pair| (pair[0], pair[1] - pair[0])).collect())
}

fn test(decision: u8, threshold: f64, sets: &[(u32, u32)]) -> std::result::Result<Test, String> {
    let missing = decision >> MISSING_SHIFT;
    if missing > 2 {
        return Err(format!("has the unknown decision_type {decision}"));
    }
    if decision & CATEGORICAL != 0 {
        // A category split keeps the index of its set where others keep their threshold.
        let index = Some(threshold).filter(|t| t.fract() == 0.0 && (0.0..sets.len() as f64).contains(t));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and below the length")]
        let set = index.and_then(|index| sets.get(index as usize));
        let Some(&(first, count)) = set else {
            return Err(format!("names category set {threshold} of {}", sets.len()));
        };
        return Ok(Test::Category { first, count, rule: Categories::Truncated });
    }
    let threshold = zero_snapped(threshold);
    let default_left = decision & DEFAULT_LEFT != 0;
    // Missing type none: NaN is scored as 0.0, so its side is known now.
    let missing_left = if missing == 0 { 0.0 <= threshold } else { default_left };
    Ok(Test::Numeric { threshold, zero_is_missing: missing == 1, missing_left })
}

/// The threshold that treats every |value| ≤ [`ZERO`] as 0.0.
///
/// `LightGBM` drops such values when it copies a row, before any tree sees them. Moving the few thresholds inside that
/// band to its edge gives the same side for every value, and costs nothing per row.
fn zero_snapped(threshold: f64) -> f64 {
    if threshold.abs() > ZERO || threshold.is_nan() {
        threshold
    } else if threshold < 0.0 {
        (-ZERO).next_down()
    } else {
        ZERO
    }
}
