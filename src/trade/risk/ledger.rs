//! The trading state: what is remembered of the equity, and what follows from it.

use super::Switch;
use super::limits::Limits;

/// Seconds of a UTC day.
pub(super) const DAY_S: i64 = 86_400;

/// What may be traded. Exits may in every state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Entries and exits.
    Active,
    /// No entry; ends by itself when its cause is gone.
    Reducing,
    /// No entry; until the next UTC day, or until `resume`.
    Halted,
}

/// Why the state is not [`State::Active`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The loss of the UTC day.
    DailyLoss,
    /// The fall from the highest equity.
    Drawdown,
    /// Losing trades in a row.
    Cooldown,
    /// The kill switch.
    KillSwitch,
}

macro_rules! names {
    ($type:ident, else $gravest:ident: $($variant:ident = $name:literal,)*) => {
        impl $type {
            /// The name in the journal.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What has this name in the journal; for a name that this program does not write, the gravest there is:
            /// a journal that cannot be read must not keep exits from trading, nor let entries trade.
            #[must_use]
            pub fn named(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)*
                    _ => Self::$gravest,
                }
            }
        }
    };
}

names! { State, else Halted: Active = "ACTIVE", Reducing = "REDUCING", Halted = "HALTED", }
names! {
    Because, else Drawdown:
    DailyLoss = "daily_loss", Drawdown = "drawdown", Cooldown = "cooldown", KillSwitch = "kill_switch",
}

/// What is remembered of one account; money in its currency, times in UTC seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ledger {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// Equity when the day was first seen; the greater one where it was entered several times.
    pub day_start_equity: f64,
    /// Whether the day's loss reached its limit, whatever `because` says: a graver halt hides it, and does not end it.
    pub day_halted: bool,
    /// Highest equity since the beginning, or since a `resume` after a drawdown.
    pub peak_equity: f64,
    /// What may be traded.
    pub state: State,
    /// Why not everything.
    pub because: Option<Because>,
    /// Since when it is so.
    pub since_s: i64,
    /// Until when, where that is known.
    pub until_s: Option<i64>,
}

/// What is remembered of a UTC day that was seen before, in whatever order the clock showed the days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// [`Ledger::day_start_equity`] of that day, account currency.
    pub start_equity: f64,
    /// [`Ledger::day_halted`] of that day.
    pub halted: bool,
}

/// What is seen now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed<'a> {
    /// UTC seconds.
    pub now_s: i64,
    /// What is remembered of the UTC day of `now_s`, where it was seen before.
    pub known: Option<Day>,
    /// Equity of the account.
    pub equity: f64,
    /// Closed positions, oldest first: when, UTC seconds, and profit.
    pub closed: &'a [(i64, f64)],
    /// The kill switch.
    pub switch: Switch,
}

impl Ledger {
    /// How far the equity lies below its highest mark, account currency.
    #[must_use]
    pub fn drawdown(&self, equity: f64) -> f64 {
        (self.peak_equity - equity).max(0.0)
    }

    fn begun(seen: &Observed<'_>) -> Self {
        Self {
            day: seen.now_s.div_euclid(DAY_S),
            day_start_equity: seen.equity,
            day_halted: false,
            peak_equity: seen.equity,
            state: State::Active,
            because: None,
            since_s: seen.now_s,
            until_s: None,
        }
    }

    /// Comes to the day that the clock shows. Nothing says which of two days is the true one, so none is forgotten:
    /// a day seen before is as it was left, one that the clock went back to unseen is as strict as the one it left, and
    /// only a day that was never seen and lies ahead begins anew.
    fn enter(&mut self, seen: &Observed<'_>) {
        let day = seen.now_s.div_euclid(DAY_S);
        if day == self.day {
            return;
        }
        let as_left = Day { start_equity: self.day_start_equity, halted: self.day_halted };
        let begun = Day { start_equity: seen.equity, halted: false };
        let entered = seen.known.unwrap_or(if day > self.day { begun } else { as_left });
        self.day = day;
        // The true day may begin only now: what it has more than the false one is its to lose.
        self.day_start_equity = entered.start_equity.max(seen.equity);
        self.day_halted = entered.halted;
    }

    fn day_ends_s(&self) -> i64 {
        self.day.saturating_add(1).saturating_mul(DAY_S)
    }
}

