//! A loaded model: names, objective, forest; rows in, scores out.

use std::fmt;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::forest::Forest;
use super::lightgbm;
use super::link::Link;
use crate::{Error, Result};

/// Rows scored together: they and their scores stay in the nearest cache while the trees stream past.
const BLOCK_ROWS: usize = 64;

/// A model file, parsed and proven sound; immutable, so it can be shared by threads.
///
/// Raw scores are `LightGBM`'s to the last bit: leaf values summed in file order per class in f64.
#[derive(Clone)]
pub struct Model {
    forest: Forest,
    feature_names: Vec<String>,
    objective: String,
    link: Link,
    /// Iterations to divide by before the link; 1 unless the model averages (dividing by 1 changes no bit).
    divisor: f64,
    sha256: String,
}

impl Model {
    /// Reads `LightGBM`'s text format, versions v2, v3 and v4, whatever it was trained for.
    ///
    /// # Errors
    /// [`Error::BadModel`] naming place and problem: cut off, altered, inconsistent, linear trees, not a model at all.
    pub fn from_lightgbm_text(text: &[u8]) -> Result<Self> {
        let parsed = lightgbm::parse(text)?;
        let iterations = parsed.forest.trees() / parsed.forest.outputs();
        Ok(Self {
            forest: parsed.forest,
            feature_names: parsed.feature_names,
            objective: parsed.objective,
            link: parsed.link,
            divisor: if parsed.average_output { iterations as f64 } else { 1.0 },
            sha256: sha256_hex(text),
        })
    }

    /// Sums of leaf values for one row of `feature_names().len()` values, as `LightGBM`'s `raw_score=True`.
    ///
    /// NaN is a missing value, ±inf compares as it is. Returns `num_classes()` values.
    ///
    /// # Errors
    /// [`Error::BadRow`] when the row has another length.
    pub fn score_raw(&self, row: &[f64]) -> Result<Vec<f64>> {
        let mut out = vec![0.0; self.num_classes()];
        self.score_raw_into(row, &mut out)?;
        Ok(out)
    }

    /// [`Model::score_raw`] without an allocation; `out` holds `num_classes()` values and is overwritten.
    ///
    /// # Errors
    /// [`Error::BadRow`] when `row` or `out` has another length; `out` is then untouched.
    pub fn score_raw_into(&self, row: &[f64], out: &mut [f64]) -> Result<()> {
        self.check_width(row.len())?;
        if out.len() != self.num_classes() {
            let problem = format!("the output holds {} scores, the model gives {}", out.len(), self.num_classes());
            return Err(Error::BadRow { row: 0, problem });
        }
        out.fill(0.0);
        self.forest.add_row(row, out);
        Ok(())
    }

    /// The answer for one row in the objective's own unit, as `LightGBM`'s `predict`: class probabilities for
    /// `multiclass`, a probability for `binary`, the target's unit for regressions.
    ///
    /// # Errors
    /// [`Error::BadRow`] when the row has another length.
    pub fn score(&self, row: &[f64]) -> Result<Vec<f64>> {
        let mut out = vec![0.0; self.num_classes()];
        self.score_into(row, &mut out)?;
        Ok(out)
    }

    /// [`Model::score`] without an allocation; `out` holds `num_classes()` values and is overwritten.
    ///
    /// # Errors
    /// [`Error::BadRow`] when `row` or `out` has another length; `out` is then untouched.
    pub fn score_into(&self, row: &[f64], out: &mut [f64]) -> Result<()> {
        self.score_raw_into(row, out)?;
        self.link(out);
        Ok(())
    }

    /// Scores rows of shape (n, `feature_names().len()`) into (n, `num_classes()`), raw or linked, on all cores.
    ///
    /// Every row's bits are those of [`Model::score_raw`] or [`Model::score`], whatever the number of threads.
    ///
    /// # Errors
    /// [`Error::BadRow`] (row 0: all rows share one width) when the rows have another width.
    #[expect(clippy::needless_pass_by_value, reason = "a view is a pointer and four words; ndarray passes it so")]
    pub fn score_batch(&self, rows: ArrayView2<f64>, raw: bool) -> Result<Array2<f64>> {
        let classes = self.num_classes();
        self.check_width(rows.ncols())?;
        let mut scores = Array2::zeros((rows.nrows(), classes));
        let rows = rows.as_standard_layout();
        let (Some(rows), Some(out)) = (rows.as_slice(), scores.as_slice_mut()) else {
            let problem = "the rows do not lie in one piece".to_owned();
            return Err(Error::BadRow { row: 0, problem });
        };
        let block = |(rows, out): (&[f64], &mut [f64])| {
            self.forest.add_rows(rows, out);
            if !raw {
                out.chunks_exact_mut(classes).for_each(|scores| self.link(scores));
            }
        };
        let (row_values, out_values) = (BLOCK_ROWS * self.forest.features(), BLOCK_ROWS * classes);
        if out.len() <= out_values {
            // One block: waking other threads would cost more than the work.
            block((rows, out));
        } else {
            rows.par_chunks(row_values).zip(out.par_chunks_mut(out_values)).for_each(block);
        }
        Ok(scores)
    }

    /// Scores per row: 3 for a sell/hold/buy model, 1 for binary and regression.
    #[must_use]
    pub fn num_classes(&self) -> usize {
        self.forest.outputs()
    }

    /// Names of a row's values, in column order, as the model file gives them.
    #[must_use]
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// Number of trees, all classes together.
    #[must_use]
    pub fn num_trees(&self) -> usize {
        self.forest.trees()
    }

    /// `LightGBM`'s name of the objective, e.g. `multiclass`; `custom` when the file names none.
    #[must_use]
    pub fn objective(&self) -> &str {
        &self.objective
    }

    /// SHA-256 of the model file's bytes, 64 lower-case hex digits.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    fn link(&self, scores: &mut [f64]) {
        for score in scores.iter_mut() {
            *score /= self.divisor;
        }
        self.link.apply(scores);
    }

    fn check_width(&self, width: usize) -> Result<()> {
        let needed = self.forest.features();
        if width == needed {
            return Ok(());
        }
        Err(Error::BadRow { row: 0, problem: format!("it has {width} values, the model needs {needed}") })
    }
}

impl fmt::Debug for Model {
    /// What identifies the model; its thousands of nodes would drown a log line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("objective", &self.objective)
            .field("trees", &self.num_trees())
            .field("features", &self.feature_names)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// SHA-256 of `bytes`, 64 lower-case hex digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
