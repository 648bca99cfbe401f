//! Decision + book → an approved order, or a refusal with its reason. Exits are always allowed.

use super::{OldAccount as Account, Side};
use crate::{Error, Result};

/// Smallest volume step of the trade protocol, lots.
const VOLUME_STEP_LOTS: f64 = 0.01;

/// Greatest volume the trade protocol can carry, lots.
const VOLUME_MAX_LOTS: f64 = 100.0;

/// Bounds no order may cross; all of them hold in dry-run as they do live.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    volume_lots: f64,
    daily_loss_max: f64,
    spread_points_max: f64,
}

impl Limits {
    /// `volume_lots` per order in steps of 0.01 up to `volume_lots_max`; `daily_loss_max` in account currency;
    /// `spread_points_max` in points.
    ///
    /// # Errors
    /// [`Error::BadSetting`] naming the first value outside its meaning.
    pub fn new(volume_lots: f64, volume_lots_max: f64, daily_loss_max: f64, spread_points_max: f64) -> Result<Self> {
        let bad = |field, problem: String| Err(Error::BadSetting { field, problem });
        if !(VOLUME_STEP_LOTS..=VOLUME_MAX_LOTS).contains(&volume_lots_max) {
            return bad(
                "volume_lots_max",
                format!("{volume_lots_max} is not in {VOLUME_STEP_LOTS}..{VOLUME_MAX_LOTS}"),
            );
        }
        if !(VOLUME_STEP_LOTS..=volume_lots_max).contains(&volume_lots) {
            let problem = format!("{volume_lots} is not in {VOLUME_STEP_LOTS}..{volume_lots_max} (volume_lots_max)");
            return bad("volume_lots", problem);
        }
        let steps = volume_lots / VOLUME_STEP_LOTS;
        if (steps - steps.round()).abs() > 1e-6 {
            return bad("volume_lots", format!("{volume_lots} is not a multiple of {VOLUME_STEP_LOTS}"));
        }
        if !(daily_loss_max.is_finite() && daily_loss_max > 0.0) {
            return bad("daily_loss_max", format!("{daily_loss_max} is not a positive amount"));
        }
        if !(spread_points_max.is_finite() && spread_points_max > 0.0) {
            return bad("spread_points_max", format!("{spread_points_max} is not a positive number of points"));
        }
        Ok(Self { volume_lots, daily_loss_max, spread_points_max })
    }
}

/// An order the broker may execute: first close what is open on the other side, then open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    /// Direction of the order.
    pub side: Side,
    /// Volume that closes an opposite position, lots.
    pub close_lots: f64,
    /// Volume that opens a new position, lots; 0 when only the exit was approved.
    pub open_lots: f64,
}

/// Why an order, or its opening part, was refused; each is a journal reason code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Today's realised and open loss has reached the limit.
    DailyLoss,
    /// The spread is wider than allowed.
    Spread,
    /// Trading is halted.
    Halted,
}

impl Refusal {
    /// The code written to the journal and to metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DailyLoss => "refused_daily_loss",
            Self::Spread => "refused_spread",
            Self::Halted => "refused_halted",
        }
    }
}

/// The outcome of the risk check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ruling {
    /// The whole order may go.
    Approved(Order),
    /// Only its exit may go; opening was refused.
    ExitOnly(Order, Refusal),
    /// Nothing may go.
    Refused(Refusal),
}

impl Ruling {
    /// The order that may go, if any.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        match self {
            Self::Approved(order) | Self::ExitOnly(order, _) => Some(*order),
            Self::Refused(_) => None,
        }
    }

    /// Why something may not go, if anything.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Approved(_) => None,
            Self::ExitOnly(_, refusal) | Self::Refused(refusal) => Some(*refusal),
        }
    }
}

