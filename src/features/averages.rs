//! Plain and exponential means of the close.

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::moment::Moment;
use super::spec::{Spec, Unit};
use crate::rolling::{Ema, Pair, Sums, by_inverse};

const fn spec(name: &'static str, formula: &'static str, first_finite: usize, settle_bars: usize) -> Spec {
    Spec {
        name,
        family: "averages",
        formula,
        unit: Unit::Price,
        first_finite,
        settle_bars,
        range: (0.0, f64::INFINITY),
        nullable: false,
        source: "simple and exponential moving average, seeded by the first close",
    }
}

/// Window sums of the close and two exponential means.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Averages {
    closes: Sums,
    ema_10: Ema,
    ema_20: Ema,
}

impl Family for Averages {
    // Settling of an average over `span`: ((span-1)/(span+1))^(bars-1) ≤ 1e-9.
    const SPECS: &'static [Spec] = &[
        spec("sma_10", "mean of the last 10 closes", 9, 10),
        spec("sma_20", "mean of the last 20 closes", 19, 20),
        spec("ema_10", "e[0] = close[0]; e[t] = a close[t] + (1-a) e[t-1], a = 2/11", 0, 105),
        spec("ema_20", "e[0] = close[0]; e[t] = a close[t] + (1-a) e[t-1], a = 2/21", 0, 209),
    ];

    fn new() -> Self {
        Self { closes: Sums::new(), ema_10: Ema::new(10), ema_20: Ema::new(20) }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let change = moment.change_or_seed();
        let totals = self.closes.update(moment.bar.close);
        out.copy_from_slice(&[
            mean_of_10(totals.last_10),
            mean_of_20(totals.last_20),
            average(moment.bar.close, self.ema_10.update(change)),
            average(moment.bar.close, self.ema_20.update(change)),
        ]);
    }
}

/// Mean of 10 values from their sum.
#[inline(always)]
pub(super) fn mean_of_10(total: f64) -> f64 {
    by_inverse(total, 10.0, 0.1)
}

/// Mean of 20 values from their sum.
#[inline(always)]
pub(super) fn mean_of_20(total: f64) -> f64 {
    by_inverse(total, 20.0, 0.05)
}

/// The average that stands `deviation` above the close.
#[inline(always)]
pub(super) fn average(close: f64, deviation: Pair) -> f64 {
    close + deviation.value()
}
