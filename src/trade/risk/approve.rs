//! Wish + book + ledger → exits that may go, and a verdict on the entry.

use std::collections::BTreeMap;

use super::Switch;
use super::exits::{Exit, Purpose, long_closure_s};
use super::exposure::{self, Added, Pending};
use super::ledger::{Because, DAY_S, Ledger, State, losses};
use super::limits::{Limits, StopMode};
use super::news::News;
use super::refusal::{Refusal, Refused, bounded};
use super::{size, stops};
use crate::bars::{Bars, Calendar, FreshBar, time};
use crate::features::{Selection, latest_selected};
use crate::trade::{Book, Quote, Side, SymbolFacts};

/// What the decision wants.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Symbol, as the broker names it.
    pub symbol: &'a str,
    /// The side to be on.
    pub side: Side,
    /// Bid and ask now.
    pub quote: Quote,
    /// Closed bars of the symbol, for the average true range.
    pub bars: &'a Bars,
    /// The bar that was decided on, and the moment.
    pub bar: FreshBar,
}

/// What is true around it.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The broker's book.
    pub book: &'a Book,
    /// Facts of the wish's symbol, and of every other one that is open.
    pub facts: &'a BTreeMap<String, SymbolFacts>,
    /// The ledger as [`advance`](super::advance) left it at this moment.
    pub ledger: Option<&'a Ledger>,
    /// Openings whose outcome is unknown, or that the book may not show yet.
    pub pending: &'a [Pending],
    /// When openings were sent, of all symbols, UTC seconds: those of this UTC day and of the last minute.
    pub openings_s: &'a [i64],
    /// When the market is open.
    pub calendar: &'a Calendar,
    /// Times around news.
    pub news: &'a News,
    /// Whether the daemon halted itself.
    pub halted: bool,
    /// The kill switch.
    pub switch: Switch,
}

/// A position to open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// Direction.
    pub side: Side,
    /// Volume, lots.
    pub lots: f64,
    /// Price the stops and the volume were found for: ask of a buy, bid of a sell.
    pub price: f64,
    /// Stop-loss price.
    pub sl: f64,
    /// Take-profit price, if any.
    pub tp: Option<f64>,
    /// How far from the price it may be filled, points.
    pub deviation_points: u32,
}

/// Whether the entry may go.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It may, once the exits are done.
    Approved(Entry),
    /// It may not.
    Refused {
        /// Why.
        reason: Refusal,
        /// The figures, one bounded line.
        detail: String,
    },
}

impl Verdict {
    /// The entry that may go, if any.
    #[must_use]
    pub fn approved(&self) -> Option<Entry> {
        match self {
            Self::Approved(entry) => Some(*entry),
            Self::Refused { .. } => None,
        }
    }

    /// Why none may, with the figures, if so.
    #[must_use]
    pub fn refusal(&self) -> Option<(Refusal, &str)> {
        match self {
            Self::Approved(_) => None,
            Self::Refused { reason, detail } => Some((*reason, detail)),
        }
    }
}

/// What may go.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    /// Own positions on the other side, each whole; never refused.
    pub exits: Vec<Exit>,
    /// Whether a position may be opened.
    pub entry: Verdict,
    /// Names of what is worth a warning: `stop_widened`.
    pub warnings: Vec<&'static str>,
}

/// Seconds of a minute, for openings a minute.
const MINUTE_S: i64 = 60;

/// A millionth of a point of spread is rounding.
const SPREAD_ROUNDING_POINTS: f64 = 1e-6;

