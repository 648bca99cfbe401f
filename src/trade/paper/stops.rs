//! Stops and targets: where they may lie, and whether a tick or a bar reached them.

use super::{DealBy, Denial};
use crate::bars::Bar;
use crate::trade::{BrokerFacts, Position, Quote, QuoteSide, Side};

/// Share of a point that counts as rounding.
const POINT_TOLERANCE: f64 = 1e-6;

/// Whether levels lie on their sides of the price a position is closed at, and far enough from it.
pub(super) fn check(
    side: Side,
    sl: Option<f64>,
    tp: Option<f64>,
    quote: &Quote,
    facts: &BrokerFacts,
) -> Result<(), Denial> {
    let price = quote.price_for(side.opposite());
    let nearest = facts.stops_level_points * facts.point;
    for (name, level, away) in [("stop", sl, -side.sign()), ("target", tp, side.sign())] {
        let Some(level) = level else { continue };
        let distance = (level - price) * away;
        let is_far_enough = distance > 0.0 && distance >= nearest - facts.point * POINT_TOLERANCE;
        if !(level.is_finite() && level > 0.0 && is_far_enough) {
            let direction = if away > 0.0 { "above" } else { "below" };
            let problem = format!("the {name} {level} must lie {nearest} or more {direction} the price {price}");
            return Err(Denial::stops(problem));
        }
    }
    Ok(())
}

/// What a tick does to a position: its cause and its price, which is the tick's own.
pub(super) fn on_tick(position: &Position, quote: &Quote) -> Option<(DealBy, f64)> {
    let price = quote.price_for(position.side.opposite());
    reached(position, price).map(|by| (by, price))
}

/// What a bar does to a position: a level the bar opens beyond is filled at the open, any other at the level; where
/// both lie within the bar, the stop came first.
pub(super) fn on_bar(position: &Position, bar: &Bar, shift: f64) -> Option<(DealBy, f64)> {
    let [open, high, low] = [bar.open, bar.high, bar.low].map(|price| price + shift);
    if let Some(by) = reached(position, open) {
        return Some((by, open));
    }
    within(position, high, low)
}

/// What a bar does to a position that was opened, or had its levels moved, shortly after the bar opened: nothing is
/// filled at the open, and a target the bar opened beyond is left, for the price may have been there only before.
pub(super) fn on_begun_bar(position: &Position, bar: &Bar, shift: f64) -> Option<(DealBy, f64)> {
    let [open, high, low] = [bar.open, bar.high, bar.low].map(|price| price + shift);
    let is_doubtful = reached(position, open) == Some(DealBy::TakeProfit);
    within(position, high, low).filter(|(by, _)| !(is_doubtful && *by == DealBy::TakeProfit))
}

/// The level that the extremes of a bar reached; the stop, where they reached both.
fn within(position: &Position, high: f64, low: f64) -> Option<(DealBy, f64)> {
    let (worst, best) = match position.side {
        Side::Buy => (low, high),
        Side::Sell => (high, low),
    };
    let stop = position.sl.filter(|_| reached(position, worst) == Some(DealBy::StopLoss));
    let target = position.tp.filter(|_| reached(position, best) == Some(DealBy::TakeProfit));
    stop.map(|level| (DealBy::StopLoss, level)).or(target.map(|level| (DealBy::TakeProfit, level)))
}

/// From a bar's price to the price that closes positions of a side.
pub(super) fn shift(side: Side, shows: QuoteSide, spread: f64) -> f64 {
    match (side, shows) {
        (Side::Buy, QuoteSide::Bid) | (Side::Sell, QuoteSide::Ask) => 0.0,
        (Side::Buy, QuoteSide::Mid) => -spread / 2.0,
        (Side::Sell, QuoteSide::Mid) => spread / 2.0,
        (Side::Buy, QuoteSide::Ask) => -spread,
        (Side::Sell, QuoteSide::Bid) => spread,
    }
}

fn reached(position: &Position, price: f64) -> Option<DealBy> {
    let beyond = |level: f64| (price - level) * position.side.sign();
    if position.sl.is_some_and(|level| beyond(level) <= 0.0) {
        return Some(DealBy::StopLoss);
    }
    position.tp.filter(|level| beyond(*level) >= 0.0).map(|_| DealBy::TakeProfit)
}
