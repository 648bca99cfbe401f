//! Columns that remember for ever: bar after bar, with the four averages of the close side by side in the lanes.

use super::block::{BLOCK, Column, Series};
use super::place::{EMA_10, EMA_20, MACD, MACD_HIST, MACD_SIGNAL};
use crate::features::averages::average;
use crate::features::catalogue::WIDTH;
use crate::features::oscillators::macd_trio;
use crate::rolling::{Ema, Pair};

/// Spans of the averages of the close.
const SPANS: [u32; 4] = [10, 20, 12, 26];
const SIGNAL_SPAN: u32 = 9;

/// A pair for each of the four averages, high parts and low parts apart.
#[derive(Clone, Copy)]
struct Four {
    high: [f64; 4],
    low: [f64; 4],
}

impl Four {
    const ZERO: Self = Self { high: [0.0; 4], low: [0.0; 4] };

    #[inline(always)]
    fn lane(&self, lane: usize) -> Pair {
        Pair { high: self.high[lane], low: self.low[lane] }
    }
}

/// State: the averages and the last macd; and room for a block of them.
pub(super) struct Recursion {
    keep: Four,
    keep_signal: Pair,
    deviation: Four,
    signal: Pair,
    changes: [Pair; BLOCK],
    deviations: [Four; BLOCK],
    macd_high: Series,
    macd_low: Series,
    signals: [Pair; BLOCK],
}

impl Recursion {
    pub(super) fn new() -> Self {
        let keep = SPANS.map(Ema::keep);
        Self {
            keep: Four { high: keep.map(|keep| keep.high), low: keep.map(|keep| keep.low) },
            keep_signal: Ema::keep(SIGNAL_SPAN),
            deviation: Four::ZERO,
            signal: Pair::ZERO,
            changes: [Pair::ZERO; BLOCK],
            deviations: [Four::ZERO; BLOCK],
            macd_high: Series::UNKNOWN,
            macd_low: Series::UNKNOWN,
            signals: [Pair::ZERO; BLOCK],
        }
    }

    /// Moves every average over the block. `is_start`: its first bar is the first of all, and seeds them.
    #[inline(always)]
    pub(super) fn advance(&mut self, close: &Series, is_start: bool) {
        for i in 0..BLOCK {
            self.changes[i] = Pair::difference(close.ago(i, 0), close.ago(i, 1));
        }
        if is_start {
            self.changes[0] = Pair::ZERO;
        }
        let (keep, mut deviation) = (self.keep, self.deviation);
        for i in 0..BLOCK {
            for lane in 0..4 {
                let pair = Ema::follow(deviation.lane(lane), self.changes[i], keep.lane(lane));
                deviation.high[lane] = pair.high;
                deviation.low[lane] = pair.low;
            }
            self.deviations[i] = deviation;
        }
        self.deviation = deviation;
        for i in 0..BLOCK {
            let macd = self.deviations[i].lane(2).minus(self.deviations[i].lane(3));
            self.macd_high.set(i, macd.high);
            self.macd_low.set(i, macd.low);
        }
        for i in 0..BLOCK {
            self.changes[i] = self.macd(i, 0).minus(self.macd(i, 1));
        }
        let mut signal = self.signal;
        for i in 0..BLOCK {
            signal = Ema::follow(signal, self.changes[i], self.keep_signal);
            self.signals[i] = signal;
        }
        self.signal = signal;
    }

    /// Fills the columns of the block that [`Recursion::advance`] has passed.
    #[inline(always)]
    pub(super) fn fill(&self, close: &Series, out: &mut [Column; WIDTH]) {
        for i in 0..BLOCK {
            out[EMA_10][i] = average(close.ago(i, 0), self.deviations[i].lane(0));
            out[EMA_20][i] = average(close.ago(i, 0), self.deviations[i].lane(1));
        }
        for i in 0..BLOCK {
            [out[MACD][i], out[MACD_SIGNAL][i], out[MACD_HIST][i]] = macd_trio(self.macd(i, 0), self.signals[i]);
        }
    }

    #[inline(always)]
    fn macd(&self, i: usize, age: usize) -> Pair {
        Pair { high: self.macd_high.ago(i, age), low: self.macd_low.ago(i, age) }
    }

    /// Starts anew.
    #[inline(always)]
    pub(super) fn forget(&mut self) {
        self.deviation = Four::ZERO;
        self.signal = Pair::ZERO;
        // The first macd is 0 and so is its change: the signal is seeded by it.
        self.macd_high.begin_with(0.0);
        self.macd_low.begin_with(0.0);
    }

    /// Makes this block the one before.
    #[inline(always)]
    pub(super) fn turn(&mut self) {
        self.macd_high.turn();
        self.macd_low.turn();
    }
}
