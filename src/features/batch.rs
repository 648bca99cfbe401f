//! Many bars at once: folds of the stream.

use ndarray::{Array2, ArrayView1, ArrayViewMut2};

use super::catalogue::{WIDTH, needed_bars};
use super::stream::{Row, Stream};
use crate::bars::Bars;
use crate::{Error, Result};

/// Features of every bar: a `bars.len()` × 22 array in C order, row `i` equal by bits to the stream's at bar `i`.
#[must_use]
pub fn batch(bars: &Bars) -> Array2<f64> {
    let mut out = Array2::zeros((bars.len(), WIDTH));
    fold_into(bars, out.view_mut());
    out
}

/// [`batch`] into an array of the caller, of any strides; every element is written.
///
/// # Errors
/// [`Error::BadColumns`] when `out` is not `bars.len()` × 22; `out` is then untouched.
pub fn batch_into(bars: &Bars, out: ArrayViewMut2<'_, f64>) -> Result<()> {
    let (rows, columns) = out.dim();
    if (rows, columns) != (bars.len(), WIDTH) {
        let problem = format!("the output is {rows} × {columns}, features of these bars are {} × {WIDTH}", bars.len());
        return Err(Error::BadColumns { problem });
    }
    fold_into(bars, out);
    Ok(())
}

/// Row of the newest bar, equal by bits to the last row of [`batch`], without the rows before it.
///
/// # Errors
/// [`Error::TooShort`] when there are fewer bars than [`needed_bars`]: some column would be NaN or not settled.
pub fn latest(bars: &Bars) -> Result<Row> {
    let needed = needed_bars();
    if bars.len() < needed {
        return Err(Error::TooShort { bars: bars.len(), needed });
    }
    let mut stream = Stream::new();
    Ok(bars.iter().fold([f64::NAN; WIDTH], |_, bar| stream.update(&bar)))
}

fn fold_into(bars: &Bars, mut out: ArrayViewMut2<'_, f64>) {
    let mut stream = Stream::new();
    for (bar, mut row) in bars.iter().zip(out.rows_mut()) {
        row.assign(&ArrayView1::from(&stream.update(&bar)));
    }
}
