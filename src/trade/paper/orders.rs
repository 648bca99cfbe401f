//! Orders: what each would do, or why it is refused.

use super::{Deal, DealBy, Denial, Entry, Held, Listed, PaperAccount, slippage, stops, to_the_cent, whole_lots};
use crate::trade::{BrokerFacts, Quote, Side};

/// Share of a volume step that counts as rounding.
const STEP_TOLERANCE: f64 = 1e-6;

/// An order that opens a position; times are UTC seconds, volumes lots, prices price units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opening<'a> {
    /// Identity of the order; its slippage is drawn from it.
    pub req_id: &'a str,
    /// Symbol.
    pub symbol: &'a str,
    /// Direction.
    pub side: Side,
    /// Volume.
    pub lots: f64,
    /// Stop, if any.
    pub sl: Option<f64>,
    /// Target, if any.
    pub tp: Option<f64>,
    /// How far from the newest price it may be filled, points.
    pub deviation_points: f64,
    /// Number of the program.
    pub magic: i64,
    /// When.
    pub time_s: i64,
}

/// An order that closes a position or a part of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exit<'a> {
    /// Identity of the order; its slippage is drawn from it.
    pub req_id: &'a str,
    /// Symbol of the position.
    pub symbol: &'a str,
    /// The position.
    pub ticket: i64,
    /// Direction of the order: the position's opposite.
    pub side: Side,
    /// Volume.
    pub lots: f64,
    /// How far from the newest price it may be filled, points.
    pub deviation_points: f64,
    /// When.
    pub time_s: i64,
}

/// A position's levels as they shall be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels<'a> {
    /// Symbol of the position.
    pub symbol: &'a str,
    /// The position.
    pub ticket: i64,
    /// Stop, if any.
    pub sl: Option<f64>,
    /// Target, if any.
    pub tp: Option<f64>,
    /// When.
    pub time_s: i64,
}

impl PaperAccount {
    /// The deal of an opening at the newest quote.
    ///
    /// # Errors
    /// The [`Denial`]; nothing would be done.
    pub fn propose_open(&self, order: &Opening<'_>) -> Result<Deal, Denial> {
        let (listed, facts) = self.listed(order.symbol)?;
        check_volume(order.lots, facts)?;
        let quote = self.quote_of(order.symbol)?;
        stops::check(order.side, order.sl, order.tp, quote, facts)?;
        let price = self.fill_price(order.req_id, order.side, order.deviation_points, quote, facts)?;
        let margin = listed.facts.notional(order.lots, price) / self.terms.leverage;
        let free = self.account().margin_free;
        if margin > free || margin.is_nan() {
            let (margin, free) = (to_the_cent(margin), to_the_cent(free));
            return Err(Denial::no_money(format!("{} lots bind {margin}, {free} are free", order.lots)));
        }
        let seq = self.newest_seq + 1;
        Ok(Deal {
            seq,
            ticket: seq,
            req_id: Some(order.req_id.into()),
            symbol: order.symbol.into(),
            side: order.side,
            entry: Entry::In,
            lots: order.lots,
            price,
            time_s: order.time_s,
            sl: order.sl,
            tp: order.tp,
            magic: order.magic,
            profit: 0.0,
            margin,
            by: DealBy::Order,
        })
    }

    /// The deal of closing a position, or a part of it, at the newest quote.
    ///
    /// # Errors
    /// As `propose_open`.
    pub fn propose_close(&self, order: &Exit<'_>) -> Result<Deal, Denial> {
        let (_, facts) = self.listed(order.symbol)?;
        let held = self.position_of(order.ticket, order.symbol)?;
        let position = &held.position;
        if position.side == order.side {
            let problem = format!("position {} is {:?}; the opposite side closes it", order.ticket, position.side);
            return Err(Denial::invalid(problem));
        }
        check_part(order.lots, position.lots, facts)?;
        let quote = self.quote_of(order.symbol)?;
        let price = self.fill_price(order.req_id, order.side, order.deviation_points, quote, facts)?;
        let lots = order.lots.min(position.lots);
        let deal = self.closing(held, lots, price, order.time_s, DealBy::Order, Some(order.req_id));
        deal.ok_or_else(|| unlisted(order.symbol))
    }

