//! The paper book: fills at bid or ask, one net position, profit in account currency.

use super::{Order, Quote, Side, SymbolFacts};
use crate::{Error, Result};

/// Seconds of a UTC day, the unit of the daily loss.
const DAY_S: i64 = 86_400;

/// An open position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Direction.
    pub side: Side,
    /// Volume, lots.
    pub lots: f64,
    /// Price it was opened at.
    pub price: f64,
    /// When it was opened, UTC seconds.
    pub opened_s: i64,
}

/// What an order did to the book.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// Price of the whole order.
    pub price: f64,
    /// Lots of the opposite position that it closed.
    pub closed_lots: f64,
    /// Lots that it opened.
    pub opened_lots: f64,
    /// Realised profit of the closed part, account currency.
    pub profit: f64,
}

/// The book at one quote; money in account currency.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Account {
    /// Deposit plus realised profit.
    pub balance: f64,
    /// Balance plus the profit of the open position at this quote.
    pub equity: f64,
    /// Profit realised since midnight UTC plus the whole profit of the open position, overnight part included.
    pub day_profit: f64,
    /// Greatest fall of equity from its highest mark since this book was opened in this process.
    pub drawdown_max: f64,
    /// Distance of ask and bid in points.
    pub spread_points: f64,
    /// The open position, if any.
    pub position: Option<Position>,
}

/// One symbol's book on paper; deterministic: the same fills give the same book.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperBook {
    facts: SymbolFacts,
    balance: f64,
    position: Option<Position>,
    day: i64,
    day_realised: f64,
    equity_peak: f64,
    drawdown_max: f64,
}

impl PaperBook {
    /// An empty book with a deposit in account currency.
    ///
    /// # Errors
    /// [`Error::BadSetting`] when the deposit is not a positive amount.
    pub fn new(facts: SymbolFacts, deposit: f64) -> Result<Self> {
        if !(deposit.is_finite() && deposit > 0.0) {
            return Err(Error::BadSetting { field: "deposit", problem: format!("{deposit} is not a positive amount") });
        }
        Ok(Self {
            facts,
            balance: deposit,
            position: None,
            day: i64::MIN,
            day_realised: 0.0,
            equity_peak: deposit,
            drawdown_max: 0.0,
        })
    }

    /// Executes an order at the quote: a buy at the ask, a sell at the bid; closes before it opens.
    ///
    /// # Errors
    /// [`Error::BadFill`] when the closing volume is not the opposite position's, when it would add to a position, or
    /// when a volume is negative or not finite. The book is unchanged then.
    pub fn fill(&mut self, order: &Order, quote: &Quote) -> Result<Fill> {
        self.check(order)?;
        self.turn_day(quote.time_s);
        let price = quote.price_for(order.side);
        let mut profit = 0.0;
        if let Some(position) = self.position.filter(|_| order.close_lots > 0.0) {
            let moved = (price - position.price) * position.side.sign();
            profit = self.facts.profit(order.close_lots, moved, price);
            self.position = None;
        }
        if order.open_lots > 0.0 {
            let opened_s = quote.time_s;
            self.position = Some(Position { side: order.side, lots: order.open_lots, price, opened_s });
        }
        self.balance += profit;
        self.day_realised += profit;
        Ok(Fill { price, closed_lots: order.close_lots, opened_lots: order.open_lots, profit })
    }

    /// The account at this quote; also notes the highest equity and the deepest fall from it.
    pub fn mark(&mut self, quote: &Quote) -> Account {
        self.turn_day(quote.time_s);
        let open_profit = self.position.map_or(0.0, |position| {
            let price = quote.price_for(position.side.opposite());
            self.facts.profit(position.lots, (price - position.price) * position.side.sign(), price)
        });
        let equity = self.balance + open_profit;
        self.equity_peak = self.equity_peak.max(equity);
        self.drawdown_max = self.drawdown_max.max(self.equity_peak - equity);
        Account {
            balance: self.balance,
            equity,
            day_profit: self.day_realised + open_profit,
            drawdown_max: self.drawdown_max,
            spread_points: (quote.ask - quote.bid) / self.facts.point(),
            position: self.position,
        }
    }

    fn turn_day(&mut self, time_s: i64) {
        let day = time_s.div_euclid(DAY_S);
        if day != self.day {
            (self.day, self.day_realised) = (day, 0.0);
        }
    }

