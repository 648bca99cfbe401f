//! How many lots an entry has.

use super::limits::{Limits, Sizing, VOLUME_STEP_LOTS};
use super::refusal::{Refusal, Refused};
use super::steps::Grid;
use super::stops::Stops;
use crate::trade::{Side, SymbolFacts};

/// Volume of an entry, lots: on the broker's step, never rounded up, at most `volume_lots_max` and the broker's most.
///
/// Fixed sizing is scaled down by what its stop was widened, so that widening never puts more money at risk.
///
/// # Errors
/// `refused_volume` below the least volume of broker and protocol, and where nothing can be computed.
pub(super) fn lots(
    side: Side,
    stops: &Stops,
    equity: f64,
    facts: &SymbolFacts,
    limits: &Limits,
) -> Result<f64, Refused> {
    let (set, broker) = (&limits.set, facts.broker());
    let wanted = match set.sizing {
        Sizing::Fixed => set.volume_lots / stops.widened,
        Sizing::Risk => set.risk_per_trade * equity / loss_per_lot(side, stops, facts),
    };
    if !(wanted.is_finite() && wanted > 0.0) {
        let detail = format!("equity {equity} and a stop at {} from {} give no volume", stops.sl, stops.price);
        return Err((Refusal::Volume, detail));
    }
    let grid = Grid::new(broker.volume_step);
    let cap = set.volume_lots_max.min(broker.volume_max);
    let lots = grid.at(grid.below(wanted).min(grid.capped(cap)));
    let least = broker.volume_min.max(VOLUME_STEP_LOTS);
    if lots < least {
        let detail = format!("{wanted:.6} lots, cut to {lots}, are less than {least}, the least an order may have");
        return Err((Refusal::Volume, detail));
    }
    Ok(lots)
}

/// What a lot loses at its stop, account currency, converted at the stop's price.
fn loss_per_lot(side: Side, stops: &Stops, facts: &SymbolFacts) -> f64 {
    facts.profit(1.0, (stops.price - stops.sl) * side.sign(), stops.sl)
}
