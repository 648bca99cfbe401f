//! The broker's book against the journal: each difference, and the rule for it.
//!
//! The broker's book is the truth about what is open, the journal about whose it is. What a person did in the terminal
//! is adopted where the broker's history accounts for it; what nothing accounts for freezes the symbol.

use super::{Book, Position, Side};
use crate::{Error, Result};

/// Volumes closer than this are the same, lots; brokers' smallest step is a thousand times that.
const LOTS_SAME: f64 = 1e-6;

/// Decimals that volumes are kept in.
const LOTS_SCALE: f64 = 1e8;

/// What a difference leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The journal takes over what the broker says.
    Adopt,
    /// Taken over if the broker's history accounts for the missing volume, else the symbol is frozen.
    Account,
    /// Nothing is opened for this symbol until it is gone, or a person adopts it.
    Freeze,
    /// The stop is put back; where the broker refuses that, the position is closed.
    Protect,
    /// It is told, and nothing else happens.
    Report,
}

impl Rule {
    /// The word written to the journal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Account => "account",
            Self::Freeze => "freeze",
            Self::Protect => "protect",
            Self::Report => "report",
        }
    }
}

/// In what book and journal differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Open by the journal, not at the broker.
    Missing,
    /// Fewer lots at the broker.
    Reduced,
    /// More lots at the broker than this program opened.
    Grown,
    /// The broker's position has the other direction.
    Turned,
    /// With this program's magic, and not open by the journal.
    Unexpected,
    /// Another program's or a person's position in the symbol.
    Foreign,
    /// Opened at another price than was reported.
    PriceDrift,
    /// Stop or target were moved.
    StopsMoved,
    /// The stop is gone.
    Naked,
}

impl Kind {
    /// The code written to the journal and to metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "position_missing",
            Self::Reduced => "position_reduced",
            Self::Grown => "position_grown",
            Self::Turned => "position_turned",
            Self::Unexpected => "position_unexpected",
            Self::Foreign => "position_foreign",
            Self::PriceDrift => "price_drift",
            Self::StopsMoved => "stops_moved",
            Self::Naked => "position_naked",
        }
    }

    /// The written rule; `docs/ORDER_SAFETY.md` gives the reasons.
    #[must_use]
    pub fn rule(self) -> Rule {
        match self {
            Self::Missing | Self::Reduced => Rule::Account,
            Self::Grown | Self::Turned => Rule::Freeze,
            Self::Unexpected | Self::PriceDrift | Self::StopsMoved => Rule::Adopt,
            Self::Naked => Rule::Protect,
            Self::Foreign => Rule::Report,
        }
    }
}

/// A position that is open by the journal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kept {
    /// The broker's number for it.
    pub ticket: i64,
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
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What it is.
    pub kind: Kind,
    /// The position's number.
    pub ticket: i64,
    /// Both sides in figures.
    pub detail: String,
}

/// Every difference in one symbol, by ticket.
///
/// `kept` are this program's open positions by the journal, `point` the symbol's smallest price step, price units.
#[must_use]
pub fn reconcile(kept: &[Kept], book: &Book, symbol: &str, magic: i64, point: f64) -> Vec<Difference> {
    let mut found = Vec::new();
    for expected in kept {
        match book.positions.iter().find(|position| position.ticket == expected.ticket) {
            Some(position) => compare(expected, position, point, &mut found),
            None => found.push(Difference {
                kind: Kind::Missing,
                ticket: expected.ticket,
                detail: format!(
                    "{:?} {} lots are open by the journal, not at the broker",
                    expected.side, expected.lots
                ),
            }),
        }
    }
    let unknown = |position: &&Position| !kept.iter().any(|expected| expected.ticket == position.ticket);
    for position in book.positions.iter().filter(|position| position.symbol == symbol).filter(unknown) {
        let is_own = position.magic == magic;
        let whose =
            if is_own { "with this program's magic".to_owned() } else { format!("of magic {}", position.magic) };
        found.push(Difference {
            kind: if is_own { Kind::Unexpected } else { Kind::Foreign },
            ticket: position.ticket,
            detail: format!("{:?} {} lots at {} {whose}", position.side, position.lots, position.price),
        });
    }
    found.sort_by_key(|difference| difference.ticket);
    found
}