    fn check(&self, order: &Order) -> Result<()> {
        let bad = |problem: String| Err(Error::BadFill { problem });
        for (name, lots) in [("close", order.close_lots), ("open", order.open_lots)] {
            if !(lots.is_finite() && lots >= 0.0) {
                return bad(format!("{lots} lots to {name}"));
            }
        }
        if order.close_lots <= 0.0 && order.open_lots <= 0.0 {
            return bad("an order without volume".into());
        }
        match self.position {
            Some(position) if position.side == order.side => {
                bad(format!("a {:?} position is open already", order.side))
            }
            // Exact: the order carries the very number the position was opened with.
            Some(position) if position.lots.to_bits() != order.close_lots.to_bits() => {
                bad(format!("{} lots are open, {} are to be closed", position.lots, order.close_lots))
            }
            None if order.close_lots > 0.0 => bad("nothing is open that could be closed".into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::super::QuoteSide;
    use super::*;

    fn book() -> PaperBook {
        PaperBook::new(SymbolFacts::currency_pair("EURUSD", "USD").unwrap(), 10_000.0).unwrap()
    }

    fn quote(time_s: i64, bid: f64) -> Quote {
        Quote::around(time_s, bid, QuoteSide::Bid, 0.0001).unwrap()
    }

    const BUY: Order = Order { side: Side::Buy, close_lots: 0.0, open_lots: 0.1 };
    const TURN_SHORT: Order = Order { side: Side::Sell, close_lots: 0.1, open_lots: 0.1 };

    #[test]
    fn a_round_trip_pays_the_spread_once() {
        let mut book = book();
        book.fill(&BUY, &quote(0, 1.1000)).unwrap();
        assert!((book.mark(&quote(0, 1.1000)).equity - 9_999.0).abs() < 1e-9, "0.1 lot, one pip of spread, one dollar");
        let fill = book.fill(&Order { open_lots: 0.0, ..TURN_SHORT }, &quote(60, 1.1050)).unwrap();
        assert!((fill.profit - 49.0).abs() < 1e-9);
        assert!((book.mark(&quote(60, 1.1050)).balance - 10_049.0).abs() < 1e-9);
    }

    #[test]
    fn a_reversal_closes_then_opens() {
        let mut book = book();
        book.fill(&BUY, &quote(0, 1.1000)).unwrap();
        let fill = book.fill(&TURN_SHORT, &quote(60, 1.0980)).unwrap();
        assert!((fill.profit + 21.0).abs() < 1e-9);
        let account = book.mark(&quote(60, 1.0980));
        assert_eq!(account.position.map(|p| p.side), Some(Side::Sell));
        assert!((account.equity - 9_978.0).abs() < 1e-9);
        assert!((account.spread_points - 10.0).abs() < 1e-6);
    }

    #[test]
    fn impossible_orders_leave_the_book_as_it_was() {
        let mut book = book();
        let empty = book.clone();
        for order in [
            TURN_SHORT,
            Order { open_lots: 0.0, ..BUY },
            Order { open_lots: f64::NAN, ..BUY },
            Order { open_lots: -0.1, ..BUY },
        ] {
            assert!(book.fill(&order, &quote(0, 1.1)).is_err(), "{order:?}");
            assert_eq!(book, empty);
        }
        book.fill(&BUY, &quote(0, 1.1)).unwrap();
        let long = book.clone();
        for order in [BUY, Order { close_lots: 0.2, ..TURN_SHORT }, Order { close_lots: 0.0, ..TURN_SHORT }] {
            assert!(book.fill(&order, &quote(0, 1.1)).is_err(), "{order:?}");
            assert_eq!(book, long);
        }
    }

    #[test]
    fn the_day_profit_starts_anew_at_midnight_utc() {
        let mut book = book();
        book.fill(&BUY, &quote(DAY_S - 120, 1.1000)).unwrap();
        book.fill(&Order { open_lots: 0.0, ..TURN_SHORT }, &quote(DAY_S - 60, 1.0900)).unwrap();
        assert!((book.mark(&quote(DAY_S - 1, 1.09)).day_profit + 101.0).abs() < 1e-9);
        assert!(book.mark(&quote(DAY_S, 1.09)).day_profit.abs() < 1e-9);
    }

    #[test]
    fn drawdown_is_measured_from_the_highest_equity() {
        let mut book = book();
        book.fill(&BUY, &quote(0, 1.1000)).unwrap();
        for (minute, bid) in [(1, 1.1100), (2, 1.1020), (3, 1.1200)] {
            book.mark(&quote(minute * 60, bid));
        }
        assert!((book.mark(&quote(300, 1.1200)).drawdown_max - 80.0).abs() < 1e-6);
    }
}
