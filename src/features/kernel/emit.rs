//! From a block of columns to the caller's array.

use ndarray::{ArrayView1, ArrayViewMut2, Axis, s};

use super::block::{BLOCK, Column};
use crate::features::catalogue::WIDTH;

/// Output beyond this many values (16 MB) leaves the caches before anyone can read it, so it is written past them.
const PAST_CACHES: usize = 1 << 20;

/// Writes bars `first..first + count` of `out` (n × 22, any strides).
pub(super) fn emit(columns: &[Column; WIDTH], first: usize, count: usize, out: &mut ArrayViewMut2<'_, f64>) {
    let past_caches = out.len() > PAST_CACHES;
    let mut part = out.slice_mut(s![first..first + count, ..]);
    if let Some(rows) = part.as_slice_mut() {
        emit_rows(columns, count, rows, past_caches);
        return;
    }
    for (column, mut target) in columns.iter().zip(part.axis_iter_mut(Axis(1))) {
        let source = &column[..count];
        match target.as_slice_mut() {
            Some(target) if past_caches => copy_past_caches(source, target),
            Some(target) => target.copy_from_slice(source),
            None => target.assign(&ArrayView1::from(source)),
        }
    }
}

fn emit_rows(columns: &[Column; WIDTH], count: usize, rows: &mut [f64], past_caches: bool) {
    let mut turned = [0.0; BLOCK * WIDTH];
    let target = if past_caches { &mut turned[..count * WIDTH] } else { &mut rows[..] };
    for (i, row) in target.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
        for (value, column) in row.iter_mut().zip(columns) {
            *value = column[i];
        }
    }
    if past_caches {
        copy_past_caches(&turned[..count * WIDTH], rows);
    }
}

/// Copies without reading the target into the caches first, as an ordinary store does: half the traffic to memory.
#[cfg(target_arch = "x86_64")]
fn copy_past_caches(source: &[f64], target: &mut [f64]) {
    use std::arch::x86_64::{_mm_loadu_pd, _mm_sfence, _mm_stream_pd};

    debug_assert_eq!(source.len(), target.len());
    let head = target.as_ptr().align_offset(16).min(target.len());
    let (source_head, source) = source.split_at(head);
    let (target_head, target) = target.split_at_mut(head);
    target_head.copy_from_slice(source_head);
    let (sources, source_tail) = source.as_chunks::<2>();
    let (targets, target_tail) = target.as_chunks_mut::<2>();
    for (source, target) in sources.iter().zip(targets) {
        // SAFETY: both pointers are to two f64; the target's is a multiple of 16, since `head` made the first so.
        unsafe { _mm_stream_pd(target.as_mut_ptr(), _mm_loadu_pd(source.as_ptr())) }
    }
    target_tail.copy_from_slice(source_tail);
    // SAFETY: SSE belongs to every x86_64 processor. Streamed values are ordered with nothing; after the fence they are,
    // and another thread may read them.
    unsafe { _mm_sfence() }
}

#[cfg(not(target_arch = "x86_64"))]
fn copy_past_caches(source: &[f64], target: &mut [f64]) {
    target.copy_from_slice(source);
}
