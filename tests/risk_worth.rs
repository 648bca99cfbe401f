//! What all open positions are worth together, for those who look at the account.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/risk_desk.rs"]
mod risk_desk;

use mt5_sentinel::trade::Side::{Buy, Sell};
use mt5_sentinel::trade::risk::open_worth;
use risk_desk::{Desk, MAGIC, position};

#[test]
fn positions_of_both_sides_and_of_anybody_count() {
    let mut desk = Desk::quiet();
    assert_eq!(open_worth(&desk.book, &desk.facts).map(f64::to_bits), Some(0.0f64.to_bits()), "not -0");
    desk.book.positions = vec![position(1, "EURUSD", Buy, 0.5, MAGIC), position(2, "EURUSD", Sell, 0.25, 0)];
    let price = desk.book.positions[0].price;
    assert_eq!(open_worth(&desk.book, &desk.facts).map(f64::round), Some((0.75 * 100_000.0 * price).round()));
}

#[test]
fn what_cannot_be_told_for_one_is_not_told_at_all() {
    let mut desk = Desk::quiet();
    desk.book.positions = vec![position(1, "EURUSD", Buy, 0.5, MAGIC), position(2, "XAUUSD", Buy, 0.5, MAGIC)];
    assert_eq!(open_worth(&desk.book, &desk.facts), None);
}
