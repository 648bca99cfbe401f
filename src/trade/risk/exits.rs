//! What must be closed. Nothing in this file can refuse.

use super::Switch;
use super::limits::Limits;
use crate::bars::Calendar;
use crate::trade::{Book, Position, Side};

/// A closure longer than this is a weekend, seconds.
const LONG_CLOSURE_S: i64 = 86_400;

/// Why a position is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The model wants the other side.
    Signal,
    /// The market closes for more than 24 hours.
    Weekend,
    /// A person wants to be out.
    KillSwitch,
    /// Its stop is gone and cannot be put back.
    Protection,
}

impl Purpose {
    /// The name in the journal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Weekend => "weekend",
            Self::KillSwitch => "kill_switch",
            Self::Protection => "protection",
        }
    }
}

/// An order that closes one whole position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exit {
    /// The position.
    pub ticket: i64,
    /// Direction of the closing order: the other one than the position's.
    pub side: Side,
    /// Volume, lots: all of it.
    pub lots: f64,
    /// Why.
    pub purpose: Purpose,
}

impl Exit {
    /// The order that closes a position.
    #[must_use]
    pub fn of(position: &Position, purpose: Purpose) -> Self {
        Self { ticket: position.ticket, side: position.side.opposite(), lots: position.lots, purpose }
    }
}

/// Own positions of the symbol that must be closed now, whatever the model says.
#[must_use]
pub fn due_exits(
    book: &Book,
    symbol: &str,
    now_s: i64,
    calendar: &Calendar,
    switch: Switch,
    limits: &Limits,
) -> Vec<Exit> {
    let purpose = if switch == Switch::Flatten {
        Purpose::KillSwitch
    } else if long_closure_s(calendar, now_s, limits).is_some() {
        Purpose::Weekend
    } else {
        return Vec::new();
    };
    book.own(symbol, limits.set.magic).map(|position| Exit::of(position, purpose)).collect()
}

/// When the open market closes for more than 24 hours, where that is within `weekend_flat_minutes`.
pub(super) fn long_closure_s(calendar: &Calendar, now_s: i64, limits: &Limits) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "a float cast saturates")]
    let flat_s = (limits.set.weekend_flat_minutes * 60.0).ceil() as i64;
    if flat_s == 0 || !calendar.is_open(now_s) {
        return None;
    }
    let closes_s = calendar.next_change_s(now_s)?;
    let is_near = closes_s - now_s <= flat_s;
    // The years of the calendar end at some time; what closes and never opens again is a long closure too.
    let is_long = || calendar.next_change_s(closes_s).is_none_or(|opens_s| opens_s - closes_s > LONG_CLOSURE_S);
    (is_near && is_long()).then_some(closes_s)
}
