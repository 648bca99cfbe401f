//! The price that volume paid, and how unusual the volume is.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use super::typical::typical;
use crate::rolling::{Pair, PairWindow, Window};

const FAMILY: &str = "vwap";
const VWAP: &str = "volume-weighted average price over a rolling window";

/// The last 20 volumes and typical prices, three times each.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Vwap {
    volumes: Window<f64, 20>,
    prices: PairWindow<20>,
}

impl Family for Vwap {
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            VWAP,
            "vwap_20",
            Unit::Price,
            19,
            "sum of p volume / sum of volume over the last 20 bars, p = (high + low + close) / 3; NaN when there \
             is no volume",
        )
        .not_negative()
        .or_nan(),
        Spec::column(
            FAMILY,
            VWAP,
            "vwap_deviation_20",
            Unit::Ratio,
            19,
            "close / vwap_20 - 1; NaN when there is no volume",
        )
        .within(-1.0, f64::INFINITY)
        .or_nan(),
        // No value of n lies further than (n-1)/sqrt(n) sample deviations from their mean.
        Spec::column(
            FAMILY,
            "standard score",
            "volume_zscore_20",
            Unit::Ratio,
            19,
            "(volume - m) / s, m and s mean and sample standard deviation (n-1) of the last 20 volumes; 0 when s \
             = 0",
        )
        .within(-4.248_529_157_249_601, 4.248_529_157_249_601),
    ];

    fn new() -> Self {
        Self { volumes: Window::filled(f64::NAN), prices: PairWindow::empty() }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        self.volumes.push(moment.bar.volume);
        self.prices.push(typical(moment.bar));
        // Three times the price's distance from the close: small numbers, so the close loses nothing beside them.
        let close = Pair::exact(moment.bar.close);
        let triple = close.scaled(2.0).plus(close);
        let weighed = self.prices.values().less(triple).multiplied(self.volumes.values()).total();
        // NaN without volume: the quotient is.
        let offset = weighed.divided_by(self.volumes.sum()).over(3.0);
        let average = close.plus(offset);
        let volumes = self.volumes.deviations();
        out.copy_from_slice(&[
            average.value(),
            offset.negated().divided_by(average).value(),
            volumes.from_mean.at(0).share_of(volumes.standard_deviation(1), 0.0).value(),
        ]);
    }
}
