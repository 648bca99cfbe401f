//! What each feature contributed to a score: exact Shapley values, which together are the raw score.

mod plan;
mod quadrature;
mod shapley;

use std::collections::BTreeMap;

use ndarray::{Array2, Array3, ArrayView2, Axis};
use rayon::prelude::*;

use self::plan::Plan;
use self::quadrature::Rule;
use self::shapley::Walk;
use super::Model;
use super::forest::Forest;
use super::parsed::Body;
use crate::{Error, Result};

/// Rows that share a walk's memory, and the least that are worth another thread.
const BLOCK_ROWS: usize = 16;

impl Model {
    /// What each feature contributed to one row's raw scores, in their unit: shape (`num_classes()`,
    /// `feature_names().len()` + 1), the last column the score expected of a row that is not known.
    ///
    /// Each line sums to the raw score of its class. Trees: path-dependent `TreeSHAP`, as `LightGBM`'s
    /// `pred_contrib` and `XGBoost`'s `pred_contribs`; of a random forest the undivided sum is explained. Linear
    /// models: coefficient · standardised value, and the intercept.
    ///
    /// # Errors
    /// [`Error::BadRow`] when the row has another length; [`Error::BadModel`] naming the tree when the file does not
    /// count training rows, has linear leaves, or a path too long.
    pub fn explain(&self, row: &[f64]) -> Result<Array2<f64>> {
        let rows = ArrayView2::from_shape((1, row.len()), row);
        let rows = rows.map_err(|fault| Error::BadRow { row: 0, problem: fault.to_string() })?;
        Ok(self.explain_batch(rows)?.index_axis_move(Axis(0), 0))
    }

    /// [`Model::explain`] for rows of shape (n, `feature_names().len()`) into (n, `num_classes()`,
    /// `feature_names().len()` + 1), on all cores; every row's bits are those of [`Model::explain`].
    ///
    /// # Errors
    /// Those of [`Model::explain`]; a wrong width is told of row 0.
    #[expect(clippy::needless_pass_by_value, reason = "a view is a pointer and four words; ndarray passes it so")]
    pub fn explain_batch(&self, rows: ArrayView2<f64>) -> Result<Array3<f64>> {
        self.check_width(rows.ncols())?;
        let mut out = Array3::zeros((rows.nrows(), self.num_classes(), rows.ncols() + 1));
        let rows_in_one_piece = rows.as_standard_layout();
        let (Some(values), Some(parts)) = (rows_in_one_piece.as_slice(), out.as_slice_mut()) else {
            return Err(Error::BadRow { row: 0, problem: "the rows do not lie in one piece".to_owned() });
        };
        let width = rows.ncols();
        match self.body() {
            Body::Forest(forest) => explain_forest(forest, width, values, parts)?,
            Body::Linear(linear) => linear.explain_rows(values, parts),
        }
        Ok(out)
    }
}

/// Explains rows laid end to end into their contributions laid end to end, which are 0 so far.
fn explain_forest(forest: &Forest, width: usize, rows: &[f64], out: &mut [f64]) -> Result<()> {
    let plans = forest.views().enumerate().map(|(tree, view)| {
        Plan::new(&view, width).map_err(|problem| Error::BadModel { place: format!("tree {tree}"), problem })
    });
    let plans = plans.collect::<Result<Vec<Plan>>>()?;
    let mut rules = BTreeMap::new();
    let mut expected = forest.start().to_vec();
    for plan in &plans {
        rules.entry(plan.points).or_insert_with(|| Rule::new(plan.points));
        expected[plan.output] += plan.expected;
    }
    let block = |walk: &mut Walk, rows: &[f64], out: &mut [f64]| {
        for (row, out) in rows.chunks_exact(width).zip(out.chunks_exact_mut(expected.len() * (width + 1))) {
            for plan in plans.iter().filter(|plan| plan.points > 0) {
                walk.add(plan, &rules[&plan.points], row, &mut out[plan.output * (width + 1)..][..width]);
            }
            for (expected, out) in expected.iter().zip(out.chunks_exact_mut(width + 1)) {
                out[width] = *expected;
            }
        }
    };
    let (row_values, out_values) = (BLOCK_ROWS * width, BLOCK_ROWS * expected.len() * (width + 1));
    if out.len() <= out_values {
        block(&mut Walk::default(), rows, out);
    } else {
        let blocks = rows.par_chunks(row_values).zip(out.par_chunks_mut(out_values));
        blocks.for_each_init(Walk::default, |walk, (rows, out)| block(walk, rows, out));
    }
    Ok(())
}
