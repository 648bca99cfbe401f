//! Folding deals: the only place where positions and balance change.

use super::{Deal, DealBy, Entry, Held, PaperAccount, cents, whole_lots};
use crate::bars::Bars;
use crate::trade::{Position, Quote, Side};
use crate::{Error, Result};

impl PaperAccount {
    /// Takes a deal in; deals come in the order of their numbers.
    ///
    /// # Errors
    /// [`Error::BadFill`] when it does not follow from the deals before it. The account is unchanged then.
    pub fn apply(&mut self, deal: &Deal) -> Result<()> {
        if deal.seq != self.newest_seq + 1 {
            return Err(broken(deal, format!("deal {} was the newest", self.newest_seq)));
        }
        if !(deal.lots > 0.0 && deal.price > 0.0 && deal.lots.is_finite() && deal.price.is_finite()) {
            return Err(broken(deal, format!("{} lots at {}", deal.lots, deal.price)));
        }
        if !(deal.profit.is_finite() && deal.margin.is_finite() && deal.margin >= 0.0) {
            return Err(broken(deal, format!("profit {} and margin {}", deal.profit, deal.margin)));
        }
        match deal.entry {
            Entry::In => self.opened(deal)?,
            Entry::Out => self.closed(deal)?,
            Entry::Levels => self.moved(deal)?,
        }
        self.balance_cents += cents(deal.profit);
        self.newest_seq = deal.seq;
        Ok(())
    }

    /// Notes the newest price of a symbol, and how far its bars are executed.
    pub fn note(&mut self, symbol: &str, quote: Quote, bars: Option<&Bars>) {
        self.quotes.insert(symbol.into(), quote);
        self.recalled.remove(symbol);
        if let Some(bar) = bars.and_then(Bars::last) {
            self.note_executed(symbol, bar.time);
        }
    }

    /// Values positions of a symbol at its newest price from before the account was rebuilt. No order is filled at it, and
    /// no position is stopped out, before a newer one is noted.
    ///
    /// # Errors
    /// As [`Quote::checked`].
    pub fn recall(&mut self, symbol: &str, quote: Quote) -> Result<()> {
        Quote::checked(quote.time_s, quote.bid, quote.ask)?;
        self.quotes.insert(symbol.into(), quote);
        self.recalled.insert(symbol.into());
        Ok(())
    }

    /// Notes how far the bars of a symbol are executed, UTC seconds; never back.
    pub fn note_executed(&mut self, symbol: &str, newest_s: i64) {
        let known = self.executed.entry(symbol.into()).or_insert(newest_s);
        *known = newest_s.max(*known);
    }

    fn opened(&mut self, deal: &Deal) -> Result<()> {
        if deal.ticket != deal.seq {
            return Err(broken(deal, "a position has the number of the deal that opened it"));
        }
        let position = Position {
            ticket: deal.ticket,
            symbol: deal.symbol.clone(),
            side: deal.side,
            lots: deal.lots,
            price: deal.price,
            sl: deal.sl,
            tp: deal.tp,
            opened_s: deal.time_s,
            magic: deal.magic,
            profit: 0.0,
            req_id: deal.req_id.clone(),
        };
        let held = Held { position, margin_per_lot: deal.margin / deal.lots, watched_from_s: deal.time_s };
        self.positions.insert(deal.ticket, held);
        Ok(())
    }

    fn closed(&mut self, deal: &Deal) -> Result<()> {
        let position = &mut self.of(deal, Side::opposite)?.position;
        let left = whole_lots(position.lots - deal.lots);
        if left < 0.0 {
            return Err(broken(deal, format!("the position has {} lots", position.lots)));
        }
        position.lots = left;
        if left <= 0.0 {
            self.positions.remove(&deal.ticket);
        }
        Ok(())
    }

    fn moved(&mut self, deal: &Deal) -> Result<()> {
        let held = self.of(deal, |side| side)?;
        (held.position.sl, held.position.tp) = (deal.sl, deal.tp);
        held.watched_from_s = deal.time_s;
        Ok(())
    }

    /// The open position a deal is about; `side` gives the deal's direction from the position's.
    fn of(&mut self, deal: &Deal, side: fn(Side) -> Side) -> Result<&mut Held> {
        let fits = |held: &&mut Held| held.position.symbol == deal.symbol && deal.side == side(held.position.side);
        let held = self.positions.get_mut(&deal.ticket).filter(fits);
        held.ok_or_else(|| broken(deal, "no such position is open"))
    }

    /// The deal that closes `lots` of a position at a price.
    pub(super) fn closing(
        &self,
        held: &Held,
        lots: f64,
        price: f64,
        time_s: i64,
        by: DealBy,
        req_id: Option<&str>,
    ) -> Option<Deal> {
        let position = &held.position;
        let listed = self.symbols.get(&position.symbol)?;
        Some(Deal {
            seq: self.newest_seq + 1,
            ticket: position.ticket,
            req_id: req_id.map(Into::into),
            symbol: position.symbol.clone(),
            side: position.side.opposite(),
            entry: Entry::Out,
            lots,
            price,
            time_s,
            sl: position.sl,
            tp: position.tp,
            magic: position.magic,
            profit: super::closing_profit(&listed.facts, position, lots, price),
            margin: 0.0,
            by,
        })
    }
}

fn broken(deal: &Deal, problem: impl std::fmt::Display) -> Error {
    let (seq, entry, ticket) = (deal.seq, deal.entry.name(), deal.ticket);
    Error::BadFill { problem: format!("deal {seq} ({entry}, position {ticket}): {problem}") }
}
