//! The broker's book: the account, and every position in it, whoever opened it.

use super::Side;

/// An open position as the broker keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// The broker's number for it.
    pub ticket: i64,
    /// Symbol, as the broker names it.
    pub symbol: String,
    /// Direction.
    pub side: Side,
    /// Volume, lots.
    pub lots: f64,
    /// Price it was opened at.
    pub price: f64,
    /// Stop-loss price, if any.
    pub sl: Option<f64>,
    /// Take-profit price, if any.
    pub tp: Option<f64>,
    /// When it was opened, UTC seconds.
    pub opened_s: i64,
    /// Number of the program that opened it; 0 for a person.
    pub magic: i64,
    /// Open profit, account currency.
    pub profit: f64,
    /// Request id of the order that opened it, where its comment still tells.
    pub req_id: Option<String>,
}

/// The account; money in its own currency.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Account {
    /// Deposits plus realised profit.
    pub balance: f64,
    /// Balance plus the profit of open positions.
    pub equity: f64,
    /// What of the equity is not bound as margin.
    pub margin_free: f64,
}

/// What the broker says it holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Book {
    /// The account.
    pub account: Account,
    /// All open positions, of all symbols and programs.
    pub positions: Vec<Position>,
    /// Whether the broker's side takes no new positions: its kill switch is on, or trading is not allowed there.
    pub halted: bool,
}

impl Book {
    /// Positions of one symbol that one program opened.
    pub fn own<'a>(&'a self, symbol: &'a str, magic: i64) -> impl Iterator<Item = &'a Position> {
        self.positions.iter().filter(move |position| position.symbol == symbol && position.magic == magic)
    }

    /// The side on which a program has as many positions in a symbol as it may have, and none on the other: a signal for
    /// it changes nothing.
    #[must_use]
    pub fn full_side(&self, symbol: &str, magic: i64, positions_max: usize) -> Option<Side> {
        let count = |side| self.own(symbol, magic).filter(|position| position.side == side).count();
        [Side::Buy, Side::Sell].into_iter().find(|side| count(*side) >= positions_max && count(side.opposite()) == 0)
    }
}
