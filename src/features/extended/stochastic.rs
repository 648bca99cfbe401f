//! Lane's stochastic oscillator and Williams' %R: the close within the range of the last 14 bars.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, PairWindow, Window};

const FAMILY: &str = "stochastic";
const LANE: &str = "Lane, Lane's Stochastics, Technical Analysis of Stocks and Commodities, 1984";
const WILLIAMS: &str = "Williams, How I Made One Million Dollars, 1973";

/// The last 14 highs and lows, and three values of either line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Stochastic {
    highs: Window<f64, 14>,
    lows: Window<f64, 14>,
    fast: PairWindow<3>,
    slow: PairWindow<3>,
}

impl Family for Stochastic {
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            LANE,
            "stoch_k_14",
            Unit::Percent,
            13,
            "100 (close - L) / (H - L), H highest high and L lowest low of the last 14 bars; 50 when H = L",
        )
        .within(0.0, 100.0),
        Spec::column(FAMILY, LANE, "stoch_k_14_3", Unit::Percent, 15, "mean of the last 3 values of stoch_k_14")
            .within(0.0, 100.0),
        Spec::column(FAMILY, LANE, "stoch_d_14_3", Unit::Percent, 17, "mean of the last 3 values of stoch_k_14_3")
            .within(0.0, 100.0),
        Spec::column(
            FAMILY,
            WILLIAMS,
            "williams_r_14",
            Unit::Ratio,
            13,
            "-100 (H - close) / (H - L), H highest high and L lowest low of the last 14 bars; -50 when H = L",
        )
        .within(-100.0, 0.0),
    ];

    fn new() -> Self {
        Self {
            highs: Window::filled(f64::NAN),
            lows: Window::filled(f64::NAN),
            fast: PairWindow::empty(),
            slow: PairWindow::empty(),
        }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let bar = moment.bar;
        self.highs.push(bar.high);
        self.lows.push(bar.low);
        let (high, low) = (self.highs.highest(), self.lows.lowest());
        let hundredth = Pair::difference(high, low).over(100.0);
        let share = |part: Pair| part.share_of(hundredth, 50.0);
        let fast = share(Pair::difference(bar.close, low));
        let below = share(Pair::difference(high, bar.close));
        self.fast.push(fast);
        let slow = self.fast.mean();
        self.slow.push(slow);
        // The subtraction from 0 keeps a zero positive.
        out.copy_from_slice(&[fast.value(), slow.value(), self.slow.mean().value(), 0.0 - below.value()]);
    }
}