    /// The deal of moving a position's levels; `None` where they lie there already.
    ///
    /// # Errors
    /// As `propose_open`.
    pub fn propose_levels(&self, order: &Levels<'_>) -> Result<Option<Deal>, Denial> {
        let (_, facts) = self.listed(order.symbol)?;
        let position = &self.position_of(order.ticket, order.symbol)?.position;
        if (position.sl, position.tp) == (order.sl, order.tp) {
            return Ok(None);
        }
        stops::check(position.side, order.sl, order.tp, self.quote_of(order.symbol)?, facts)?;
        Ok(Some(Deal {
            seq: self.newest_seq + 1,
            ticket: position.ticket,
            req_id: None,
            symbol: position.symbol.clone(),
            side: position.side,
            entry: Entry::Levels,
            lots: position.lots,
            price: position.price,
            time_s: order.time_s,
            sl: order.sl,
            tp: order.tp,
            magic: position.magic,
            profit: 0.0,
            margin: 0.0,
            by: DealBy::Order,
        }))
    }

    fn listed(&self, symbol: &str) -> Result<(&Listed, &BrokerFacts), Denial> {
        let listed = self.symbols.get(symbol).ok_or_else(|| unlisted(symbol))?;
        Ok((listed, listed.facts.broker()))
    }

    fn quote_of(&self, symbol: &str) -> Result<&Quote, Denial> {
        self.newest_quote(symbol).ok_or_else(|| Denial::no_price(symbol))
    }

    fn position_of(&self, ticket: i64, symbol: &str) -> Result<&Held, Denial> {
        let held = self.positions.get(&ticket).filter(|held| held.position.symbol == symbol);
        held.ok_or_else(|| Denial::invalid(format!("no position {ticket} of {symbol:.32} is open")))
    }

    /// The newest price on the order's side, slipped against the trader.
    fn fill_price(
        &self,
        req_id: &str,
        side: Side,
        deviation_points: f64,
        quote: &Quote,
        facts: &BrokerFacts,
    ) -> Result<f64, Denial> {
        let points = self.terms.slippage_points_max * slippage::share(self.terms.seed, req_id);
        if points > deviation_points {
            let problem = format!("the price slipped by {points:.1} points, {deviation_points} are allowed");
            return Err(Denial::requote(problem));
        }
        let price = quote.price_for(side) + side.sign() * points * facts.point;
        if price.is_finite() && price > 0.0 { Ok(price) } else { Err(Denial::price(format!("{price} is no price"))) }
    }
}

fn unlisted(symbol: &str) -> Denial {
    Denial::invalid(format!("the paper account does not know the symbol {symbol:.32}"))
}

fn check_volume(lots: f64, facts: &BrokerFacts) -> Result<(), Denial> {
    let (low, high) = (facts.volume_min, facts.volume_max);
    let slack = facts.volume_step * STEP_TOLERANCE;
    if !(lots >= low - slack && lots <= high + slack) {
        return Err(Denial::volume(format!("{lots} lots; {low} to {high} are possible")));
    }
    check_step(lots, facts)
}

fn check_step(lots: f64, facts: &BrokerFacts) -> Result<(), Denial> {
    let steps = lots / facts.volume_step;
    if (steps - steps.round()).abs() <= STEP_TOLERANCE {
        return Ok(());
    }
    Err(Denial::volume(format!("{lots} lots are no multiple of {}", facts.volume_step)))
}

/// Whether a position can be closed by so much: wholly, or so that what is left is a possible volume.
fn check_part(lots: f64, open_lots: f64, facts: &BrokerFacts) -> Result<(), Denial> {
    let left = whole_lots(open_lots - lots);
    if !(lots > 0.0 && left >= 0.0) {
        return Err(Denial::volume(format!("{lots} lots of a position of {open_lots}")));
    }
    if left <= 0.0 {
        return Ok(());
    }
    if left < facts.volume_min * (1.0 - STEP_TOLERANCE) {
        return Err(Denial::volume(format!("{left} lots would be left, {} at least", facts.volume_min)));
    }
    check_volume(lots, facts)
}
