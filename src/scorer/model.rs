//! A loaded model: names, objective, forest; rows in, scores out.

use std::fmt;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::forest::{BLOCK, Kernel};
use super::format;
use super::link::Link;
use super::parsed::{Body, Parsed};
use crate::lanes::Lanes;
use crate::{Error, Result};

/// Rows scored together: they and their scores stay in the nearest cache while the trees stream past.
pub const BLOCK_ROWS: usize = 1024;

/// A model file, parsed and proven sound; immutable, so it can be shared by threads.
///
/// Raw scores are those of the library that trained it, to the last bit: leaf values summed in file order per class, for
/// `LightGBM` in f64, for `XGBoost` (its margins) in f32.
#[derive(Clone)]
pub struct Model {
    parsed: Parsed,
    sha256: String,
}

impl Model {
    /// Reads a model file of any format this build knows, whatever it was trained for.
    ///
    /// # Errors
    /// [`Error::BadModel`] naming place and problem: cut off, altered, inconsistent, not a model at all.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut parsed = format::parse(bytes)?;
        if let Body::Forest(forest) = &mut parsed.body {
            forest.seal();
        }
        Ok(Self { parsed, sha256: sha256_hex(bytes) })
    }

    /// Sums of leaf values for one row of `feature_names().len()` values, as `LightGBM`'s `raw_score=True` or
    /// `XGBoost`'s `output_margin=True`.
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
        match &self.parsed.body {
            Body::Forest(forest) => forest.sum_row(Lanes::widest(), row, out),
            Body::Linear(linear) => linear.sum_rows(row, out),
        }
        Ok(())
    }

    /// The answer for one row in the objective's own unit, as the library's `predict`: class probabilities for
    /// `multiclass` (also for `XGBoost`'s `multi:softmax`, whose `predict` gives the likeliest class), a probability for
    /// `binary`, the target's unit for regressions.
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
        let mut scores = Array2::zeros((rows.nrows(), self.num_classes()));
        self.score_batch_into(rows.view(), raw, scores.view_mut())?;
        Ok(scores)
    }

    /// [`Model::score_batch`] into an array of the caller of shape (n, `num_classes()`), every element overwritten;
    /// nothing is allocated when rows and output lie in one piece, in C order.
    ///
    /// # Errors
    /// [`Error::BadRow`] when the rows have another width or `out` another shape; `out` is then untouched.
    #[expect(clippy::needless_pass_by_value, reason = "a view is a pointer and four words; ndarray passes it so")]
    pub fn score_batch_into(&self, rows: ArrayView2<f64>, raw: bool, mut out: ArrayViewMut2<f64>) -> Result<()> {
        let (count, classes) = (rows.nrows(), self.num_classes());
        self.check_width(rows.ncols())?;
        if out.dim() != (count, classes) {
            let problem = format!("the output is {:?}, scores of these rows are ({count}, {classes})", out.dim());
            return Err(Error::BadRow { row: 0, problem });
        }
        let rows = rows.as_standard_layout();
        let rows = rows.as_slice().unwrap_or_default();
        if let Some(out) = out.as_slice_mut() {
            self.score_slices(rows, raw, out);
            return Ok(());
        }
        let mut scores = Array2::zeros((count, classes));
        self.score_slices(rows, raw, scores.as_slice_mut().unwrap_or_default());
        out.assign(&scores);
        Ok(())
    }

    /// Rows one behind the other into scores one behind the other; the lengths are seen to fit.
    fn score_slices(&self, rows: &[f64], raw: bool, out: &mut [f64]) {
        let classes = self.num_classes();
        let block = |(rows, out): (&[f64], &mut [f64])| {
            match &self.parsed.body {
                Body::Forest(forest) => forest.sum_rows(Lanes::widest(), rows, out),
                Body::Linear(linear) => linear.sum_rows(rows, out),
            }
            if !raw {
                out.chunks_exact_mut(classes).for_each(|scores| self.link(scores));
            }
        };
        let (row_values, out_values) = (BLOCK_ROWS * self.feature_names().len(), BLOCK_ROWS * classes);
        if out.len() <= out_values {
            // One block: waking other threads would cost more than the work.
            block((rows, out));
        } else {
            rows.par_chunks(row_values).zip(out.par_chunks_mut(out_values)).for_each(block);
        }
    }

    /// Raw scores of rows of shape (n, features) by one way of computing them, on one thread: to compare them.
    ///
    /// # Errors
    /// [`Error::BadRow`] when the rows have another width.
    pub fn score_raw_by(&self, kernel: Kernel, rows: &ArrayView2<f64>) -> Result<Array2<f64>> {
        self.check_width(rows.ncols())?;
        let mut scores = Array2::zeros((rows.nrows(), self.num_classes()));
        let step = if matches!(kernel, Kernel::Block(_)) { BLOCK } else { 1 };
        for (rows, mut out) in rows.axis_chunks_iter(Axis(0), step).zip(scores.axis_chunks_iter_mut(Axis(0), step)) {
            let rows: Vec<f64> = rows.iter().copied().collect();
            match (&self.parsed.body, out.as_slice_mut()) {
                (Body::Forest(forest), Some(out)) => forest.sum_by(kernel, &rows, out),
                (Body::Linear(linear), Some(out)) => linear.sum_rows(&rows, out),
                (_, None) => {} // fresh arrays lie in one piece
            }
        }
        Ok(scores)
    }

    /// Scores per row: 3 for a sell/hold/buy model, 1 for binary and regression.
    #[must_use]
    pub fn num_classes(&self) -> usize {
        match &self.parsed.body {
            Body::Forest(forest) => forest.outputs(),
            Body::Linear(linear) => linear.outputs(),
        }
    }

    /// Names of a row's values, in column order, as the model file gives them.
    #[must_use]
    pub fn feature_names(&self) -> &[String] {
        &self.parsed.feature_names
    }

    /// Name of the file's format for people, e.g. `LightGBM`.
    #[must_use]
    pub fn format(&self) -> &'static str {
        self.parsed.format
    }

    /// How far scores may be off those of the library that trained the model, relative to scores beyond 1; `None` where
    /// raw scores agree by bits and answers within 2 ulp.
    #[must_use]
    pub fn tolerance(&self) -> Option<f64> {
        self.parsed.tolerance
    }

    /// Number of trees, all classes together; 0 for a linear model.
    #[must_use]
    pub fn num_trees(&self) -> usize {
        match &self.parsed.body {
            Body::Forest(forest) => forest.trees(),
            Body::Linear(_) => 0,
        }
    }

    /// The file's name of the objective, e.g. `multiclass`; `custom` when it names none.
    #[must_use]
    pub fn objective(&self) -> &str {
        &self.parsed.objective
    }

    /// Whether the answers of one row are probabilities of classes that exclude each other, so that they sum to 1.
    #[must_use]
    pub fn is_distribution(&self) -> bool {
        self.parsed.link == Link::Softmax
    }

    /// SHA-256 of the model file's bytes, 64 lower-case hex digits.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The part that makes raw scores.
    pub(super) fn body(&self) -> &Body {
        &self.parsed.body
    }

    fn link(&self, scores: &mut [f64]) {
        #[expect(clippy::float_cmp, reason = "dividing by exactly 1 changes no bit, and takes time")]
        if self.parsed.divisor != 1.0 {
            for score in scores.iter_mut() {
                *score /= self.parsed.divisor;
            }
        }
        self.parsed.link.apply(scores);
    }

    /// Refuses rows of another width than the model's.
    pub(super) fn check_width(&self, width: usize) -> Result<()> {
        let needed = self.feature_names().len();
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
            .field("format", &self.format())
            .field("objective", &self.objective())
            .field("trees", &self.num_trees())
            .field("features", &self.feature_names())
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// SHA-256 of `bytes`, 64 lower-case hex digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
