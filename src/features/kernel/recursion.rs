//! Columns that remember for ever: bar after bar, with the four averages of the close side by side in the lanes.

use super::block::{BLOCK, Column, LEAD, Series, UNKNOWN, ago, turn};
use crate::features::averages::average;
use crate::features::oscillators::macd_trio;
use crate::rolling::{Ema, Pair};

/// Spans of the averages of the close.
const SPANS: [u32; 4] = [10, 20, 12, 26];
const SIGNAL_SPAN: u32 = 9;

/// A number for each of the four averages.
type Four = [f64; 4];

/// State: the averages and the last macd; and room for a block of them.
pub(super) struct Recursion {
    keep_high: Four,
    keep_low: Four,
    keep_signal: Pair,
    deviation_high: Four,
    deviation_low: Four,
    signal: Pair,
    change_high: Column,
    change_low: Column,
    deviations_high: [Four; BLOCK],
    deviations_low: [Four; BLOCK],
    macd_high: Series,
    macd_low: Series,
    signal_high: Column,
    signal_low: Column,
}

impl Recursion {
    pub(super) fn new() -> Self {
        let keep = SPANS.map(Ema::keep);
        Self {
            keep_high: keep.map(|keep| keep.high),
            keep_low: keep.map(|keep| keep.low),
            keep_signal: Ema::keep(SIGNAL_SPAN),
            deviation_high: [0.0; 4],
            deviation_low: [0.0; 4],
            signal: Pair::ZERO,
            change_high: [0.0; BLOCK],
            change_low: [0.0; BLOCK],
            deviations_high: [[0.0; 4]; BLOCK],
            deviations_low: [[0.0; 4]; BLOCK],
            macd_high: UNKNOWN,
            macd_low: UNKNOWN,
            signal_high: [0.0; BLOCK],
            signal_low: [0.0; BLOCK],
        }
    }

    /// Moves every average over the block. `is_start`: its first bar is the first of all, and seeds them.
    #[inline(always)]
    pub(super) fn advance(&mut self, close: &Series, is_start: bool) {
        let Self { change_high, change_low, keep_high, keep_low, deviations_high, deviations_low, .. } = self;
        for i in 0..BLOCK {
            let change = Pair::difference(ago(close, i, 0), ago(close, i, 1));
            change_high[i] = change.high;
            change_low[i] = change.low;
        }
        if is_start {
            change_high[0] = 0.0;
            change_low[0] = 0.0;
        }
        let (mut high, mut low) = (self.deviation_high, self.deviation_low);
        for i in 0..BLOCK {
            let change = Pair { high: change_high[i], low: change_low[i] };
            for lane in 0..4 {
                let deviation = Pair { high: high[lane], low: low[lane] };
                let keep = Pair { high: keep_high[lane], low: keep_low[lane] };
                Pair { high: high[lane], low: low[lane] } = Ema::follow(deviation, change, keep);
            }
            deviations_high[i] = high;
            deviations_low[i] = low;
        }
        (self.deviation_high, self.deviation_low) = (high, low);
        self.follow_macd();
    }

    #[inline(always)]
    fn follow_macd(&mut self) {
        let Self { deviations_high, deviations_low, macd_high, macd_low, change_high, change_low, .. } = self;
        for i in 0..BLOCK {
            let deviation = |lane| Pair { high: deviations_high[i][lane], low: deviations_low[i][lane] };
            let macd = deviation(2).minus(deviation(3));
            macd_high[LEAD + i] = macd.high;
            macd_low[LEAD + i] = macd.low;
        }
        for i in 0..BLOCK {
            let macd = |age| Pair { high: ago(macd_high, i, age), low: ago(macd_low, i, age) };
            let change = macd(0).minus(macd(1));
            change_high[i] = change.high;
            change_low[i] = change.low;
        }
        let (mut signal, keep) = (self.signal, self.keep_signal);
        for i in 0..BLOCK {
            signal = Ema::follow(signal, Pair { high: change_high[i], low: change_low[i] }, keep);
            self.signal_high[i] = signal.high;
            self.signal_low[i] = signal.low;
        }
        self.signal = signal;
    }

    /// Fills `ema_10`, `ema_20`, `macd`, its signal and its histogram for the block that [`Recursion::advance`] has passed.
    #[inline(always)]
    pub(super) fn fill(&self, close: &Series, out: [&mut Column; 5]) {
        let [ema_10, ema_20, macd, macd_signal, macd_hist] = out;
        let Self { deviations_high, deviations_low, macd_high, macd_low, signal_high, signal_low, .. } = self;
        for i in 0..BLOCK {
            let deviation = |lane| Pair { high: deviations_high[i][lane], low: deviations_low[i][lane] };
            ema_10[i] = average(ago(close, i, 0), deviation(0));
            ema_20[i] = average(ago(close, i, 0), deviation(1));
        }
        for i in 0..BLOCK {
            let pair = Pair { high: ago(macd_high, i, 0), low: ago(macd_low, i, 0) };
            let signal = Pair { high: signal_high[i], low: signal_low[i] };
            [macd[i], macd_signal[i], macd_hist[i]] = macd_trio(pair, signal);
        }
    }

    /// Starts anew.
    pub(super) fn forget(&mut self) {
        (self.deviation_high, self.deviation_low) = ([0.0; 4], [0.0; 4]);
        self.signal = Pair::ZERO;
        // The first macd is 0 and so is its change: the signal is seeded by it.
        self.macd_high[..LEAD].fill(0.0);
        self.macd_low[..LEAD].fill(0.0);
    }

    /// Makes this block the one before.
    #[inline(always)]
    pub(super) fn turn(&mut self) {
        turn(&mut self.macd_high);
        turn(&mut self.macd_low);
    }
}
