//! A block of bars, and series that remember a little of the block before.

use crate::bars::Bars;

/// Bars worked on at a time: all series of a block stay in the processor's nearest caches.
pub(super) const BLOCK: usize = 128;
/// Values remembered from before the block; no lag is longer.
pub(super) const LEAD: usize = 16;

/// One value a bar.
pub(super) type Column = [f64; BLOCK];

/// One value a bar, behind the last values of the block before.
#[derive(Clone)]
pub(super) struct Series([f64; LEAD + BLOCK]);

impl Series {
    /// Nothing known.
    pub(super) const UNKNOWN: Self = Self([f64::NAN; LEAD + BLOCK]);

    /// The value `age` bars before bar `i` of the block.
    #[inline(always)]
    pub(super) fn ago(&self, i: usize, age: usize) -> f64 {
        self.0[LEAD + i - age]
    }

    /// Sets the value of bar `i` of the block.
    #[inline(always)]
    pub(super) fn set(&mut self, i: usize, value: f64) {
        self.0[LEAD + i] = value;
    }

    /// Sets what stands before the block.
    #[inline(always)]
    pub(super) fn begin_with(&mut self, value: f64) {
        self.0[..LEAD].fill(value);
    }

    /// Forgets the block before.
    #[inline(always)]
    pub(super) fn forget(&mut self) {
        self.begin_with(f64::NAN);
    }

    /// Makes this block the one before.
    #[inline(always)]
    pub(super) fn turn(&mut self) {
        self.0.copy_within(BLOCK.., 0);
    }

    #[inline(always)]
    fn load(&mut self, values: &[f64]) {
        self.0[LEAD..LEAD + values.len()].copy_from_slice(values);
    }
}

/// The bars of a block. Behind the last bar stands what an earlier block left there: no bar looks ahead, so it is never
/// seen.
pub(super) struct Input {
    pub time: [i64; BLOCK],
    pub high: Column,
    pub low: Column,
    pub close: Series,
    pub volume: Series,
}

impl Input {
    pub(super) const EMPTY: Self = Self {
        time: [0; BLOCK],
        high: [1.0; BLOCK],
        low: [1.0; BLOCK],
        close: Series::UNKNOWN,
        volume: Series::UNKNOWN,
    };

    /// Takes bars `first..first + count`.
    #[inline(always)]
    pub(super) fn load(&mut self, bars: &Bars, first: usize, count: usize) {
        let range = first..first + count;
        self.time[..count].copy_from_slice(&bars.time()[range.clone()]);
        self.high[..count].copy_from_slice(&bars.high()[range.clone()]);
        self.low[..count].copy_from_slice(&bars.low()[range.clone()]);
        self.close.load(&bars.close()[range.clone()]);
        self.volume.load(&bars.volume()[range]);
    }

    /// Forgets the block before.
    #[inline(always)]
    pub(super) fn forget(&mut self) {
        self.close.forget();
        self.volume.forget();
    }

    /// Makes this block the one before.
    #[inline(always)]
    pub(super) fn turn(&mut self) {
        self.close.turn();
        self.volume.turn();
    }
}
