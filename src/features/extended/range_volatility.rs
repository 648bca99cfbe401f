//! Volatility from the prices inside the bars, per bar.

use serde::{Deserialize, Serialize};

use super::before::Before;
use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, PairWindow, Window};

const FAMILY: &str = "range_volatility";

/// Squares of log ranges, the two estimators' terms, and the logs between and within bars.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct RangeVolatility {
    before: Before,
    parkinson: Window<f64, 20>,
    garman_klass: Window<f64, 20>,
    rogers_satchell: Window<f64, 20>,
    overnight: PairWindow<20>,
    inside: PairWindow<20>,
}

impl Family for RangeVolatility {
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            "natural logarithm of the simple return plus 1",
            "log_return_1",
            Unit::Ratio,
            1,
            "ln(close[t] / close[t-1])",
        ),
        Spec::column(
            FAMILY,
            "Parkinson, The Extreme Value Method for Estimating the Variance of the Rate of Return, 1980",
            "parkinson_20",
            Unit::Ratio,
            19,
            "sqrt(mean of ln(high/low)^2 over the last 20 bars / (4 ln 2))",
        )
        .not_negative(),
        Spec::column(
            FAMILY,
            "Garman and Klass, On the Estimation of Security Price Volatilities from Historical Data, 1980",
            "garman_klass_20",
            Unit::Ratio,
            19,
            "sqrt(mean of 0.5 ln(high/low)^2 - (2 ln 2 - 1) ln(close/open)^2 over the last 20 bars)",
        )
        .not_negative(),
        Spec::column(
            FAMILY,
            "Rogers and Satchell, Estimating Variance from High, Low and Closing Prices, 1991",
            "rogers_satchell_20",
            Unit::Ratio,
            19,
            "sqrt(mean of ln(high/close) ln(high/open) + ln(low/close) ln(low/open) over the last 20 bars)",
        )
        .not_negative(),
        Spec::column(
            FAMILY,
            "Yang and Zhang, Drift-Independent Volatility Estimation Based on High, Low, Open and Close Prices, \
             2000",
            "yang_zhang_20",
            Unit::Ratio,
            20,
            "sqrt(V(ln(open[t]/close[t-1])) + k V(ln(close/open)) + (1-k) rogers_satchell_20^2), k = 0.34 / (1.34 \
             + 21/19), V: sample variance (n-1) over the last 20 bars",
        )
        .not_negative(),
    ];

    fn new() -> Self {
        let empty = Window::filled(f64::NAN);
        Self {
            before: Before::NONE,
            parkinson: empty.clone(),
            garman_klass: empty.clone(),
            rogers_satchell: empty,
            overnight: PairWindow::empty(),
            inside: PairWindow::empty(),
        }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let bar = moment.bar;
        let before = self.before.replace(bar);
        let (range, inside) = (log_ratio(bar.high, bar.low).squared(), log_ratio(bar.close, bar.open));
        let above = log_ratio(bar.high, bar.close).times(log_ratio(bar.high, bar.open));
        let below = log_ratio(bar.low, bar.close).times(log_ratio(bar.low, bar.open));
        // No term is negative, so their sums lose nothing that a term has not.
        self.parkinson.push(range.value());
        self.garman_klass.push(range.scaled(0.5).minus(inside.squared().times(Pair::exact(TWO_LN_2_LESS_1))).value());
        self.rogers_satchell.push(above.plus(below).value());
        self.overnight.push(log_ratio(bar.open, before.close));
        self.inside.push(inside);
        let rogers_satchell = mean(&self.rogers_satchell);
        let yang_zhang = variance(&self.overnight)
            .plus(variance(&self.inside).times(Pair::exact(YANG_ZHANG_K)))
            .plus(rogers_satchell.times(Pair::exact(1.0 - YANG_ZHANG_K)));
        out.copy_from_slice(&[
            log_ratio(bar.close, before.close).value(),
            mean(&self.parkinson).over(FOUR_LN_2).root().value(),
            mean(&self.garman_klass).root().value(),
            rogers_satchell.root().value(),
            yang_zhang.root().value(),
        ]);
    }
}

const FOUR_LN_2: f64 = 4.0 * std::f64::consts::LN_2;
const TWO_LN_2_LESS_1: f64 = 2.0 * std::f64::consts::LN_2 - 1.0;
const YANG_ZHANG_K: f64 = 0.34 / (1.34 + 21.0 / 19.0);

#[inline(always)]
fn mean(window: &Window<f64, 20>) -> Pair {
    window.sum().over(20.0)
}

#[inline(always)]
fn variance(window: &PairWindow<20>) -> Pair {
    window.deviations().squares().total().over(19.0)
}

/// `ln(a/b)`; from the difference, since the quotient of neighbouring prices has few digits of it left.
#[inline(always)]
fn log_ratio(a: f64, b: f64) -> Pair {
    // A fall by many orders is -1 and nothing else; the rise back has all its digits.
    let is_fall = a < b;
    let (above, below) = if is_fall { (b, a) } else { (a, b) };
    let change = Pair::difference(above, below).over(below);
    // ln(1 + x + e) = ln(1 + x) + e/(1 + x) for an e of the order of the last bit.
    let rise = Pair { high: libm::log1p(change.high), low: change.low / (1.0 + change.high) };
    if is_fall { rise.negated() } else { rise }
}
