//! Shape and memory of the returns, and the standard score of the close.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, PairWindow, Window};

const FAMILY: &str = "statistics";
const MOMENTS: &str = "Fisher, Statistical Methods for Research Workers, 1925";
const BOX: &str = "Box and Jenkins, Time Series Analysis, 1970";

/// The last 20 returns and closes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Statistics {
    returns: PairWindow<20>,
    closes: Window<f64, 20>,
}

impl Family for Statistics {
    const SPECS: &'static [Spec] = &[
        // One value apart from 19 equal ones: 18/sqrt(19), and 343/19 - 3 of the fourth moment; two equal halves: -2.
        Spec::column(
            FAMILY,
            MOMENTS,
            "skewness_20",
            Unit::Ratio,
            20,
            "m3 / m2^1.5, m_k = mean of (r - mean r)^k over the last 20 values r of return_1; 0 when m2 = 0",
        )
        .within(-4.129_483_209_670_113, 4.129_483_209_670_113),
        Spec::column(
            FAMILY,
            MOMENTS,
            "kurtosis_20",
            Unit::Ratio,
            20,
            "m4 / m2^2 - 3, m_k = mean of (r - mean r)^k over the last 20 values r of return_1; 0 when m2 = 0",
        )
        .within(-2.0, 286.0 / 19.0),
        // Over one chain of 20 the quotients reach -cos(pi/21) and, around their mean, cos(2 pi/21); over five chains of
        // 4, ±cos(pi/5).
        Spec::column(
            FAMILY,
            BOX,
            "autocorrelation_20_lag1",
            Unit::Ratio,
            20,
            "sum of d[i] d[i-1] over the 19 pairs / sum of d[i]^2, d = r - mean r over the last 20 values r of \
             return_1; 0 when the latter is 0",
        )
        .within(-0.988_830_826_225_128_6, 0.955_572_805_786_140_8),
        Spec::column(
            FAMILY,
            BOX,
            "autocorrelation_20_lag5",
            Unit::Ratio,
            20,
            "sum of d[i] d[i-5] over the 15 pairs / sum of d[i]^2, d = r - mean r over the last 20 values r of \
             return_1; 0 when the latter is 0",
        )
        .within(-0.809_016_994_374_947_6, 0.809_016_994_374_947_6),
        // No value of n lies further than (n-1)/sqrt(n) sample deviations from their mean.
        Spec::column(
            FAMILY,
            "standard score",
            "zscore_20",
            Unit::Ratio,
            19,
            "(close - m) / s, m and s mean and sample standard deviation (n-1) of the last 20 closes; 0 when s = \
             0",
        )
        .within(-4.248_529_157_249_601, 4.248_529_157_249_601),
    ];

    fn new() -> Self {
        Self { returns: PairWindow::empty(), closes: Window::filled(f64::NAN) }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        self.returns.push(moment.return_1);
        self.closes.push(moment.bar.close);
        let returns = self.returns.deviations();
        let second = returns.squares();
        let (third, fourth) = (second.times(&returns.from_mean), second.times(&second));
        let squares = second.total();
        let variance = squares.over(20.0);
        let or_zero = |value: f64| if squares.is_zero() { 0.0 } else { value };
        let skewness = third.total().over(20.0).divided_by(variance.times(variance.root()));
        let kurtosis = fourth.total().over(20.0).divided_by(variance.squared()).minus(Pair::exact(3.0));
        let closes = self.closes.deviations();
        let deviation = closes.standard_deviation(1);
        out.copy_from_slice(&[
            or_zero(skewness.value()),
            or_zero(kurtosis.value()),
            returns.lagged_product_sum::<1>().share_of(squares, 0.0).value(),
            returns.lagged_product_sum::<5>().share_of(squares, 0.0).value(),
            closes.from_mean.at(0).share_of(deviation, 0.0).value(),
        ]);
    }
}
