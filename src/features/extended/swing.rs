//! Oscillators of the bar's place and middle: Williams' two, and the balance of power.

use serde::{Deserialize, Serialize};

use super::before::Before;
use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Window};

const FAMILY: &str = "swing";

/// The bar before, 28 values of buying pressure and range, 34 bar middles.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Swing {
    before: Before,
    pressure: Window<Pair, 28>,
    range: Window<Pair, 28>,
    middles: Window<Pair, 34>,
}

impl Family for Swing {
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            "Williams, The Ultimate Oscillator, Technical Analysis of Stocks and Commodities, 1985",
            "ultimate_oscillator_7_14_28",
            Unit::Percent,
            28,
            "100 (4 q(7) + 2 q(14) + q(28)) / 7, q(n) = sum of close - min(low, close[t-1]) / sum of true_range \
             over the last n bars; q = 0.5 where the latter is 0",
        )
        .within(0.0, 100.0),
        Spec::column(
            FAMILY,
            "Livshin, Balance of Market Power, Technical Analysis of Stocks and Commodities, 2001",
            "balance_of_power",
            Unit::Ratio,
            0,
            "(close - open) / (high - low); 0 when high = low",
        )
        .within(-1.0, 1.0),
        Spec::column(
            FAMILY,
            "Williams, New Trading Dimensions, 1998",
            "awesome_oscillator_5_34",
            Unit::Price,
            33,
            "mean of the last 5 values of (high + low) / 2 less the mean of the last 34",
        ),
    ];

    fn new() -> Self {
        Self {
            before: Before::NONE,
            pressure: Window::filled(Pair::NAN),
            range: Window::filled(Pair::NAN),
            middles: Window::filled(Pair::NAN),
        }
    }

    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let bar = moment.bar;
        let before = self.before.replace(bar);
        let floor = if before.close.is_nan() { f64::NAN } else { bar.low.min(before.close) };
        self.pressure.push(Pair::difference(bar.close, floor));
        self.range.push(before.true_range(bar));
        let share = |bars: usize| self.pressure.sum_of(bars).share_of(self.range.sum_of(bars), 0.5);
        let weighed = share(7).scaled(4.0).plus(share(14).scaled(2.0)).plus(share(28));
        // Twice the middle less twice the close: small numbers, whose means differ as the middles' do.
        self.middles.push(Pair::sum(bar.high, bar.low));
        let newest = self.middles.ago(0);
        let mean = |bars: usize| {
            Pair::total(self.middles.iter().take(bars).map(|middle| middle.minus(newest))).over(bars as f64)
        };
        let body = Pair::difference(bar.close, bar.open);
        out.copy_from_slice(&[
            weighed.times(Pair::exact(100.0)).over(7.0).value(),
            body.share_of(Pair::difference(bar.high, bar.low), 0.0).value(),
            mean(5).minus(mean(34)).scaled(0.5).value(),
        ]);
    }
}