/// Turns the wish to be on `side` into an order within the limits.
#[must_use]
pub fn approve(side: Side, account: &Account, limits: &Limits, halted: bool) -> Ruling {
    let opposite = account.position.filter(|position| position.side == side.opposite());
    let close_lots = opposite.map_or(0.0, |position| position.lots);
    let refusal = if halted {
        Some(Refusal::Halted)
    } else if -account.day_profit >= limits.daily_loss_max {
        Some(Refusal::DailyLoss)
    } else if account.spread_points > limits.spread_points_max {
        Some(Refusal::Spread)
    } else {
        None
    };
    match refusal {
        None => Ruling::Approved(Order { side, close_lots, open_lots: limits.volume_lots }),
        Some(refusal) if close_lots > 0.0 => Ruling::ExitOnly(Order { side, close_lots, open_lots: 0.0 }, refusal),
        Some(refusal) => Ruling::Refused(refusal),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::super::OldPosition as Position;
    use super::*;

    fn flat() -> Account {
        Account { spread_points: 10.0, ..Account::default() }
    }

    fn limits() -> Limits {
        Limits::new(0.1, 1.0, 200.0, 30.0).unwrap()
    }

    #[test]
    fn a_flat_book_opens_the_configured_volume() {
        let expected = Order { side: Side::Buy, close_lots: 0.0, open_lots: 0.1 };
        assert_eq!(approve(Side::Buy, &flat(), &limits(), false), Ruling::Approved(expected));
    }

    #[test]
    fn an_opposite_position_is_closed_in_the_same_order() {
        let short =
            Account { position: Some(Position { side: Side::Sell, lots: 0.3, price: 1.1, opened_s: 0 }), ..flat() };
        let expected = Order { side: Side::Buy, close_lots: 0.3, open_lots: 0.1 };
        assert_eq!(approve(Side::Buy, &short, &limits(), false), Ruling::Approved(expected));
    }

    #[test]
    fn the_daily_loss_stops_entries_but_never_an_exit() {
        let lost = Account { day_profit: -200.0, ..flat() };
        assert_eq!(approve(Side::Buy, &lost, &limits(), false), Ruling::Refused(Refusal::DailyLoss));
        let short =
            Account { position: Some(Position { side: Side::Sell, lots: 0.3, price: 1.1, opened_s: 0 }), ..lost };
        let exit = Order { side: Side::Buy, close_lots: 0.3, open_lots: 0.0 };
        assert_eq!(approve(Side::Buy, &short, &limits(), false), Ruling::ExitOnly(exit, Refusal::DailyLoss));
        assert!(matches!(
            approve(Side::Buy, &Account { day_profit: -199.99, ..flat() }, &limits(), false),
            Ruling::Approved(_)
        ));
    }

    #[test]
    fn a_halt_leaves_only_the_exit() {
        assert_eq!(approve(Side::Buy, &flat(), &limits(), true), Ruling::Refused(Refusal::Halted));
        let position = Some(Position { side: Side::Sell, lots: 0.3, price: 1.1, opened_s: 0 });
        let exit = Order { side: Side::Buy, close_lots: 0.3, open_lots: 0.0 };
        let ruling = approve(Side::Buy, &Account { position, ..flat() }, &limits(), true);
        assert_eq!(ruling, Ruling::ExitOnly(exit, Refusal::Halted));
    }

    #[test]
    fn a_wide_spread_is_refused() {
        let wide = Account { spread_points: 30.5, ..flat() };
        assert_eq!(approve(Side::Sell, &wide, &limits(), false), Ruling::Refused(Refusal::Spread));
    }

    #[test]
    fn limits_outside_their_meaning_are_refused() {
        assert!(Limits::new(0.0, 1.0, 200.0, 30.0).is_err());
        assert!(Limits::new(0.015, 1.0, 200.0, 30.0).is_err());
        assert!(Limits::new(2.0, 1.0, 200.0, 30.0).is_err());
        assert!(Limits::new(0.1, f64::NAN, 200.0, 30.0).is_err());
        assert!(Limits::new(0.1, 1.0, 0.0, 30.0).is_err());
        assert!(Limits::new(0.1, 1.0, 200.0, f64::INFINITY).is_err());
    }
}
