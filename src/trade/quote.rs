//! Bid and ask at one moment.

use super::Side;
use crate::{Error, Result};

/// Which side of the market a source's bars show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuoteSide {
    /// Bars show the bid, as `MetaTrader`'s do.
    Bid,
    /// Bars show the ask.
    Ask,
    /// Bars show the middle.
    Mid,
}

/// Two prices at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quote {
    /// UTC seconds.
    pub time_s: i64,
    /// Price a seller gets.
    pub bid: f64,
    /// Price a buyer pays.
    pub ask: f64,
}

impl Quote {
    /// Widens one price by a spread, price units, to the side it does not show.
    ///
    /// # Errors
    /// [`Error::BadFill`] when bid is not positive, or the spread is negative or not finite.
    pub fn around(time_s: i64, price: f64, shows: QuoteSide, spread: f64) -> Result<Self> {
        let (bid, ask) = match shows {
            QuoteSide::Bid => (price, price + spread),
            QuoteSide::Ask => (price - spread, price),
            QuoteSide::Mid => (price - spread / 2.0, price + spread / 2.0),
        };
        if !(bid > 0.0 && ask.is_finite() && ask >= bid) {
            return Err(Error::BadFill { problem: format!("price {price} with spread {spread} gives no quote") });
        }
        Ok(Self { time_s, bid, ask })
    }

    /// A broker's own prices.
    ///
    /// # Errors
    /// [`Error::BadBroker`] when they are not positive and finite, or the ask lies below the bid.
    pub fn checked(time_s: i64, bid: f64, ask: f64) -> Result<Self> {
        if bid > 0.0 && ask >= bid && ask.is_finite() {
            return Ok(Self { time_s, bid, ask });
        }
        Err(Error::BadBroker { what: "quote", problem: format!("bid {bid}, ask {ask}") })
    }

    /// The price an order on `side` trades at.
    #[must_use]
    pub fn price_for(&self, side: Side) -> f64 {
        match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        }
    }
}
