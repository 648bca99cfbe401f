//! Lambert's commodity channel index.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use super::typical::typical;
use crate::rolling::{Pair, PairWindow};

/// The last 20 typical prices, three times each.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Cci {
    prices: PairWindow<20>,
}

impl Family for Cci {
    const SPECS: &'static [Spec] = &[
        // One price apart from 19 equal ones lies 10 mean deviations from the mean, none lies further: 10/0.015.
        Spec::column(
            "cci",
            "Lambert, Commodity Channel Index, Commodities magazine, 1980",
            "cci_20",
            Unit::Ratio,
            19,
            "(p - m) / (0.015 d), p = (high + low + close) / 3, m = mean of its last 20 values, d = mean of \
             abs(p[i] - m) over the same 20; 0 when d = 0",
        )
        .within(-2_000.0 / 3.0, 2_000.0 / 3.0),
    ];

    fn new() -> Self {
        Self { prices: PairWindow::empty() }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        self.prices.push(typical(moment.bar));
        let deviations = self.prices.deviations();
        let spread = deviations.from_mean.magnitudes().total();
        // 20 / 0.015 = 4000 / 3; thirds cancel.
        let scaled = deviations.from_mean.at(0).times(Pair::exact(4_000.0)).over(3.0);
        out[0] = scaled.share_of(spread, 0.0).value();
    }
}