/// Rules on a wish: exits are own positions of the symbol on the other side, and always go. The entry is judged on the
/// book as it will be after them, with pending orders counted as open, and with the positions of other programs and
/// people, which count for the account's limits and are never closed.
#[must_use]
pub fn approve(wish: &Wish<'_>, around: &Around<'_>, limits: &Limits) -> Ruling {
    let own = around.book.own(wish.symbol, limits.set.magic);
    let exits: Vec<Exit> = own
        .filter(|position| position.side == wish.side.opposite())
        .map(|position| Exit::of(position, Purpose::Signal))
        .collect();
    match entry(wish, around, limits, &exits) {
        Ok((entry, warnings)) => Ruling { exits, entry: Verdict::Approved(entry), warnings },
        Err((reason, detail)) => {
            Ruling { exits, entry: Verdict::Refused { reason, detail: bounded(detail) }, warnings: Vec::new() }
        }
    }
}

fn entry(
    wish: &Wish<'_>,
    around: &Around<'_>,
    limits: &Limits,
    exits: &[Exit],
) -> Result<(Entry, Vec<&'static str>), Refused> {
    check_halts(around)?;
    check_state(around, limits)?;
    check_times(wish, around, limits)?;
    check_quote(wish, around, limits)?;
    check_pace(wish, around, limits)?;
    let leaving: Vec<i64> = exits.iter().map(|exit| exit.ticket).collect();
    let held = exposure::held(around.book, around.pending, limits.set.magic, &leaving);
    exposure::check_counts(&held, wish.symbol, limits)?;
    let facts = facts(wish, around)?;
    let stops = stops::stops(wish.side, &wish.quote, atr(wish.bars, limits), facts, limits)?;
    let lots = size::lots(wish.side, &stops, around.book.account.equity, facts, limits)?;
    let added = Added { symbol: wish.symbol, lots, price: stops.price };
    exposure::check_worth(&held, added, around.facts, limits)?;
    let deviation_points = limits.set.slippage_points_max;
    let entry = Entry { side: wish.side, lots, price: stops.price, sl: stops.sl, tp: stops.tp, deviation_points };
    Ok((entry, if stops.widened > 1.0 { vec!["stop_widened"] } else { Vec::new() }))
}

fn facts<'a>(wish: &Wish<'_>, around: &Around<'a>) -> Result<&'a SymbolFacts, Refused> {
    let unknown = || (Refusal::UnknownWorth, format!("the facts of {} are unknown", wish.symbol));
    around.facts.get(wish.symbol).ok_or_else(unknown)
}

/// The newest average true range, where stops are measured in it; `None` where the bars are too few for a settled one.
fn atr(bars: &Bars, limits: &Limits) -> Option<f64> {
    if limits.set.stop_mode == StopMode::Pips {
        return None;
    }
    let column = Selection::named(&["atr_14"]).ok()?;
    latest_selected(bars, &column).ok()?.first().copied()
}

fn check_halts(around: &Around<'_>) -> Result<(), Refused> {
    if around.halted {
        return Err((Refusal::Halted, "the daemon halted itself; only exits are traded until it is restarted".into()));
    }
    if around.switch != Switch::Off {
        return Err((Refusal::KillSwitch, "the kill switch is on; `mt5-sentinel resume` ends it".into()));
    }
    if around.book.halted {
        return Err((Refusal::GatewayHalted, "the broker's side takes no new positions".into()));
    }
    Ok(())
}

fn check_state(around: &Around<'_>, limits: &Limits) -> Result<(), Refused> {
    let (set, equity) = (&limits.set, around.book.account.equity);
    let Some(ledger) = around.ledger.filter(|_| equity.is_finite() && equity > 0.0) else {
        return Err((Refusal::Equity, format!("the equity is {equity}; there is nothing to trade with")));
    };
    let (loss, drawdown) = losses(ledger, equity);
    let of_day = || format!("the UTC day's loss is {loss:.2} of {:.2}", set.daily_loss_max);
    let of_peak = || format!("the equity fell {drawdown:.2} of {:.2} from its highest mark", set.drawdown_max);
    let until = || ledger.until_s.map_or_else(String::new, |until_s| format!(" until {} UTC", time::to_text(until_s)));
    Err(match (ledger.state, ledger.because) {
        (State::Active, _) => return Ok(()),
        (State::Halted, Some(Because::DailyLoss)) => {
            (Refusal::DailyLoss, format!("{}; nothing is opened{}", of_day(), until()))
        }
        (State::Halted, Some(Because::Drawdown)) => {
            (Refusal::Drawdown, format!("{}; nothing is opened until `mt5-sentinel resume`", of_peak()))
        }
        (State::Halted, _) => {
            (Refusal::KillSwitch, "the kill switch was on when the account was last looked at".into())
        }
        (State::Reducing, Some(Because::Cooldown)) => {
            (Refusal::Cooldown, format!("{} losing trades in a row; a pause{}", set.losses_in_a_row_max, until()))
        }
        (State::Reducing, Some(Because::Drawdown)) => (Refusal::Reducing, of_peak()),
        (State::Reducing, _) => (Refusal::Reducing, of_day()),
    })
}

