//! Oscillators of the bar's place and middle: Williams' two, and the balance of power.

use serde::{Deserialize, Serialize};

use super::before::Before;
use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, PairWindow, pairs};

const FAMILY: &str = "swing";

/// The bar before, 28 values of buying pressure and range, 34 bar middles.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Swing {
    before: Before,
    pressure: PairWindow<28>,
    range: PairWindow<28>,
    middles: PairWindow<34>,
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
            pressure: PairWindow::empty(),
            range: PairWindow::empty(),
            middles: PairWindow::empty(),
        }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let bar = moment.bar;
        let before = self.before.replace(bar);
        let floor = if before.close.is_nan() { f64::NAN } else { bar.low.min(before.close) };
        self.pressure.push(Pair::difference(bar.close, floor));
        self.range.push(before.true_range(bar));
        let (pressures, ranges) = (sums(&self.pressure), sums(&self.range));
        let share = |place: usize| pressures[place].share_of(ranges[place], 0.5);
        let weighed = share(0).scaled(4.0).plus(share(1).scaled(2.0)).plus(share(2));
        // Twice the middle less twice the close: small numbers, whose means differ as the middles' do.
        self.middles.push(Pair::sum(bar.high, bar.low));
        let distances = self.middles.values().less(self.middles.ago(0));
        let mean_of_5 = pairs::total(&distances.high[..5], &distances.low[..5]).over(5.0);
        let mean_of_34 = distances.total().over(34.0);
        let body = Pair::difference(bar.close, bar.open);
        out.copy_from_slice(&[
            weighed.times(Pair::exact(100.0)).over(7.0).value(),
            body.share_of(Pair::difference(bar.high, bar.low), 0.0).value(),
            mean_of_5.minus(mean_of_34).scaled(0.5).value(),
        ]);
    }
}

/// Sums of the newest 7, 14 and 28 values.
#[inline(always)]
fn sums(window: &PairWindow<28>) -> [Pair; 3] {
    let values = window.values();
    let newest = pairs::total(&values.high[..7], &values.low[..7]);
    let fourteen = newest.plus(pairs::total(&values.high[7..14], &values.low[7..14]));
    [newest, fourteen, fourteen.plus(pairs::total(&values.high[14..], &values.low[14..]))]
}
