//! The order of the trees and the rounds of boosting: what must be true before trees may be added in the file's order.

use super::value::{Object, Value};
use crate::Result;

/// Refuses trees that do not stand where their `id` says: the library puts each at its `id`, beside the `tree_info`
/// and `weight_drop` of that place, and adds them in this order.
pub(super) fn check_order(trees: &[Value]) -> Result<()> {
    for (at, tree) in trees.iter().enumerate() {
        let tree = Object::of(tree, format!("tree {at}"))?;
        let id = tree.integer("id")?;
        if usize::try_from(id) != Ok(at) {
            return Err(tree.bad(format!("its `id` is {id}: the trees must stand in the order of their ids, from 0")));
        }
    }
    Ok(())
}

/// Rounds of boosting in the file: by `iteration_indptr`, in files older than it by `per_round`, at least 1.
pub(super) fn count(model: &Object, trees: usize, per_round: usize) -> Result<usize> {
    if model.get("iteration_indptr").is_none() {
        return Ok(trees / per_round);
    }
    let starts = model.integers("iteration_indptr", 0, i32::MAX)?;
    let ends_well = starts.last().is_some_and(|last| usize::try_from(*last) == Ok(trees));
    if starts.first() != Some(&0) || !ends_well || !starts.is_sorted_by(|start, next| start < next) {
        return Err(model.bad(format!("`iteration_indptr` does not ascend from 0 to the number of trees, {trees}")));
    }
    Ok(starts.len() - 1)
}

/// Refuses a file with rounds after the best one: `XGBClassifier.predict` leaves them out, `Booster.predict` does not,
/// and the file does not say which of the two is wanted.
pub(super) fn check_early_stopping(learner: &Object, rounds: usize) -> Result<()> {
    if learner.get("attributes").is_none() {
        return Ok(());
    }
    let attributes = learner.object("attributes")?;
    if attributes.get("best_iteration").is_none() {
        return Ok(());
    }
    let best = attributes.count("best_iteration")?;
    if rounds.saturating_sub(1) <= best {
        return Ok(());
    }
    Err(attributes.bad(format!(
        "stopped early: best_iteration={best}, but the file has {rounds} rounds; save `booster[:best_iteration + 1]`",
    )))
}
