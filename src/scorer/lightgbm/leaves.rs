//! What a tree block says of its leaves besides their values: linear models, and training rows that reached them.

use super::fields::Fields;
use crate::Result;
use crate::scorer::forest::LinearLeaf;

/// The linear model of each leaf; empty unless the tree says `is_linear=1`.
pub(super) fn linear(fields: &Fields, leaves: usize) -> Result<Vec<LinearLeaf>> {
    match fields.get("is_linear") {
        None | Some("0") => return Ok(Vec::new()),
        Some("1") => {}
        Some(_) => return Err(fields.bad("`is_linear` is neither 0 nor 1".to_owned())),
    }
    let constants: Vec<f64> = fields.list("leaf_const", leaves)?;
    let counts: Vec<usize> = fields.list("num_features", leaves)?;
    let features: Vec<u32> = fields.any_list("leaf_features")?;
    let coefficients: Vec<f64> = fields.list("leaf_coeff", features.len())?;
    // Leaves take their terms one after another; a count that asks for more than is left is refused, never added up.
    let mut terms = features.into_iter().zip(coefficients);
    let mut linear = Vec::with_capacity(leaves);
    for (leaf, (constant, count)) in constants.into_iter().zip(counts).enumerate() {
        if count > terms.len() {
            let problem = format!("`num_features` gives leaf {leaf} {count} terms, {} are left", terms.len());
            return Err(fields.bad(problem));
        }
        linear.push(LinearLeaf { constant, terms: terms.by_ref().take(count).collect() });
    }
    match terms.len() {
        0 => Ok(linear),
        left => Err(fields.bad(format!("{left} values of `leaf_features` belong to no leaf"))),
    }
}

/// Training rows that reached each split, then each leaf; empty when the block does not tell both.
pub(super) fn covers(fields: &Fields, splits: usize) -> Result<Vec<f64>> {
    let told = |key: &str| fields.get(key).is_some_and(|value| !value.trim().is_empty());
    if !told("leaf_count") || (splits > 0 && !told("internal_count")) {
        return Ok(Vec::new());
    }
    let mut covers: Vec<f64> = fields.list("internal_count", splits)?;
    covers.extend(fields.list::<f64>("leaf_count", splits + 1)?);
    Ok(covers)
}
