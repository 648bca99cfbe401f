//! From a block of columns to the caller's array.

use ndarray::{ArrayView1, ArrayViewMut2, Axis, s};

use super::block::{BLOCK, Column};
use super::{Columns, Rows};
use crate::features::catalogue::WIDTH;
use crate::features::stream::Row;

/// Output beyond this many values (8 MB) leaves the caches before anyone can read it, so it is written past them.
const PAST_CACHES: usize = 1 << 20;

/// The caller's array, n × 22.
pub(super) enum Target<'a, 'view> {
    /// Columns whose values stand side by side, of which the front is yet to be filled.
    Columns(Box<[&'a mut [f64]; WIDTH]>, bool),
    /// Any strides.
    Strided(&'a mut ArrayViewMut2<'view, f64>, bool),
}

impl<'a, 'view> Target<'a, 'view> {
    pub(super) fn new(out: &'a mut ArrayViewMut2<'view, f64>) -> Self {
        let past_caches = out.len() > PAST_CACHES;
        if out.strides()[0] != 1 {
            return Self::Strided(out, past_caches);
        }
        let mut columns = out.axis_iter_mut(Axis(1)).map(|column| column.into_slice().unwrap_or_default());
        Self::Columns(Box::new(std::array::from_fn(|_| columns.next().unwrap_or_default())), past_caches)
    }

    /// The next block of the columns themselves, for the caller to fill, where it is full and may stay in the caches.
    pub(super) fn in_place(&mut self) -> Option<Columns<'a>> {
        let Self::Columns(columns, false) = self else { return None };
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

    /// Takes a copy of the first `count` bars of a block, which belong into rows `first` and on; `room` is to work in.
    pub(super) fn copy(&mut self, block: &[Column; WIDTH], first: usize, count: usize, room: &mut Rows) {
        match self {
            Self::Columns(columns, past_caches) => {
                for (source, column) in block.iter().zip(columns.iter_mut()) {
                    let (target, rest) = std::mem::take(column).split_at_mut(count);
                    copy(&source[..count], target, *past_caches);
                    *column = rest;
                }
            }
            Self::Strided(out, past_caches) => {
                let mut part = out.slice_mut(s![first..first + count, ..]);
                if let Some(rows) = part.as_slice_mut() {
                    copy_rows(block, rows.as_chunks_mut().0, room, *past_caches);
                    return;
                }
                for (source, mut target) in block.iter().zip(part.axis_iter_mut(Axis(1))) {
                    target.assign(&ArrayView1::from(&source[..count]));
                }
            }
        }
    }
}

/// Orders streamed values before everything that follows: another thread may read them from here on.
pub(super) fn settle() {
    // SAFETY: SSE, which has the fence, belongs to every x86_64 processor.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

fn copy(source: &[f64], target: &mut [f64], past_caches: bool) {
    if past_caches {
        copy_past_caches(source, target);
    } else {
        target.copy_from_slice(source);
    }
}

fn copy_rows(block: &[Column; WIDTH], rows: &mut [Row], room: &mut Rows, past_caches: bool) {
    if past_caches {
        let room = &mut room[..rows.len()];
        turn(block, room);
        copy_past_caches(room.as_flattened(), rows.as_flattened_mut());
    } else {
        turn(block, rows);
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

/// Copies without reading the target into the caches first, as an ordinary store does: half the traffic to memory.
/// Ordered with nothing until [`settle`].
#[cfg(target_arch = "x86_64")]
fn copy_past_caches(source: &[f64], target: &mut [f64]) {
    use std::arch::x86_64::{_mm_loadu_pd, _mm_stream_pd};

    debug_assert_eq!(source.len(), target.len());
    // Whole lines of 64 bytes only: half a line that is streamed costs more than it saves.
    let head = target.as_ptr().align_offset(64).min(target.len());
    let (source_head, source) = source.split_at(head);
    let (target_head, target) = target.split_at_mut(head);
    target_head.copy_from_slice(source_head);
    let (sources, source_tail) = source.as_chunks::<8>();
    let (targets, target_tail) = target.as_chunks_mut::<8>();
    for (source, target) in sources.iter().zip(targets) {
        for (source, target) in source.as_chunks::<2>().0.iter().zip(target.as_chunks_mut::<2>().0) {
            // SAFETY: both pointers are to two f64; the target's is a multiple of 16, since `head` made its line one of 64.
            unsafe { _mm_stream_pd(target.as_mut_ptr(), _mm_loadu_pd(source.as_ptr())) }
        }
    }
    target_tail.copy_from_slice(source_tail);
}

#[cfg(not(target_arch = "x86_64"))]
fn copy_past_caches(source: &[f64], target: &mut [f64]) {
    target.copy_from_slice(source);
}
