//! Where stop and target of an entry lie.

use super::limits::{Limits, StopMode};
use super::refusal::{Refusal, Refused};
use super::steps::Grid;
use crate::trade::{Quote, Side, SymbolFacts};

/// Points of a pip.
const PIP_POINTS: f64 = 10.0;

/// Stop and target of one entry, price units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stops {
    /// Price the order will trade at.
    pub price: f64,
    /// Stop-loss price.
    pub sl: f64,
    /// Take-profit price, if any.
    pub tp: Option<f64>,
    /// What the stop's distance is of the configured one: above 1 where the broker's smallest distance widened it.
    pub widened: f64,
}

/// Stop and target around the price of `quote` that an order on `side` trades at, on the grid of ticks.
///
/// Both are rounded towards the price, so the stop never lies further than configured. One that is nearer than
/// `stops_level_points` and the spread is moved out to that distance, and `widened` says by how much.
///
/// # Errors
/// `refused_no_stop` where there is no distance (an ATR that is zero, not finite or missing), or no positive price in it.
pub fn stops(
    side: Side,
    quote: &Quote,
    atr: Option<f64>,
    facts: &SymbolFacts,
    limits: &Limits,
) -> Result<Stops, Refused> {
    let (price, set) = (quote.price_for(side), &limits.set);
    let (unit, stop, target) = match set.stop_mode {
        StopMode::Atr => (atr.unwrap_or(f64::NAN), set.stop_atr, set.target_atr),
        StopMode::Pips => (PIP_POINTS * facts.point(), set.stop_pips, set.target_pips),
    };
    if !(unit.is_finite() && unit > 0.0) {
        let found = atr.map_or_else(|| "cannot be told from these bars".into(), |atr| format!("is {atr}"));
        return Err((Refusal::NoStop, format!("the average true range {found}; no stop can be set")));
    }
    let wanted = stop * unit;
    let level = Level { side, price, least: least_distance(quote, facts), grid: Grid::new(facts.broker().tick_size) };
    let (sl, was_moved) = level.at(-wanted);
    let tp = (target > 0.0).then(|| level.at(target * unit).0);
    let outside = [Some(sl), tp].into_iter().flatten().find(|level| !(level.is_finite() && *level > 0.0));
    if let Some(outside) = outside {
        return Err((Refusal::NoStop, format!("a stop or target would lie at {outside}; prices are above 0")));
    }
    let distance = (price - sl) * side.sign();
    if distance <= 0.0 {
        let detail = format!("a stop {wanted} from {price} is less than a tick of {}", facts.broker().tick_size);
        return Err((Refusal::NoStop, detail));
    }
    Ok(Stops { price, sl, tp, widened: if was_moved { (distance / wanted).max(1.0) } else { 1.0 } })
}

/// Smallest distance of a stop from the price the order trades at: the broker measures from the other one.
fn least_distance(quote: &Quote, facts: &SymbolFacts) -> f64 {
    facts.broker().stops_level_points * facts.point() + (quote.ask - quote.bid)
}

struct Level {
    side: Side,
    price: f64,
    least: f64,
    grid: Grid,
}

impl Level {
    /// The grid price that lies `gain` in the order's favour (below 0: against it), rounded towards the price; or, where
    /// that is too near, the one at the least distance, rounded away from it, and true.
    fn at(&self, gain: f64) -> (f64, bool) {
        let way = gain.signum() * self.side.sign();
        let (near, far) = (self.price + way * gain.abs(), self.price + way * self.least);
        let (near, far) = if way > 0.0 {
            (self.grid.below(near), self.grid.above(far))
        } else {
            (self.grid.above(near), self.grid.below(far))
        };
        let is_too_near = (far - near) * way > 0.0;
        (self.grid.at(if is_too_near { far } else { near }), is_too_near)
    }
}
