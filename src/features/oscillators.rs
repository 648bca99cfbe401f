//! RSI over plain means and the MACD trio.

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::moment::Moment;
use super::spec::{Spec, Unit};
use crate::rolling::{Ema, Pair, Sums};

const fn macd_spec(name: &'static str, formula: &'static str, settle_bars: usize) -> Spec {
    Spec {
        name,
        family: "oscillators",
        formula,
        unit: Unit::Price,
        first_finite: 0,
        settle_bars,
        range: (f64::NEG_INFINITY, f64::INFINITY),
        nullable: false,
        source: "Appel, moving average convergence/divergence, 1979",
    }
}

const RSI: Spec = Spec {
    name: "rsi_14",
    family: "oscillators",
    formula: "100 G / (G + L), means of gains and losses over the last 14 changes of the close; 50 when G = L = 0",
    unit: Unit::Percent,
    first_finite: 14,
    settle_bars: 15,
    range: (0.0, 100.0),
    nullable: false,
    source: "Wilder 1978, with Cutler's plain means",
};

/// Sums of the close's changes and the three averages of the MACD.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Oscillators {
    gains: Sums,
    changes: Sums,
    ema_12: Ema,
    ema_26: Ema,
    signal: Ema,
    macd: Pair,
}

impl Family for Oscillators {
    // Settling: what the start of ema_26 leaves is q^m, q = 25/27, after m = bars-1 changes (that of ema_12 has long
    // gone). The signal passes it on times 0.2/(1 - 0.8/q) = 1.4706, the histogram times 0.4706. Each is the first
    // number of bars that brings it to 1e-9 of the close.
    const SPECS: &'static [Spec] = &[
        RSI,
        macd_spec("macd", "ema_12 - ema_26 of the close", 271),
        macd_spec("macd_signal", "ema_9 of macd, seeded by its first value", 276),
        macd_spec("macd_hist", "macd - macd_signal", 261),
    ];

    fn new() -> Self {
        Self {
            gains: Sums::new(),
            changes: Sums::new(),
            ema_12: Ema::new(12),
            ema_26: Ema::new(26),
            signal: Ema::new(9),
            macd: Pair::ZERO,
        }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let change = moment.change_or_seed();
        let macd = self.ema_12.update(change).minus(self.ema_26.update(change));
        // The first macd is 0, where `self.macd` starts: the signal is seeded by it.
        let signal_less_macd = self.signal.update(macd.minus(self.macd));
        self.macd = macd;
        let (gain, size) = gain_and_size(moment.change.high);
        let (gains, total) = (self.gains.update(gain).last_14, self.changes.update(size).last_14);
        out[0] = rsi(gains, total);
        out[1..].copy_from_slice(&macd_trio(macd, signal_less_macd));
    }
}

/// A change's gain (itself or 0) and its size; NaN in, NaN out. The change is a plain difference of two closes.
#[inline(always)]
pub(super) fn gain_and_size(change: f64) -> (f64, f64) {
    // |Δ| + Δ is 2Δ or 0, exactly; unlike `max` it lets NaN through.
    (0.5 * (change.abs() + change), change.abs())
}

/// RSI from the sum of gains and the sum of the changes' sizes; NaN in, NaN out.
#[inline(always)]
pub(super) fn rsi(gains: f64, total: f64) -> f64 {
    // The quotient first: gains ≤ total holds in every rounding, so the result stays within 0..=100.
    if total == 0.0 { 50.0 } else { 100.0 * (gains / total) }
}

/// macd, its signal and the histogram from the macd and the signal's distance from it.
#[inline(always)]
pub(super) fn macd_trio(macd: Pair, signal_less_macd: Pair) -> [f64; 3] {
    [macd.value(), macd.plus(signal_less_macd).value(), 0.0 - signal_less_macd.value()]
}
