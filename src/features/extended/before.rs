//! The bar before the newest, for what is measured from it.

use serde::{Deserialize, Serialize};

use crate::bars::Bar;
use crate::rolling::Pair;

/// High, low and close of the bar before; NaN when there was none.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Before {
    pub high: f64,
    pub low: f64,
    pub close: f64,
}

impl Before {
    /// Before the first bar.
    pub(super) const NONE: Self = Self { high: f64::NAN, low: f64::NAN, close: f64::NAN };

    /// Puts `bar` in the place of the bar before, which is returned.
    #[inline(always)]
    pub(super) fn replace(&mut self, bar: &Bar) -> Self {
        std::mem::replace(self, Self { high: bar.high, low: bar.low, close: bar.close })
    }

    /// Wilder's true range of `bar` after this one: `max(high, close[t-1]) - min(low, close[t-1])`; NaN after none.
    #[inline(always)]
    pub(super) fn true_range(&self, bar: &Bar) -> Pair {
        if self.close.is_nan() {
            return Pair::NAN;
        }
        Pair::difference(bar.high.max(self.close), bar.low.min(self.close))
    }
}
