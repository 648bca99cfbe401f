//! What every family may see of one bar: the bar, the closes before it, and what two families would compute twice.

use crate::bars::Bar;
use crate::rolling::{Pair, Ring};

/// Closes remembered: the newest and the 15 before it.
pub(in crate::features) type Closes = Ring<f64, 16>;

/// One bar as the families see it; it cannot show a later one.
#[derive(Debug)]
pub(in crate::features) struct Moment<'stream> {
    /// The bar.
    pub bar: &'stream Bar,
    /// Close minus the close before, without loss; NaN on the first bar.
    pub change: Pair,
    /// `change` over the close before; NaN on the first bar.
    pub return_1: Pair,
    closes: &'stream Closes,
}

impl<'stream> Moment<'stream> {
    /// The moment of `bar`, whose close is the newest of `closes`.
    #[inline(always)]
    pub(in crate::features) fn new(bar: &'stream Bar, closes: &'stream Closes) -> Self {
        let previous = closes.ago(1);
        let change = Pair::difference(bar.close, previous);
        Self { bar, change, return_1: change.over(previous), closes }
    }

    /// The close `age` bars before this one (0 is this one's); NaN when there was none.
    #[inline(always)]
    pub(in crate::features) fn close_ago(&self, age: usize) -> f64 {
        self.closes.ago(age)
    }

    /// The change for a recursion that starts on its first value: no change on the first bar.
    #[inline(always)]
    pub(in crate::features) fn change_or_seed(&self) -> Pair {
        if self.change.high.is_nan() { Pair::ZERO } else { self.change }
    }
}
