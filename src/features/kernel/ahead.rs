//! Asking for memory before it is written.

use super::block::BLOCK;
use crate::features::catalogue::WIDTH;

/// Numbers in a line of the caches.
const LINE: usize = 8;
/// Lines asked for at a time: as many as a processor can wait for while it computes.
const AT_A_TIME: usize = 24;

/// The memory that the next block will be written to: 22 runs of [`BLOCK`] numbers, be they columns or pieces of rows.
///
/// A store into memory that no cache holds waits for it; asked for between the stages of the block before, it is there.
pub(super) struct Ahead {
    runs: [*const f64; WIDTH],
    asked: usize,
}

impl Ahead {
    /// Nothing to ask for.
    pub(super) const NOTHING: Self = Self { runs: [std::ptr::null(); WIDTH], asked: WIDTH * BLOCK / LINE };

    pub(super) fn new(runs: [*const f64; WIDTH]) -> Self {
        Self { runs, asked: 0 }
    }

    /// Asks for a few more lines.
    #[inline(always)]
    pub(super) fn ask(&mut self) {
        const LINES: usize = BLOCK / LINE;
        let end = (self.asked + AT_A_TIME).min(WIDTH * LINES);
        for line in self.asked..end {
            ask_for(self.runs[line / LINES].wrapping_add(line % LINES * LINE));
        }
        self.asked = end;
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn ask_for(address: *const f64) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
    // SAFETY: a prefetch reads nothing and never faults, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(address.cast()) }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn ask_for(_address: *const f64) {}
