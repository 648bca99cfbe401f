//! Rate of change of the close, in percent.

use serde::{Deserialize, Serialize};

use crate::features::family::Family;
use crate::features::moment::Moment;
use crate::features::spec::{Spec, Unit};
use crate::rolling::Ring;

const fn spec(name: &'static str, formula: &'static str, bars: usize) -> Spec {
    Spec {
        name,
        family: "roc",
        formula,
        unit: Unit::Ratio,
        first_finite: bars,
        settle_bars: bars + 1,
        range: (-100.0, f64::INFINITY),
        nullable: false,
        source: "rate of change x 100, as TA-Lib ROC",
    }
}

/// The last closes; the moment remembers fewer than 20.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Roc {
    closes: Ring<f64, 32>,
}

impl Family for Roc {
    const SPECS: &'static [Spec] = &[
        spec("roc_5", "100 (close[t] / close[t-5] - 1)", 5),
        spec("roc_10", "100 (close[t] / close[t-10] - 1)", 10),
        spec("roc_20", "100 (close[t] / close[t-20] - 1)", 20),
    ];

    fn new() -> Self {
        Self { closes: Ring::filled(f64::NAN) }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let close = moment.bar.close;
        self.closes.push(close);
        // (c - c₀)/c₀: the subtraction of neighbouring closes is exact, that of 1 from a number near 1 is not.
        let over = |bars: usize| {
            let before = self.closes.ago(bars);
            100.0 * ((close - before) / before)
        };
        out.copy_from_slice(&[over(5), over(10), over(20)]);
    }
}