fn check_times(wish: &Wish<'_>, around: &Around<'_>, limits: &Limits) -> Result<(), Refused> {
    let (now_s, set) = (wish.bar.now_s(), &limits.set);
    if !around.calendar.is_open(now_s) {
        return Err((Refusal::MarketClosed, format!("the market is closed at {} UTC", time::to_text(now_s))));
    }
    if let Some(closes_s) = long_closure_s(around.calendar, now_s, limits) {
        let detail = format!("the market closes {} UTC for more than 24 hours", time::to_text(closes_s));
        return Err((Refusal::Weekend, detail));
    }
    if !limits.hours.contain(now_s) {
        let detail = format!("{} UTC is outside {}", time::to_text(now_s), set.trading_hours.join(", "));
        return Err((Refusal::Hours, detail));
    }
    if let Some(window) = around.news.window(wish.symbol, now_s) {
        let currency = if window.currency.is_empty() { "all currencies" } else { &window.currency };
        let detail = format!("{currency}, until {} UTC: {}", time::to_text(window.to_s), window.title);
        return Err((Refusal::News, detail));
    }
    let age_s = now_s - (wish.bar.open_s() + wish.bar.interval_s());
    if age_s as f64 > set.signal_age_max_s {
        let detail = format!("the bar closed {age_s} s ago, {} are allowed", set.signal_age_max_s);
        return Err((Refusal::SignalAge, detail));
    }
    Ok(())
}

fn check_quote(wish: &Wish<'_>, around: &Around<'_>, limits: &Limits) -> Result<(), Refused> {
    let (Quote { bid, ask, .. }, facts) = (wish.quote, facts(wish, around)?);
    if !(bid.is_finite() && ask.is_finite() && bid > 0.0 && ask >= bid) {
        return Err((Refusal::Quote, format!("bid {bid} and ask {ask} are no prices to trade at")));
    }
    let (points, most) = ((ask - bid) / facts.point(), limits.set.spread_points_max);
    if points > most + SPREAD_ROUNDING_POINTS {
        return Err((Refusal::Spread, format!("the spread is {points:.1} points, {most} are allowed")));
    }
    Ok(())
}

/// Openings of the last minute and of this UTC day. One that lies ahead of now, for the clock went back, counts.
fn check_pace(wish: &Wish<'_>, around: &Around<'_>, limits: &Limits) -> Result<(), Refused> {
    let (now_s, set) = (wish.bar.now_s(), &limits.set);
    let since = |from_s: i64| around.openings_s.iter().filter(|opened_s| **opened_s >= from_s).count();
    let of_minute = since(now_s - MINUTE_S + 1);
    if of_minute >= set.orders_per_minute_max {
        let detail = format!("{of_minute} openings within 60 seconds, {} are allowed", set.orders_per_minute_max);
        return Err((Refusal::OrdersMinute, detail));
    }
    let of_day = since(now_s.div_euclid(DAY_S) * DAY_S);
    if of_day >= set.orders_per_day_max {
        let detail = format!("{of_day} openings this UTC day, {} are allowed", set.orders_per_day_max);
        return Err((Refusal::OrdersDay, detail));
    }
    Ok(())
}
