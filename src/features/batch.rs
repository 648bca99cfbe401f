//! Many bars at once.

use ndarray::{Array2, ArrayViewMut2};

use super::catalogue::{WIDTH, needed_bars};
use super::kernel;
use super::stream::Row;
use crate::bars::Bars;
use crate::lanes::Lanes;
use crate::{Error, Result};

/// Features of every bar: a `bars.len()` × 22 array in C order, row `i` equal by bits to the stream's at bar `i`.
#[must_use]
pub fn batch(bars: &Bars) -> Array2<f64> {
    let mut out = Array2::zeros((bars.len(), WIDTH));
    kernel::fill(Lanes::widest(), bars, out.view_mut());
    out
}

/// [`batch`] into an array of the caller, of any strides; every element is written.
///
/// # Errors
/// [`Error::BadColumns`] when `out` is not `bars.len()` × 22; `out` is then untouched.
pub fn batch_into(bars: &Bars, out: ArrayViewMut2<'_, f64>) -> Result<()> {
    batch_on(Lanes::widest(), bars, out)
}

/// [`batch_into`] by up to `threads` threads: the same bits. Short series are left to one.
///
/// # Errors
/// As [`batch_into`].
pub fn batch_parallel(bars: &Bars, out: ArrayViewMut2<'_, f64>, threads: usize) -> Result<()> {
    fits(bars, &out, WIDTH)?;
    kernel::fill_parallel(Lanes::widest(), bars, out, threads);
    Ok(())
}

/// [`batch_into`] on a given instruction set: the same bits on each.
///
/// # Errors
/// As [`batch_into`].
pub fn batch_on(lanes: Lanes, bars: &Bars, out: ArrayViewMut2<'_, f64>) -> Result<()> {
    fits(bars, &out, WIDTH)?;
    kernel::fill(lanes, bars, out);
    Ok(())
}

/// Refuses an output of another shape than `bars.len()` × `width`.
pub(super) fn fits(bars: &Bars, out: &ArrayViewMut2<'_, f64>, width: usize) -> Result<()> {
    let (rows, columns) = out.dim();
    if (rows, columns) != (bars.len(), width) {
        let problem = format!("the output is {rows} × {columns}, features of these bars are {} × {width}", bars.len());
        return Err(Error::BadColumns { problem });
    }
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
    Ok(kernel::last_row(Lanes::widest(), bars))
}
