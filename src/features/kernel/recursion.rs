//! Columns that remember for ever: bar after bar, with the averages side by side in the lanes.

use super::ahead::Ahead;
use super::block::{BLOCK, Column, Series, ago};
use crate::features::oscillators::macd_trio;
use crate::rolling::{Ema, Pair, PlainEma};

/// Spans of the exact averages, from which the macd is made; the fourth lane goes idle.
const EXACT_SPANS: [u32; 4] = [9, 12, 26, 26];
/// Spans of the plain averages, which are columns themselves.
const PLAIN_SPANS: [u32; 2] = [10, 20];

/// A number for each lane of exact averages.
type Four = [f64; 4];
/// A number for each plain average.
type Two = [f64; 2];

/// The averages' distances from the close now, and through a block.
pub(super) struct Recursion {
    keep_high: Four,
    keep_low: Four,
    keep_plain: Two,
    high: Four,
    low: Four,
    plain: Two,
    change_high: Column,
    change_low: Column,
    highs: [Four; BLOCK],
    lows: [Four; BLOCK],
    plains: [Two; BLOCK],
}

impl Recursion {
    pub(super) fn new() -> Self {
        let keep = EXACT_SPANS.map(Ema::keep);
        Self {
            keep_high: keep.map(|keep| keep.high),
            keep_low: keep.map(|keep| keep.low),
            keep_plain: PLAIN_SPANS.map(PlainEma::keep),
            high: [0.0; 4],
            low: [0.0; 4],
            plain: [0.0; 2],
            change_high: [0.0; BLOCK],
            change_low: [0.0; BLOCK],
            highs: [[0.0; 4]; BLOCK],
            lows: [[0.0; 4]; BLOCK],
            plains: [[0.0; 2]; BLOCK],
        }
    }

    /// Moves every average over the block. `is_start`: its first bar is the first of all, and seeds them.
    #[inline(always)]
    pub(super) fn advance(&mut self, close: &Series, is_start: bool, ahead: &mut Ahead) {
        let Self { change_high, change_low, keep_high, keep_low, keep_plain, highs, lows, plains, .. } = self;
        for i in 0..BLOCK {
            let change = Pair::difference(ago(close, i, 0), ago(close, i, 1));
            change_high[i] = change.high;
            change_low[i] = change.low;
        }
        ahead.ask();
        // The first bar has no change, which windows must know; averages are seeded by a change of nothing.
        let first = Pair { high: change_high[0], low: change_low[0] };
        if is_start {
            change_high[0] = 0.0;
            change_low[0] = 0.0;
        }
        let (mut high, mut low, mut plain) = (self.high, self.low, self.plain);
        for i in 0..BLOCK {
            let change = Pair { high: change_high[i], low: change_low[i] };
            for lane in 0..4 {
                let deviation = Pair { high: high[lane], low: low[lane] };
                let keep = Pair { high: keep_high[lane], low: keep_low[lane] };
                Pair { high: high[lane], low: low[lane] } = Ema::follow(deviation, change, keep);
            }
            for lane in 0..2 {
                plain[lane] = PlainEma::follow(plain[lane], change.high, keep_plain[lane]);
            }
            highs[i] = high;
            lows[i] = low;
            plains[i] = plain;
        }
        ahead.ask();
        change_high[0] = first.high;
        change_low[0] = first.low;
        (self.high, self.low, self.plain) = (high, low, plain);
    }

    /// Changes of the close over the block, high parts and low parts.
    #[inline(always)]
    pub(super) fn changes(&self) -> [&Column; 2] {
        [&self.change_high, &self.change_low]
    }

    /// Fills `ema_10`, `ema_20`, `macd`, its signal and its histogram for the block that [`Recursion::advance`] has passed.
    #[inline(always)]
    pub(super) fn fill(&self, close: &Series, out: [&mut Column; 5], ahead: &mut Ahead) {
        let [ema_10, ema_20, macd, macd_signal, macd_hist] = out;
        let Self { highs, lows, plains, .. } = self;
        for i in 0..BLOCK {
            ema_10[i] = ago(close, i, 0) + plains[i][0];
            ema_20[i] = ago(close, i, 0) + plains[i][1];
        }
        ahead.ask();
        for i in 0..BLOCK {
            let average = |lane| Pair { high: highs[i][lane], low: lows[i][lane] };
            [macd[i], macd_signal[i], macd_hist[i]] = macd_trio([average(0), average(1), average(2)]);
        }
        ahead.ask();
    }

    /// Starts anew.
    pub(super) fn forget(&mut self) {
        (self.high, self.low, self.plain) = ([0.0; 4], [0.0; 4], [0.0; 2]);
    }
}
