//! Keltner's channel in its later form: an exponential mean and the average true range.

use serde::{Deserialize, Serialize};

use super::before::Before;
use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Smoothed};

const FAMILY: &str = "keltner";
const SOURCE: &str = "Keltner, How to Make Money in Commodities, 1960, with Raschke's averages";

/// The bar before, the middle and the range.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Keltner {
    before: Before,
    middle: Smoothed,
    range: Smoothed,
}

impl Family for Keltner {
    // Settling: the start leaves (19/21)^(bars-1) of ema_20 and 2·(9/10)^(bars-11) of the range, each a close off at most.
    // A channel as wide as a thousandth of the close magnifies the first 1000 times in the position.
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            SOURCE,
            "keltner_upper_20",
            Unit::Price,
            10,
            "ema_20 + 2 a; a[10] = mean of true_range[1..10]; a[t] = (9 a[t-1] + true_range[t]) / 10",
        )
        .not_negative()
        .settling(219),
        Spec::column(
            FAMILY,
            SOURCE,
            "keltner_lower_20",
            Unit::Price,
            10,
            "ema_20 - 2 a; a[10] = mean of true_range[1..10]; a[t] = (9 a[t-1] + true_range[t]) / 10",
        )
        .settling(219),
        Spec::column(
            FAMILY,
            SOURCE,
            "keltner_position_20",
            Unit::Ratio,
            10,
            "(close - keltner_lower_20) / (keltner_upper_20 - keltner_lower_20); 0.5 when both are equal",
        )
        .settling(278),
    ];

    fn new() -> Self {
        Self { before: Before::NONE, middle: Smoothed::exponential(20, 1), range: Smoothed::wilder(10) }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let close = Pair::exact(moment.bar.close);
        let range = self.range.update(self.before.replace(moment.bar).true_range(moment.bar));
        let (middle, half) = (self.middle.update(close), range.scaled(2.0));
        let (upper, lower) = (middle.plus(half), middle.minus(half));
        let position = close.minus(middle).share_of(range, 0.0).scaled(0.25).plus(Pair::exact(0.5)).value();
        // In warm-up the middle is known and the range is not.
        out.copy_from_slice(&[upper.value(), lower.value(), position]);
    }
}
