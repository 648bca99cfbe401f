//! How far from its price an order was filled.

use super::limits::Limits;
use crate::trade::{Side, SymbolFacts};

/// Points that an order was filled worse than `wanted`, where that is more than the limits allow; prices in price units.
#[must_use]
pub fn slippage_beyond(side: Side, wanted: f64, filled: f64, facts: &SymbolFacts, limits: &Limits) -> Option<f64> {
    let points = (filled - wanted) * side.sign() / facts.point();
    // A millionth of a point is rounding.
    (points > f64::from(limits.set.slippage_points_max) + 1e-6).then_some(points)
}
