//! Change of the close over 5 bars, and the change of that change.

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::moment::Moment;
use super::spec::{Spec, Unit};
use crate::rolling::Pair;

const fn spec(name: &'static str, formula: &'static str, first_finite: usize) -> Spec {
    Spec {
        name,
        family: "momentum",
        formula,
        unit: Unit::Price,
        first_finite,
        settle_bars: first_finite + 1,
        range: (f64::NEG_INFINITY, f64::INFINITY),
        nullable: false,
        source: "difference of closes",
    }
}

/// State: none; the moment remembers the closes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Momentum;

impl Family for Momentum {
    const SPECS: &'static [Spec] = &[
        spec("momentum_5", "close[t] - close[t-5]", 5),
        spec("acceleration_5", "momentum_5[t] - momentum_5[t-5]", 10),
    ];

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        out.copy_from_slice(&momenta(moment.bar.close, moment.close_ago(5), moment.close_ago(10)));
    }
}

/// Momentum and acceleration from the closes now, 5 bars ago and 10 bars ago.
#[inline(always)]
pub(super) fn momenta(now: f64, before: f64, long_before: f64) -> [f64; 2] {
    let momentum = Pair::difference(now, before);
    // Pairs, because after a jump the two momenta may be large and nearly cancel.
    let earlier = Pair::difference(before, long_before);
    [momentum.value(), momentum.minus(earlier).value()]
}