/// The ledger after what is seen now, and the names of what is worth a warning. The loss of a day is counted from that
/// day's own start, whatever days the clock showed in between. Equity that is not finite changes nothing.
#[must_use]
pub fn advance(ledger: Option<&Ledger>, seen: &Observed<'_>, limits: &Limits) -> (Option<Ledger>, Vec<&'static str>) {
    if !seen.equity.is_finite() {
        return (ledger.copied(), vec!["equity_unusable"]);
    }
    let mut next = ledger.copied().unwrap_or_else(|| Ledger::begun(seen));
    next.enter(seen);
    next.peak_equity = next.peak_equity.max(seen.equity);
    next.day_halted |= losses(&next, seen.equity).0 >= limits.set.daily_loss_max;
    let (state, because, until_s) = judged(&next, seen, limits);
    if (state, because) != (next.state, next.because) {
        next.since_s = seen.now_s;
    }
    (next.state, next.because, next.until_s) = (state, because, until_s);
    (Some(next), warnings(&next, seen, limits))
}

/// The ledger after a person's `resume`: ends a halt by the kill switch or by drawdown. A halt by the day's loss, also
/// one that the other two hid, and a pause stay until they end. The highest mark starts anew at this equity only where
/// the drawdown is what the state is about: to halt and to resume forgives nothing.
#[must_use]
pub fn resume(ledger: &Ledger, equity: f64, now_s: i64) -> Ledger {
    let is_forgiven = ledger.because == Some(Because::Drawdown) && equity.is_finite();
    let peak_equity = if is_forgiven { equity } else { ledger.peak_equity };
    let (state, because, until_s) = match ledger.because {
        _ if ledger.day_halted => (State::Halted, Some(Because::DailyLoss), Some(ledger.day_ends_s())),
        Some(Because::DailyLoss | Because::Cooldown) => (ledger.state, ledger.because, ledger.until_s),
        Some(Because::Drawdown | Because::KillSwitch) | None => (State::Active, None, None),
    };
    let is_same = (state, because) == (ledger.state, ledger.because);
    let since_s = if is_same { ledger.since_s } else { now_s };
    Ledger { peak_equity, state, because, since_s, until_s, ..*ledger }
}

type Standing = (State, Option<Because>, Option<i64>);

/// The gravest of what holds: a halt that lasts longer hides one that ends earlier.
fn judged(ledger: &Ledger, seen: &Observed<'_>, limits: &Limits) -> Standing {
    let set = &limits.set;
    let (loss, drawdown) = losses(ledger, seen.equity);
    let pause_until_s = pause_until_s(seen, limits);
    let reduce = set.loss_reduce_share;
    let is_held = (ledger.state, ledger.because) == (State::Halted, Some(Because::Drawdown));
    if is_held || drawdown >= set.drawdown_max {
        (State::Halted, Some(Because::Drawdown), None)
    } else if ledger.day_halted {
        (State::Halted, Some(Because::DailyLoss), Some(ledger.day_ends_s()))
    } else if seen.switch != Switch::Off {
        (State::Halted, Some(Because::KillSwitch), None)
    } else if pause_until_s.is_some() {
        (State::Reducing, Some(Because::Cooldown), pause_until_s)
    } else if drawdown >= reduce * set.drawdown_max {
        (State::Reducing, Some(Because::Drawdown), None)
    } else if loss >= reduce * set.daily_loss_max {
        (State::Reducing, Some(Because::DailyLoss), None)
    } else {
        (State::Active, None, None)
    }
}

/// Loss of the day and fall from the highest mark, account currency.
pub(super) fn losses(ledger: &Ledger, equity: f64) -> (f64, f64) {
    (ledger.day_start_equity - equity, ledger.peak_equity - equity)
}

/// End of the pause that losing trades in a row began, where it has not passed. A pause uses up its losses: the next
/// one takes as many again.
fn pause_until_s(seen: &Observed<'_>, limits: &Limits) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "a float cast saturates")]
    let pause_s = (limits.set.cooldown_minutes * 60.0).ceil() as i64;
    let (mut in_a_row, mut until_s) = (0, None);
    for &(closed_s, profit) in seen.closed {
        in_a_row = if profit < 0.0 { in_a_row + 1 } else { 0 };
        if in_a_row >= limits.set.losses_in_a_row_max {
            (in_a_row, until_s) = (0, Some(closed_s.saturating_add(pause_s)));
        }
    }
    until_s.filter(|until_s| seen.now_s < *until_s)
}

fn warnings(ledger: &Ledger, seen: &Observed<'_>, limits: &Limits) -> Vec<&'static str> {
    let set = &limits.set;
    let (loss, drawdown) = losses(ledger, seen.equity);
    let named = [
        (loss >= set.loss_warn_share * set.daily_loss_max, "daily_loss_warn"),
        (drawdown >= set.loss_warn_share * set.drawdown_max, "drawdown_warn"),
        (ledger.state == State::Reducing, "reducing"),
        (ledger.state == State::Halted, "halted"),
        (seen.switch != Switch::Off, "kill_switch"),
    ];
    named.into_iter().filter_map(|(holds, name)| holds.then_some(name)).collect()
}
