//! Averages of the close that lag less, and the speed of one that lags more.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Pairs, Smoothed, Window};

const FAMILY: &str = "trend_averages";
const MULLOY: &str =
    "Mulloy, Smoothing Data with Faster Moving Averages, Technical Analysis of Stocks and Commodities, 1994";
const HUTSON: &str = "Hutson, Good TRIX, Technical Analysis of Stocks and Commodities, 1983";

/// 20, 19 … 1, newest first.
const WEIGHTS: [f64; 20] = {
    let (mut weights, mut age) = ([0.0; 20], 0);
    while age < 20 {
        weights[age] = 20.0 - age as f64;
        age += 1;
    }
    weights
};

/// The last 20 closes and the cascades of averages.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct TrendAverages {
    closes: Window<f64, 20>,
    once_to_thrice_20: [Smoothed; 3],
    once_to_thrice_15: [Smoothed; 3],
    thrice_15: Pair,
}

impl Family for TrendAverages {
    // Settling: after k bars a start leaves q^k of one average and, α = 1 - q, q^k·(1 + kα) of the second and
    // q^k·(1 + kα + k(k+1)α²/2) of the third in a row, each at most a close off the close when the column begins.
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            "linearly weighted moving average",
            "wma_20",
            Unit::Price,
            19,
            "(20 close[t] + 19 close[t-1] + ... + 1 close[t-19]) / 210",
        )
        .not_negative(),
        Spec::column(
            FAMILY,
            MULLOY,
            "dema_20",
            Unit::Price,
            38,
            "2 e - E(e), e = E(close); E: exponential mean, a = 2/21, seeded by the mean of its first 20 values",
        )
        .settling(279),
        Spec::column(
            FAMILY,
            MULLOY,
            "tema_20",
            Unit::Price,
            57,
            "3 e - 3 E(e) + E(E(e)), e = E(close); E: exponential mean, a = 2/21, seeded by the mean of its first \
             20 values",
        )
        .settling(326),
        Spec::column(
            FAMILY,
            HUTSON,
            "trix_15",
            Unit::Ratio,
            43,
            "100 (x[t] / x[t-1] - 1), x = E(E(E(close))); E: exponential mean, a = 1/8, seeded by the mean of its \
             first 15 values",
        )
        // No average of averages falls faster than by its weight, 1/8.
        .within(-12.5, f64::INFINITY)
        .settling(286),
    ];

    fn new() -> Self {
        let cascade = |span: u32| std::array::from_fn(|_| Smoothed::exponential(span, span));
        Self {
            closes: Window::filled(f64::NAN),
            once_to_thrice_20: cascade(20),
            once_to_thrice_15: cascade(15),
            thrice_15: Pair::NAN,
        }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let close = Pair::exact(moment.bar.close);
        self.closes.push(moment.bar.close);
        let [once, twice, thrice] = smooth(&mut self.once_to_thrice_20, close);
        let [_, _, thrice_15] = smooth(&mut self.once_to_thrice_15, close);
        let before = std::mem::replace(&mut self.thrice_15, thrice_15);
        let trix = thrice_15.minus(before).times(Pair::exact(100.0)).divided_by(before);
        let three = Pair::exact(3.0);
        out.copy_from_slice(&[
            self.weighted().value(),
            once.scaled(2.0).minus(twice).value(),
            once.minus(twice).times(three).plus(thrice).value(),
            trix.value(),
        ]);
    }
}

impl TrendAverages {
    /// Mean of the closes with weights 20, 19 … 1, newest first.
    #[inline(always)]
    fn weighted(&self) -> Pair {
        Pairs::exact(*self.closes.values()).multiplied(&WEIGHTS).total().over(210.0)
    }
}

/// An average, the average of it, and the average of that.
#[inline(always)]
fn smooth(cascade: &mut [Smoothed; 3], value: Pair) -> [Pair; 3] {
    let once = cascade[0].update(value);
    let twice = cascade[1].update(once);
    [once, twice, cascade[2].update(twice)]
}
