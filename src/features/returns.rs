//! Relative change of the close over 1, 5 and 10 bars.
//!
//! Computed as `(c - c₀)·(1/c₀)`, corrected by its residual, not `c/c₀ - 1`: the subtraction of neighbouring closes is exact, the subtraction of 1 from
//! a number near 1 is not.

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::moment::Moment;
use super::spec::{Spec, Unit};
use crate::rolling::by_inverse;

const fn spec(name: &'static str, formula: &'static str, bars: usize) -> Spec {
    Spec {
        name,
        family: "returns",
        formula,
        unit: Unit::Ratio,
        first_finite: bars,
        settle_bars: bars + 1,
        range: (-1.0, f64::INFINITY),
        nullable: false,
        source: "simple return",
    }
}

/// State: none; the moment remembers the closes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Returns;

impl Family for Returns {
    const SPECS: &'static [Spec] = &[
        spec("return_1", "close[t] / close[t-1] - 1", 1),
        spec("return_5", "close[t] / close[t-5] - 1", 5),
        spec("return_10", "close[t] / close[t-10] - 1", 10),
    ];

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let over = |bars: usize| {
            let before = moment.close_ago(bars);
            relative(moment.bar.close, before, 1.0 / before)
        };
        out.copy_from_slice(&[moment.return_1.value(), over(5), over(10)]);
    }
}

/// Change of the close relative to an earlier one, whose inverse is given.
#[inline(always)]
pub(super) fn relative(now: f64, before: f64, inverse: f64) -> f64 {
    by_inverse(now - before, before, inverse)
}
