//! The typical price, as its triple: the third would be rounded, the sum is not.

use crate::bars::Bar;
use crate::rolling::Pair;

/// `high + low + close`, three times the typical price.
#[inline(always)]
pub(super) fn typical(bar: &Bar) -> Pair {
    Pair::sum(bar.high, bar.low).plus(Pair::exact(bar.close)).normal()
}
