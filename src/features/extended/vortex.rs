//! The vortex indicator.

use serde::{Deserialize, Serialize};

use super::before::Before;
use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, PairWindow};

const FAMILY: &str = "vortex";
const SOURCE: &str = "Botes and Siepman, The Vortex Indicator, Technical Analysis of Stocks and Commodities, 2010";

/// The bar before and 14 values of both movements and of the range.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Vortex {
    before: Before,
    plus: PairWindow<14>,
    minus: PairWindow<14>,
    range: PairWindow<14>,
}

impl Family for Vortex {
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            SOURCE,
            "vortex_plus_14",
            Unit::Ratio,
            14,
            "sum of abs(high[t] - low[t-1]) / sum of true_range, over the last 14 bars; 1 when the latter is 0",
        )
        .not_negative(),
        Spec::column(
            FAMILY,
            SOURCE,
            "vortex_minus_14",
            Unit::Ratio,
            14,
            "sum of abs(low[t] - high[t-1]) / sum of true_range, over the last 14 bars; 1 when the latter is 0",
        )
        .not_negative(),
    ];

    fn new() -> Self {
        let empty = PairWindow::empty();
        Self { before: Before::NONE, plus: empty.clone(), minus: empty.clone(), range: empty }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let bar = moment.bar;
        let before = self.before.replace(bar);
        self.plus.push(Pair::difference(bar.high, before.low).magnitude());
        self.minus.push(Pair::difference(bar.low, before.high).magnitude());
        self.range.push(before.true_range(bar));
        let range = self.range.sum();
        let share = |part: Pair| part.share_of(range, 1.0).value();
        out.copy_from_slice(&[share(self.plus.sum()), share(self.minus.sum())]);
    }
}
