//! Volume by the direction of the close, by its own spread, and by price.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use super::typical::typical;
use crate::rolling::{Pair, Smoothed, Window};

const FAMILY: &str = "volume_flow";
const GRANVILLE: &str = "Granville, New Key to Stock Market Profits, 1963";
const VWAP: &str = "volume-weighted average price over a rolling window";

/// Windows of volume, signed volume and turnover, the cumulative line, the smoothed force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct VolumeFlow {
    balance: Pair,
    signed: Window<Pair, 20>,
    volumes: Window<Pair, 20>,
    prices: Window<Pair, 20>,
    force: Smoothed,
}

impl Family for VolumeFlow {
    // Settling of the force: the seed's share is (6/7)^k, k bars after bar 13.
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            GRANVILLE,
            "obv",
            Unit::Volume,
            0,
            "b[0] = volume[0]; b[t] = b[t-1] + volume[t] sign(close[t] - close[t-1])",
        )
        .never_settling(),
        Spec::column(
            FAMILY,
            GRANVILLE,
            "obv_20",
            Unit::Volume,
            20,
            "sum of volume[t] sign(close[t] - close[t-1]) over the last 20 bars",
        ),
        Spec::column(
            FAMILY,
            GRANVILLE,
            "obv_ratio_20",
            Unit::Ratio,
            20,
            "obv_20 / sum of the last 20 volumes; 0 when that is 0",
        )
        .within(-1.0, 1.0),
        Spec::column(
            FAMILY,
            "Elder, Trading for a Living, 1993",
            "force_index_13",
            Unit::PriceVolume,
            13,
            "f[13] = mean of x[1..13]; f[t] = a x[t] + (1-a) f[t-1], a = 1/7, x = (close[t] - close[t-1]) volume[t]",
        )
        .settling(149),
        Spec::column(
            FAMILY,
            VWAP,
            "vwap_20",
            Unit::Price,
            19,
            "sum of p volume / sum of volume over the last 20 bars, p = (high + low + close) / 3; NaN when there is no \
             volume",
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
            "(volume - m) / s, m and s mean and sample standard deviation (n-1) of the last 20 volumes; 0 when s = 0",
        )
        .within(-4.248_529_157_249_601, 4.248_529_157_249_601),
    ];

    fn new() -> Self {
        Self {
            balance: Pair::ZERO,
            signed: Window::filled(Pair::NAN),
            volumes: Window::filled(Pair::NAN),
            prices: Window::filled(Pair::NAN),
            force: Smoothed::exponential(13, 13),
        }
    }

    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let bar = moment.bar;
        let volume = Pair::exact(bar.volume);
        let change = moment.change;
        let signed = match change.value() {
            up if up > 0.0 => volume,
            down if down < 0.0 => volume.negated(),
            none => Pair::exact(none),
        };
        self.balance = self.balance.plus(if signed.high.is_nan() { volume } else { signed }).normal();
        self.signed.push(signed);
        self.volumes.push(volume);
        self.prices.push(typical(bar));
        let (net, total) = (self.signed.sum(), self.volumes.sum());
        let share = if total.is_zero() && !net.value().is_nan() { Pair::ZERO } else { net.divided_by(total) };
        // Three times the price's distance from the close: small numbers, so the close loses nothing beside them.
        let close = Pair::exact(bar.close);
        let triple = close.scaled(2.0).plus(close);
        let distances = self.prices.iter().map(|price| price.minus(triple));
        let weighed = Pair::total(distances.zip(self.volumes.iter()).map(|(distance, volume)| distance.times(volume)));
        let offset = weighed.divided_by(total).over(3.0);
        let average = close.plus(offset);
        let spread = self.volumes.deviations();
        let deviation = spread.standard_deviation(1);
        let score = spread.from_mean[0].share_of(deviation, 0.0).value();
        out.copy_from_slice(&[
            self.balance.value(),
            net.value(),
            share.value(),
            self.force.update(change.times(volume)).value(),
            average.value(),
            offset.negated().divided_by(average).value(),
            score,
        ]);
    }
}
