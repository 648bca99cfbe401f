//! Sample standard deviation of the one-bar returns.

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::moment::Moment;
use super::spec::{Spec, Unit};
use crate::rolling::Spreads;

const fn spec(name: &'static str, formula: &'static str, returns: usize) -> Spec {
    Spec {
        name,
        family: "volatility",
        formula,
        unit: Unit::Ratio,
        // `returns` returns need one close more.
        first_finite: returns,
        settle_bars: returns + 1,
        range: (0.0, f64::INFINITY),
        nullable: false,
        source: "sample standard deviation, n-1",
    }
}

/// Window variances of the returns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Volatility {
    returns: Spreads,
}

impl Family for Volatility {
    const SPECS: &'static [Spec] = &[
        spec("volatility_10", "sample standard deviation (n-1) of the last 10 values of return_1", 10),
        spec("volatility_20", "sample standard deviation (n-1) of the last 20 values of return_1", 20),
    ];

    fn new() -> Self {
        Self { returns: Spreads::new() }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let variances = self.returns.update(moment.return_1);
        out.copy_from_slice(&[variances.last_10.sqrt(), variances.last_20.sqrt()]);
    }
}
