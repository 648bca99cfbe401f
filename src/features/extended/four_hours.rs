//! Columns of 4-hour buckets built from the bars themselves; only what has ended is looked at.

use serde::{Deserialize, Serialize};

use super::buckets::{Buckets, change};
use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Pairs, Window, pairs};

/// The bucket being filled and the closes of those completed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct FourHours {
    buckets: Buckets,
    closes: Window<f64, 15>,
    /// The columns, which change when a bucket ends.
    row: [f64; 3],
}

const fn row(name: &'static str, unit: Unit, first_finite: usize, formula: &'static str) -> Spec {
    Spec::column("four_hours", "resampled bars, UTC", name, unit, first_finite, formula).never_settling().or_nan()
}

impl Family for FourHours {
    // A bucket is known once a bar before it and a bar after it have come. How many bars that takes depends on the
    // interval: `first_finite` is the fewest (a bar per bucket), the columns are NaN until then, and once finite they do
    // not depend on where the history starts.
    const SPECS: &'static [Spec] = &[
        row(
            "return_1_4h",
            Unit::Ratio,
            3,
            "b[1] / b[2] - 1, b[k] = close of the k-th last completed bucket of 4 hours of UTC (0, 4, 8 ...); \
             completed: a bar of an earlier and one of a later bucket have come; NaN until 2 are",
        )
        .within(-1.0, f64::INFINITY),
        row(
            "sma_ratio_5_4h",
            Unit::Ratio,
            6,
            "b[1] / mean of b[1..5] - 1, b as in return_1_4h; NaN until 5 are completed",
        )
        .within(-1.0, 4.0),
        row(
            "rsi_14_4h",
            Unit::Percent,
            16,
            "100 G / (G + L), sums of gains and losses over the 14 changes of b[15], b[14] ... b[1], b as in \
             return_1_4h; 50 when G = L = 0; NaN until 15 are completed",
        )
        .within(0.0, 100.0),
    ];

    fn new() -> Self {
        Self { buckets: Buckets::of(4 * 3_600), closes: Window::filled(f64::NAN), row: [f64::NAN; 3] }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        if let Some(ended) = self.buckets.update(moment.bar) {
            self.closes.push(ended.close);
            let newest = Pair::exact(self.closes.ago(0));
            let mean_of_5 = pairs::total_exact(&self.closes.values()[..5]).over(5.0);
            self.row = [
                change(newest, Pair::exact(self.closes.ago(1))),
                change(newest, mean_of_5),
                index(self.closes.values()),
            ];
        }
        out.copy_from_slice(&self.row);
    }
}

/// RSI with plain means over closes, newest first.
#[inline(always)]
fn index(closes: &[f64; 15]) -> f64 {
    let mut changes = Pairs::exact([0.0; 14]);
    for age in 0..14 {
        let change = Pair::difference(closes[age], closes[age + 1]);
        (changes.high[age], changes.low[age]) = (change.high, change.low);
    }
    let path = changes.magnitudes().total();
    // Twice the gains are the path and the net change.
    let gains = path.plus(changes.total()).scaled(0.5);
    gains.times(Pair::exact(100.0)).share_of(path, 50.0).value()
}
