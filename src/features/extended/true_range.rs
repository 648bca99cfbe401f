//! True range and its Wilder average.

use serde::{Deserialize, Serialize};

use super::before::Before;
use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::Smoothed;

const FAMILY: &str = "true_range";
const SOURCE: &str = "Wilder, New Concepts in Technical Trading Systems, 1978";

/// The bar before and the smoothed range.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct TrueRange {
    before: Before,
    average: Smoothed,
}

impl Family for TrueRange {
    // Settling: the seed stands at bar 14, its share is (13/14)^k after k more bars.
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            SOURCE,
            "true_range",
            Unit::Price,
            1,
            "max(high[t], close[t-1]) - min(low[t], close[t-1])",
        )
        .not_negative(),
        Spec::column(
            FAMILY,
            SOURCE,
            "atr_14",
            Unit::Price,
            14,
            "a[14] = mean of true_range[1..14]; a[t] = (13 a[t-1] + true_range[t]) / 14",
        )
        .not_negative()
        .settling(295),
        Spec::column(FAMILY, SOURCE, "natr_14", Unit::Ratio, 14, "100 atr_14 / close").not_negative().settling(295),
    ];

    fn new() -> Self {
        Self { before: Before::NONE, average: Smoothed::wilder(14) }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let range = self.before.replace(moment.bar).true_range(moment.bar);
        let average = self.average.update(range).value();
        out.copy_from_slice(&[range.value(), average, 100.0 * (average / moment.bar.close)]);
    }
}