fn compare(expected: &Kept, position: &Position, point: f64, found: &mut Vec<Difference>) {
    let mut tell = |kind, detail| found.push(Difference { kind, ticket: expected.ticket, detail });
    if expected.side != position.side {
        tell(Kind::Turned, format!("{:?} by the journal, {:?} at the broker", expected.side, position.side));
        return;
    }
    let volumes = format!("{} lots by the journal, {} at the broker", expected.lots, position.lots);
    if position.lots < expected.lots - LOTS_SAME {
        tell(Kind::Reduced, volumes);
    } else if position.lots > expected.lots + LOTS_SAME {
        tell(Kind::Grown, volumes);
    }
    let tolerance = point / 2.0;
    if (position.price - expected.price).abs() > tolerance {
        tell(
            Kind::PriceDrift,
            format!("opened at {} by the journal, at {} by the broker", expected.price, position.price),
        );
    }
    let moved = |before: Option<f64>, now: Option<f64>| match (before, now) {
        (Some(before), Some(now)) => (before - now).abs() > tolerance,
        (before, now) => before.is_some() != now.is_some(),
    };
    if expected.sl.is_some() && position.sl.is_none() {
        tell(Kind::Naked, format!("its stop at {} is gone", text(expected.sl)));
    } else if moved(expected.sl, position.sl) || moved(expected.tp, position.tp) {
        let levels = |sl, tp| format!("stop {}, target {}", text(sl), text(tp));
        let (before, now) = (levels(expected.sl, expected.tp), levels(position.sl, position.tp));
        tell(Kind::StopsMoved, format!("{before} by the journal; {now} at the broker"));
    }
}

fn text(level: Option<f64>) -> String {
    level.map_or_else(|| "none".to_owned(), |price| price.to_string())
}

/// A part of a position that was closed, as the broker's history tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedPart {
    /// When, UTC seconds.
    pub time_s: f64,
    /// Price.
    pub price: f64,
    /// Volume, lots.
    pub lots: f64,
    /// Profit, account currency.
    pub profit: f64,
}

/// What became of volume that is not open any more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accounted {
    /// Profit of all closed parts, account currency.
    pub profit: f64,
    /// Mean price of the closed parts, weighted by volume.
    pub price: f64,
    /// When the last one was closed, UTC seconds.
    pub closed_s: f64,
}

/// Whether closed parts account for a position of `opened_lots` of which `open_lots` are left.
///
/// `None` where the history tells of fewer lots than are missing: it may be behind, or they went another way.
#[must_use]
pub fn account_for(opened_lots: f64, open_lots: f64, parts: &[ClosedPart]) -> Option<Accounted> {
    let closed: f64 = parts.iter().map(|part| part.lots).sum();
    if parts.is_empty() || closed < opened_lots - open_lots - LOTS_SAME {
        return None;
    }
    Some(Accounted {
        profit: parts.iter().map(|part| part.profit).sum(),
        price: parts.iter().map(|part| part.price * part.lots).sum::<f64>() / closed,
        closed_s: parts.iter().map(|part| part.time_s).fold(f64::NEG_INFINITY, f64::max),
    })
}

/// What is left of a volume after some of it was closed, lots; 0 where nothing is.
#[must_use]
pub fn lots_left(lots: f64, closed_lots: f64) -> f64 {
    let left = ((lots - closed_lots) * LOTS_SCALE).round() / LOTS_SCALE;
    if left < LOTS_SAME { 0.0 } else { left }
}

/// Whether a broker's report of an execution can be true: `lots` of at most `asked_lots` (where known) at `price`.
///
/// # Errors
/// [`Error::BadBroker`] for figures that are not positive and finite, or more lots than were asked for.
pub fn check_execution(price: f64, lots: f64, asked_lots: Option<f64>) -> Result<()> {
    let bad = |problem: String| Err(Error::BadBroker { what: "execution", problem });
    for (name, value) in [("price", price), ("volume", lots)] {
        if !(value.is_finite() && value > 0.0) {
            return bad(format!("{name} {value}"));
        }
    }
    match asked_lots {
        Some(asked) if lots > asked + LOTS_SAME => bad(format!("{lots} lots where {asked} were asked for")),
        _ => Ok(()),
    }
}
