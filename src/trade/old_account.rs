//! What the older `approve` reads; goes with it.

use super::Side;

/// An open position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OldPosition {
    /// Direction.
    pub side: Side,
    /// Volume, lots.
    pub lots: f64,
    /// Price it was opened at.
    pub price: f64,
    /// When it was opened, UTC seconds.
    pub opened_s: i64,
}

/// The book at one quote; money in account currency.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OldAccount {
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
    pub position: Option<OldPosition>,
}
