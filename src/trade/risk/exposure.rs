//! What is open, and what it is worth: the book as it will be, and orders whose outcome is unknown.

use std::collections::BTreeMap;

use super::limits::Limits;
use super::pair;
use super::refusal::{Refusal, Refused};
use crate::trade::{Book, Position, Side, SymbolFacts};

/// An opening that may have been executed, or was and is not in the book yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Its request id.
    pub req_id: String,
    /// The position it opened, where that is known.
    pub ticket: Option<i64>,
    /// Symbol, as the broker names it.
    pub symbol: String,
    /// Direction.
    pub side: Side,
    /// Volume, lots.
    pub lots: f64,
    /// Its stop, if any.
    pub sl: Option<f64>,
    /// Its target, if any.
    pub tp: Option<f64>,
}

/// Something open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<'a> {
    symbol: &'a str,
    lots: f64,
    /// A price it is worth something at; `None` where none is known.
    price: Option<f64>,
    is_own: bool,
}

/// Everything open once `leaving` are closed: positions of anybody, and pending orders that are not among them.
pub(super) fn held<'a>(book: &'a Book, pending: &'a [Pending], magic: i64, leaving: &[i64]) -> Vec<Held<'a>> {
    let stays = |position: &&Position| !leaving.contains(&position.ticket);
    let of_book = book.positions.iter().filter(stays).map(|position| Held {
        symbol: &position.symbol,
        lots: position.lots,
        price: Some(position.price),
        is_own: position.magic == magic,
    });
    let is_of = |position: &Position, order: &Pending| {
        position.req_id.as_deref() == Some(order.req_id.as_str()) || order.ticket == Some(position.ticket)
    };
    let is_missing = |order: &&Pending| !book.positions.iter().any(|position| is_of(position, order));
    let unknown = pending.iter().filter(is_missing).map(|order| Held {
        symbol: &order.symbol,
        lots: order.lots,
        // Its price lies between stop and target; the greater of them is worth no less.
        price: order.sl.into_iter().chain(order.tp).reduce(f64::max),
        is_own: true,
    });
    of_book.chain(unknown).collect()
}

/// Positions of the symbol and of the account, one more included, against their limits.
pub(super) fn check_counts(held: &[Held<'_>], symbol: &str, limits: &Limits) -> Result<(), Refused> {
    let set = &limits.set;
    let own = held.iter().filter(|one| one.is_own && one.symbol == symbol).count();
    if own >= set.positions_symbol_max {
        let detail = format!("{own} positions of {symbol} are open, {} may be", set.positions_symbol_max);
        return Err((Refusal::PositionsSymbol, detail));
    }
    if held.len() >= set.positions_max {
        let detail = format!("{} positions are open on the account, {} may be", held.len(), set.positions_max);
        return Err((Refusal::PositionsTotal, detail));
    }
    Ok(())
}

/// The entry whose worth is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Added<'a> {
    pub(super) symbol: &'a str,
    pub(super) lots: f64,
    pub(super) price: f64,
}

/// Worth of symbol, groups and account, the entry included, against their limits.
pub(super) fn check_worth(
    held: &[Held<'_>],
    added: Added<'_>,
    facts: &BTreeMap<String, SymbolFacts>,
    limits: &Limits,
) -> Result<(), Refused> {
    let mut worths = Vec::with_capacity(held.len() + 1);
    for one in held {
        let price = if one.symbol == added.symbol { Some(added.price) } else { one.price };
        worths.push((one.symbol, worth(one.symbol, one.lots, price, facts)?));
    }
    worths.push((added.symbol, worth(added.symbol, added.lots, Some(added.price), facts)?));
    let sum = |counts: &dyn Fn(&str) -> bool| -> f64 {
        worths.iter().filter(|(symbol, _)| counts(symbol)).map(|(_, worth)| worth).sum()
    };
    let set = &limits.set;
    within(Refusal::ExposureSymbol, added.symbol, sum(&|symbol| symbol == added.symbol), set.exposure_symbol_max)?;
    for (name, counts) in groups(added.symbol, limits) {
        within(Refusal::ExposureGroup, &name, sum(&*counts), set.exposure_group_max)?;
    }
    within(Refusal::ExposureTotal, "all symbols", sum(&|_| true), set.exposure_total_max)
}

/// Worth of all open positions, account currency; `None` where it cannot be told for one of them.
#[must_use]
pub fn open_worth(book: &Book, facts: &BTreeMap<String, SymbolFacts>) -> Option<f64> {
    let mut worths = held(book, &[], 0, &[]).into_iter().map(|one| worth(one.symbol, one.lots, one.price, facts));
    worths.try_fold(0.0, |sum, worth| worth.ok().map(|worth| sum + worth))
}

fn within(refusal: Refusal, what: &str, worth: f64, most: f64) -> Result<(), Refused> {
    if worth <= most {
        return Ok(());
    }
    Err((refusal, format!("positions of {what} would be worth {worth:.2}, {most:.2} are allowed")))
}

fn worth(symbol: &str, lots: f64, price: Option<f64>, facts: &BTreeMap<String, SymbolFacts>) -> Result<f64, Refused> {
    let priced = facts.get(symbol).zip(price).map(|(facts, price)| facts.notional(lots, price));
    priced.map(f64::abs).filter(|worth| worth.is_finite()).ok_or_else(|| {
        let lacks = if facts.contains_key(symbol) { "its price is" } else { "the facts of its symbol are" };
        (Refusal::UnknownWorth, format!("{lots} lots of {symbol} are open, and {lacks} unknown"))
    })
}

type Members<'a> = (String, Box<dyn Fn(&str) -> bool + 'a>);

/// The groups a symbol is in: those of the setting, or else one for each of its two currencies.
fn groups<'a>(symbol: &'a str, limits: &'a Limits) -> Vec<Members<'a>> {
    let stem = pair::stem(symbol);
    if limits.groups.is_empty() {
        let shares = |currency: &'a str| -> Members<'a> {
            let has = move |other: &str| pair::currencies(other).is_some_and(|pair| pair.contains(&currency));
            (format!("symbols with {currency}"), Box::new(has))
        };
        return pair::currencies(symbol).into_iter().flatten().map(shares).collect();
    }
    let is_in = |group: &&Vec<String>| group.iter().any(|name| name == stem);
    let named = |group: &'a Vec<String>| -> Members<'a> {
        (group.join("+"), Box::new(move |other| group.iter().any(|name| name == pair::stem(other))))
    };
    limits.groups.iter().filter(is_in).map(named).collect()
}
