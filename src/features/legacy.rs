//! The older hub's 23 columns: an export layout, not a catalogue.

use ndarray::{ArrayViewMut2, s};

use super::batch::batch_into;
use super::catalogue::WIDTH;
use crate::bars::Bars;
use crate::{Error, Result};

/// Columns of the older layout, `feature_0` … `feature_22`.
pub const LEGACY_WIDTH: usize = WIDTH + 1;

/// The 22 of `sentinel-v1` by position and a constant 0.0 behind them, into an array of any strides; every element is
/// written.
///
/// # Errors
/// [`Error::BadColumns`] when `out` is not `bars.len()` × 23; `out` is then untouched.
pub fn legacy_into(bars: &Bars, mut out: ArrayViewMut2<'_, f64>) -> Result<()> {
    let (rows, columns) = out.dim();
    if (rows, columns) != (bars.len(), LEGACY_WIDTH) {
        let problem = format!(
            "the output is {rows} × {columns}, the older layout of these bars is {} × {LEGACY_WIDTH}",
            bars.len()
        );
        return Err(Error::BadColumns { problem });
    }
    out.column_mut(WIDTH).fill(0.0);
    batch_into(bars, out.slice_mut(s![.., ..WIDTH]))
}
