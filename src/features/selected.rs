//! Many bars at once, for any selection of columns: folds of its stream.

use ndarray::{Array2, ArrayViewMut2};

use super::batch::{batch_parallel, fits};
use super::catalogue::WIDTH;
use super::column_stream::Chosen;
use super::kernel;
use super::selection::Selection;
use crate::bars::Bars;
use crate::lanes::Lanes;
use crate::{Error, Result};

/// Selected columns of every bar: a `bars.len()` × `selection.width()` array in C order, row `i` equal by bits to the
/// row that [`ColumnStream`](super::ColumnStream) gives for bar `i`.
///
/// # Errors
/// None for bars as they are; as [`batch_selected_into`] else.
pub fn batch_selected(bars: &Bars, selection: &Selection) -> Result<Array2<f64>> {
    let mut out = Array2::zeros((bars.len(), selection.width()));
    batch_selected_into(bars, selection, out.view_mut())?;
    Ok(out)
}

/// [`batch_selected`] into an array of the caller, of any strides; every element is written.
///
/// # Errors
/// [`Error::BadColumns`] when `out` is not `bars.len()` × `selection.width()`; `out` is then untouched.
pub fn batch_selected_into(bars: &Bars, selection: &Selection, out: ArrayViewMut2<'_, f64>) -> Result<()> {
    batch_selected_parallel(bars, selection, out, 1)
}

/// [`batch_selected_into`] by up to `threads` threads where the selection is `sentinel-v1`: the same bits. Other
/// selections are left to one.
///
/// # Errors
/// As [`batch_selected_into`].
pub fn batch_selected_parallel(
    bars: &Bars,
    selection: &Selection,
    mut out: ArrayViewMut2<'_, f64>,
    threads: usize,
) -> Result<()> {
    fits(bars, &out, selection.width())?;
    if selection.is_sentinel_v1() {
        return batch_parallel(bars, out, threads);
    }
    let placed = || selection.places().iter().copied().zip(0..);
    let (of_the_22, extended): (Vec<_>, Vec<_>) = placed().partition(|(place, _)| *place < WIDTH);
    if !of_the_22.is_empty() {
        kernel::fill_some(Lanes::widest(), bars, &of_the_22, &mut out);
    }
    if !extended.is_empty() {
        fold_into(bars, &extended, &mut out);
    }
    Ok(())
}

/// Row of the newest bar, equal by bits to the last row of [`batch_selected`], without the rows before it.
///
/// # Errors
/// [`Error::TooShort`] below [`Selection::minimum_bars`]: some column would be NaN or not settled. A column that never
/// settles is the value for a history that starts where these bars do.
pub fn latest_selected(bars: &Bars, selection: &Selection) -> Result<Vec<f64>> {
    let needed = selection.minimum_bars();
    if bars.len() < needed {
        return Err(Error::TooShort { bars: bars.len(), needed });
    }
    if selection.is_sentinel_v1() {
        return super::batch::latest(bars).map(Vec::from);
    }
    let mut chosen = Chosen::new(selection.places());
    bars.iter().for_each(|bar| chosen.step(&bar));
    Ok(chosen.values().collect())
}

/// Extended columns, each with the column of `out` it belongs in.
fn fold_into(bars: &Bars, columns: &[(usize, usize)], out: &mut ArrayViewMut2<'_, f64>) {
    let (places, targets): (Vec<usize>, Vec<usize>) = columns.iter().copied().unzip();
    let mut chosen = Chosen::new(&places);
    for (bar, mut row) in bars.iter().zip(out.rows_mut()) {
        chosen.step(&bar);
        targets.iter().zip(chosen.values()).for_each(|(&target, value)| row[target] = value);
    }
}
