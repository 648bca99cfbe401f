//! From a block of columns to the caller's array.

use ndarray::{ArrayView1, ArrayViewMut2, Axis, s};

use super::Columns;
use super::ahead::Ahead;
use super::block::{BLOCK, Column};
use crate::features::catalogue::WIDTH;
use crate::features::stream::Row;

/// Rows beyond which the output is larger than the nearer caches (1.4 MB).
const WORTH_ASKING: usize = 8_192;

/// The caller's array, n × 22.
pub(super) enum Target<'a, 'view> {
    /// Columns whose values stand side by side, of which the front is yet to be filled.
    Columns(Box<[&'a mut [f64]; WIDTH]>),
    /// Any strides.
    Strided(&'a mut ArrayViewMut2<'view, f64>),
}

impl<'a, 'view> Target<'a, 'view> {
    pub(super) fn new(out: &'a mut ArrayViewMut2<'view, f64>) -> Self {
        if out.strides()[0] != 1 {
            return Self::Strided(out);
        }
        let mut columns = out.axis_iter_mut(Axis(1)).map(|column| column.into_slice().unwrap_or_default());
        Self::Columns(Box::new(std::array::from_fn(|_| columns.next().unwrap_or_default())))
    }

    /// What the block after the one at row `first` will be written to, where the caches will not hold it already.
    pub(super) fn ahead(&self, first: usize) -> Ahead {
        match self {
            Self::Columns(columns) if columns[0].len() > WORTH_ASKING => {
                Ahead::new(columns.each_ref().map(|column| column.as_ptr().wrapping_add(BLOCK)))
            }
            Self::Strided(out) if out.nrows() > WORTH_ASKING => {
                let next = out.as_ptr().wrapping_add((first + BLOCK) * WIDTH);
                Ahead::new(std::array::from_fn(|run| next.wrapping_add(run * BLOCK)))
            }
            _ => Ahead::NOTHING,
        }
    }

    /// The next block of the columns themselves, for the caller to fill, where it is a full one.
    pub(super) fn in_place(&mut self) -> Option<Columns<'a>> {
        let Self::Columns(columns) = self else { return None };
        if columns.iter().any(|column| column.len() < BLOCK) {
            return None;
        }
        let mut blocks = Vec::with_capacity(WIDTH);
        for column in columns.iter_mut() {
            let (block, rest) = std::mem::take(column).split_first_chunk_mut::<BLOCK>()?;
            *column = rest;
            blocks.push(block);
        }
        blocks.try_into().ok()
    }

    /// Takes a copy of the first `count` bars of a block, which belong into rows `first` and on.
    pub(super) fn copy(&mut self, block: &[Column; WIDTH], first: usize, count: usize) {
        match self {
            Self::Columns(columns) => {
                for (source, column) in block.iter().zip(columns.iter_mut()) {
                    let (target, rest) = std::mem::take(column).split_at_mut(count);
                    target.copy_from_slice(&source[..count]);
                    *column = rest;
                }
            }
            Self::Strided(out) => {
                let mut part = out.slice_mut(s![first..first + count, ..]);
                if let Some(rows) = part.as_slice_mut() {
                    turn(block, rows.as_chunks_mut().0);
                    return;
                }
                for (source, mut target) in block.iter().zip(part.axis_iter_mut(Axis(1))) {
                    target.assign(&ArrayView1::from(&source[..count]));
                }
            }
        }
    }
}

/// Columns to rows.
fn turn(block: &[Column; WIDTH], rows: &mut [Row]) {
    for (i, row) in rows.iter_mut().enumerate() {
        for (value, column) in row.iter_mut().zip(block) {
            *value = column[i];
        }
    }
}
