//! Bollinger's bands of the close, and where the close stands in them.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Window};

const FAMILY: &str = "bollinger";
const SOURCE: &str = "Bollinger, Bollinger on Bollinger Bands, 2001 (bands of 1983)";

/// The last 20 closes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Bollinger {
    closes: Window<f64, 20>,
}

impl Family for Bollinger {
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            SOURCE,
            "bollinger_upper_20",
            Unit::Price,
            19,
            "m + 2 s, m and s mean and population standard deviation (n) of the last 20 closes",
        )
        .not_negative(),
        Spec::column(
            FAMILY,
            SOURCE,
            "bollinger_lower_20",
            Unit::Price,
            19,
            "m - 2 s, m and s mean and population standard deviation (n) of the last 20 closes",
        ),
        // No value of n lies further than sqrt(n-1) population deviations from their mean: 0.5 ± sqrt(19)/4.
        Spec::column(
            FAMILY,
            SOURCE,
            "bollinger_percent_b_20",
            Unit::Ratio,
            19,
            "(close - bollinger_lower_20) / (bollinger_upper_20 - bollinger_lower_20); 0.5 when the closes are \
             equal",
        )
        .within(-0.589_724_735_885_168_6, 1.589_724_735_885_168_6),
        // One price of 20 and nothing else: 4 sqrt(19).
        Spec::column(
            FAMILY,
            SOURCE,
            "bollinger_bandwidth_20",
            Unit::Ratio,
            19,
            "(bollinger_upper_20 - bollinger_lower_20) / mean of the last 20 closes",
        )
        .within(0.0, 17.435_595_774_162_696),
    ];

    fn new() -> Self {
        Self { closes: Window::filled(f64::NAN) }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        self.closes.push(moment.bar.close);
        let deviations = self.closes.deviations();
        let (mean, spread) = (deviations.mean, deviations.standard_deviation(0));
        let twice = spread.scaled(2.0);
        let percent_b = deviations.from_mean.at(0).share_of(spread, 0.0).scaled(0.25).plus(Pair::exact(0.5)).value();
        out.copy_from_slice(&[
            mean.plus(twice).value(),
            mean.minus(twice).value(),
            percent_b,
            spread.scaled(4.0).divided_by(mean).value(),
        ]);
    }
}
