//! Shape of the single bar.

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::moment::Moment;
use super::spec::{Spec, Unit};
use crate::rolling::by_inverse;

const fn spec(name: &'static str, formula: &'static str, lowest: f64) -> Spec {
    Spec {
        name,
        family: "candle",
        formula,
        unit: Unit::Ratio,
        first_finite: 0,
        settle_bars: 1,
        range: (lowest, f64::INFINITY),
        nullable: false,
        source: "ratio of the bar's prices",
    }
}

/// State: none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Candle;

impl Family for Candle {
    const SPECS: &'static [Spec] = &[
        spec("high_low_ratio", "high / low", 1.0),
        spec("close_high_ratio", "close / high", 0.0),
        spec("close_low_ratio", "close / low", 0.0),
    ];

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let bar = moment.bar;
        out.copy_from_slice(&ratios(bar.high, bar.low, bar.close));
    }
}

/// high/low, close/high and close/low.
#[inline(always)]
pub(super) fn ratios(high: f64, low: f64, close: f64) -> [f64; 3] {
    let inverse_low = 1.0 / low;
    [by_inverse(high, low, inverse_low), close / high, by_inverse(close, low, inverse_low)]
}
