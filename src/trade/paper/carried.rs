//! Fills of the older paper book, one net position a symbol, as deals of an account.

use super::{Deal, DealBy, Entry, PaperAccount};
use crate::trade::{Quote, Side};
use crate::{Error, Result};

/// A fill as the older book kept it: first what it closed, then what it opened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OldFill<'a> {
    /// Identity of the order.
    pub req_id: &'a str,
    /// Symbol.
    pub symbol: &'a str,
    /// Direction.
    pub side: Side,
    /// Lots of the opposite position that it closed.
    pub close_lots: f64,
    /// Lots that it opened.
    pub open_lots: f64,
    /// The quote it was filled at.
    pub quote: Quote,
}

impl PaperAccount {
    /// The deals of an old fill, at its own price; what was filled is not judged again.
    ///
    /// # Errors
    /// [`Error::BadFill`] when it closes what is not open, or its symbol is not known.
    pub fn propose_carried(&self, fill: &OldFill<'_>, magic: i64) -> Result<Vec<Deal>> {
        let bad = |problem: &str| Error::BadFill { problem: format!("old fill {:.64}: {problem}", fill.req_id) };
        let listed = self.symbols.get(fill.symbol).ok_or_else(|| bad("its symbol is not known"))?;
        let (price, time_s) = (fill.quote.price_for(fill.side), fill.quote.time_s);
        let mut copy = self.clone();
        let mut deals = Vec::new();
        if fill.close_lots > 0.0 {
            let fits = |position: &crate::trade::Position| {
                position.symbol == fill.symbol && position.side == fill.side.opposite()
            };
            let held = self.positions.values().find(|held| fits(&held.position));
            let held = held.ok_or_else(|| bad("nothing is open that it could close"))?;
            let deal = self.closing(held, fill.close_lots, price, time_s, DealBy::Order, Some(fill.req_id));
            let deal = deal.ok_or_else(|| bad("its symbol is not known"))?;
            copy.apply(&deal)?;
            deals.push(deal);
        }
        if fill.open_lots > 0.0 {
            let seq = copy.newest_seq + 1;
            let deal = Deal {
                seq,
                ticket: seq,
                req_id: Some(fill.req_id.into()),
                symbol: fill.symbol.into(),
                side: fill.side,
                entry: Entry::In,
                lots: fill.open_lots,
                price,
                time_s,
                sl: None,
                tp: None,
                magic,
                profit: 0.0,
                margin: listed.facts.notional(fill.open_lots, price) / self.terms.leverage,
                by: DealBy::Order,
            };
            copy.apply(&deal)?;
            deals.push(deal);
        }
        Ok(deals)
    }
}
