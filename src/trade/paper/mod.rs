//! A broker on paper: one account, many symbols, many positions; the same inputs and seed give the same bits.
//!
//! Nothing happens before it is on disk: `propose_*` says which [`Deal`]s an order or a price makes and changes nothing;
//! the caller stores them and [`PaperAccount::apply`] folds them in. Rebuilding is applying all of them.

mod carried;
mod deal;
mod denial;
mod ledger;
mod marks;
mod orders;
mod recording;
mod slippage;
mod stops;

use std::collections::{BTreeMap, BTreeSet};

pub use carried::OldFill;
pub use deal::{Deal, DealBy, Entry};
pub use denial::Denial;
pub use orders::{Exit, Levels, Opening};
pub use recording::{PlayedBar, Recording};

use super::{Account, Position, Quote, QuoteSide, SymbolFacts};
use crate::{Error, Result};

/// Share of the margin below which the equity may not fall.
const STOP_OUT_SHARE: f64 = 0.5;

/// What an account is opened with, once for its whole life but for the last two.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperTerms {
    /// Deposit, account currency; counted in whole hundredths.
    pub deposit: f64,
    /// Currency of the account.
    pub currency: String,
    /// Worth of positions per unit of margin.
    pub leverage: f64,
    /// Seed of the slippage.
    pub seed: u64,
    /// Greatest slippage of an order, points.
    pub slippage_points_max: f64,
}

/// A symbol the account may trade.
#[derive(Debug, Clone, PartialEq)]
struct Listed {
    facts: SymbolFacts,
    /// Side of the market its bars show.
    shows: QuoteSide,
}

/// A position, and what of it the broker keeps to itself.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    position: Position,
    /// Fixed at its opening, as brokers do: margin does not move with the price.
    margin_per_lot: f64,
    /// When it was opened or its levels were moved; bars that opened much earlier say nothing about them.
    watched_from_s: i64,
}

/// One account on paper.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperAccount {
    terms: PaperTerms,
    symbols: BTreeMap<String, Listed>,
    quotes: BTreeMap<String, Quote>,
    /// Symbols whose quote is one from before the account was rebuilt: it values positions, and fills nothing.
    recalled: BTreeSet<String>,
    /// Open time of the newest bar that stops and targets were executed on, by symbol.
    executed: BTreeMap<String, i64>,
    positions: BTreeMap<i64, Held>,
    /// In whole hundredths, so that sums are exact and their order does not matter.
    balance_cents: f64,
    newest_seq: i64,
}

impl PaperAccount {
    /// An account without deals.
    ///
    /// # Errors
    /// [`Error::BadSetting`] naming the first value outside its meaning.
    pub fn new(terms: PaperTerms) -> Result<Self> {
        let positive = [("deposit", terms.deposit), ("leverage", terms.leverage)];
        if let Some((field, value)) = positive.into_iter().find(|(_, value)| !(value.is_finite() && *value > 0.0)) {
            return Err(Error::BadSetting { field, problem: format!("{value} is not a positive amount") });
        }
        let slippage = terms.slippage_points_max;
        if !(slippage.is_finite() && slippage >= 0.0) {
            let problem = format!("{slippage} is no number of points, 0 or more");
            return Err(Error::BadSetting { field: "paper_slippage_points", problem });
        }
        Ok(Self {
            balance_cents: cents(terms.deposit),
            terms,
            symbols: BTreeMap::new(),
            quotes: BTreeMap::new(),
            recalled: BTreeSet::new(),
            executed: BTreeMap::new(),
            positions: BTreeMap::new(),
            newest_seq: 0,
        })
    }

    /// Lets a symbol be traded; its bars show one side of the market. Known facts are replaced.
    ///
    /// # Errors
    /// [`Error::BadSetting`] when the facts are for an account in another currency.
    pub fn know(&mut self, symbol: &str, facts: SymbolFacts, shows: QuoteSide) -> Result<()> {
        if facts.account_currency() != self.terms.currency {
            let (told, own) = (facts.account_currency(), &self.terms.currency);
            let problem = format!("{symbol:.32} is reckoned in {told:.8}, the paper account is kept in {own:.8}");
            return Err(Error::BadSetting { field: "account_currency", problem });
        }
        self.symbols.insert(symbol.into(), Listed { facts, shows });
        Ok(())
    }

    /// Balance, equity and free margin at the newest quotes.
    #[must_use]
    pub fn account(&self) -> Account {
        let open_cents: f64 = self.positions.values().map(|held| cents(self.open_profit(held))).sum();
        let equity = (self.balance_cents + open_cents) / 100.0;
        Account { balance: self.balance_cents / 100.0, equity, margin_free: equity - self.margin() }
    }

    /// Open positions by ticket, each with its profit at the newest quote of its symbol; 0 where none is known yet.
    #[must_use]
    pub fn positions(&self) -> Vec<Position> {
        let told = |held: &Held| Position { profit: self.open_profit(held), ..held.position.clone() };
        self.positions.values().map(told).collect()
    }

    /// Number of the newest deal; 0 before the first.
    #[must_use]
    pub fn newest_seq(&self) -> i64 {
        self.newest_seq
    }

    /// Open time of the newest bar of a symbol that stops were executed on.
    #[must_use]
    pub fn executed_s(&self, symbol: &str) -> Option<i64> {
        self.executed.get(symbol).copied()
    }

    /// Margin bound by open positions; opposite ones bind both.
    fn margin(&self) -> f64 {
        self.positions.values().map(|held| held.margin_per_lot * held.position.lots).sum()
    }

    /// The newest quote of a symbol that orders can be filled at.
    fn newest_quote(&self, symbol: &str) -> Option<&Quote> {
        self.quotes.get(symbol).filter(|_| !self.recalled.contains(symbol))
    }

    fn open_profit(&self, held: &Held) -> f64 {
        let position = &held.position;
        let known = self.symbols.get(&position.symbol).zip(self.quotes.get(&position.symbol));
        known.map_or(0.0, |(listed, quote)| {
            closing_profit(&listed.facts, position, position.lots, quote.price_for(position.side.opposite()))
        })
    }
}

/// Profit of closing `lots` of a position at a price, whole hundredths of account currency.
fn closing_profit(facts: &SymbolFacts, position: &Position, lots: f64, price: f64) -> f64 {
    to_the_cent(facts.profit(lots, (price - position.price) * position.side.sign(), price))
}

/// Whole hundredths of an amount.
fn cents(amount: f64) -> f64 {
    (amount * 100.0).round()
}

/// An amount as an account books it.
fn to_the_cent(amount: f64) -> f64 {
    cents(amount) / 100.0
}

/// Volumes are counted in hundred-millionths of a lot, so that a part taken off leaves no dust.
fn whole_lots(lots: f64) -> f64 {
    (lots * 1e8).round() / 1e8
}
