//! Kaufman's efficiency ratio and the average that follows it.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, PairWindow};

const FAMILY: &str = "kaufman";
const SOURCE: &str = "Kaufman, Smarter Trading, 1995";

/// The last 10 changes, the close before and the average.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Kaufman {
    changes: PairWindow<10>,
    before: Pair,
    average: Pair,
}

impl Family for Kaufman {
    // Settling: the slowest step is (2/31)^2, so a start leaves at most (1 - 4/961)^k, k bars after bar 9.
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            SOURCE,
            "efficiency_ratio_10",
            Unit::Ratio,
            10,
            "abs(close[t] - close[t-10]) / sum of abs(close[i] - close[i-1]) over the last 10 bars; 1 when that \
             is 0",
        )
        .within(0.0, 1.0),
        Spec::column(
            FAMILY,
            SOURCE,
            "kama_10",
            Unit::Price,
            10,
            "k[9] = close[9]; k[t] = k[t-1] + c (close[t] - k[t-1]), c = (2/31 + efficiency_ratio_10 (2/3 - \
             2/31))^2",
        )
        .not_negative()
        .settling(4_979),
    ];

    fn new() -> Self {
        Self { changes: PairWindow::empty(), before: Pair::NAN, average: Pair::NAN }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let close = Pair::exact(moment.bar.close);
        self.changes.push(moment.change);
        let net = self.changes.sum().magnitude();
        let path = self.changes.values().magnitudes().total();
        let efficiency = net.share_of(path, 1.0);
        // 2/31 + e (2/3 - 2/31) = (6 + 56 e) / 93
        let pace = Pair::exact(6.0).plus(efficiency.times(Pair::exact(56.0))).over(93.0).squared();
        if efficiency.value().is_nan() {
            self.average = Pair::NAN;
        } else {
            let start = if self.average.high.is_nan() { self.before } else { self.average };
            self.average = start.plus(close.minus(start).times(pace)).normal();
        }
        self.before = close;
        out.copy_from_slice(&[efficiency.value(), self.average.value()]);
    }
}
