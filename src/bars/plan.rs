//! When a source of bars is to be asked, and for what: only what is missing since the last closed bar, only while the
//! market trades, and never more often than a ladder of waits allows.
//!
//! A request costs the same whatever stretch it asks for, so each one overlaps what is known: bars that the source
//! revised since, or brought late, come along. Once a day the whole history is asked for again.

use super::calendar::Calendar;

/// Bars before the newest known one that each request asks for again.
const OVERLAP_BARS: i64 = 24;

/// One slot more is asked for per so many bars: of the currencies' hours one in twenty has no bar.
const SPARE_SHARE: i64 = 4;

/// Slots asked for beyond that, so that short histories bear a holiday.
const SPARE_SLOTS: i64 = 48;

/// Waits before each further request for the same bar, minutes. Their sum is below an hour: a bar that never comes
/// costs ten requests an hour.
const LADDER_MIN: [i64; 9] = [1, 1, 1, 2, 3, 5, 8, 13, 21];

/// A cycle may come a little earlier in its minute than the one before; the one at start, half a minute.
const EARLY_S: i64 = 35;

/// A price older than this is asked for again before a bar is decided.
const PRICE_KEEPS_S: i64 = 50;

/// Length of a day, seconds.
const DAY_S: i64 = 86_400;

/// What is wanted of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Length of a bar, seconds.
    pub interval_s: i64,
    /// Closed bars that are wanted.
    pub history_bars: i64,
}

/// What is known of a series; times in UTC seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// Where the stretch begins that has been asked for without a break up to `newest_open_s`.
    pub asked_from_s: Option<i64>,
    /// Bars of that stretch that are stored.
    pub stored: i64,
    /// Open time of the newest closed bar.
    pub newest_open_s: Option<i64>,
    /// When the source last gave a whole answer.
    pub answered_at_s: Option<i64>,
    /// When the whole history was last asked for; none after a start.
    pub swept_at_s: Option<i64>,
    /// Open time of the bar decided last.
    pub decided_open_s: Option<i64>,
    /// Requests made so far for the bar that was due then.
    pub tried: Option<Tried>,
}

/// Requests for one due bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// Open time of the bar they were made for.
    pub due_open_s: i64,
    /// How many.
    pub times: usize,
    /// When the last one was made.
    pub last_s: i64,
}

/// Why a source is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// All that is due is known.
    Nothing,
    /// Nothing, or nothing recent enough, is known.
    Cold,
    /// More history is wanted than is known.
    Backfill,
    /// A bar has closed since.
    Due,
    /// A bar is to be decided, and the newest price is old.
    Price,
    /// This machine's clock is in doubt; an answer shows the server's.
    Clock,
}

impl Need {
    /// The word for logs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Cold => "cold",
            Self::Backfill => "backfill",
            Self::Due => "due",
            Self::Price => "price",
            Self::Clock => "clock",
        }
    }
}

/// What to ask for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchPlan {
    /// Why.
    pub need: Need,
    /// Stretch of open times, both ends included; none where nothing is needed, or the ladder says to wait.
    pub window: Option<(i64, i64)>,
    /// The requests for the due bar, this one included.
    pub tried: Option<Tried>,
    /// Whether the window covers the whole history.
    pub sweeps: bool,
    /// Where the known stretch begins once the window has been answered.
    pub asked_from_s: i64,
}

/// Plans the requests of this moment. Ask while the market is open only.
#[must_use]
pub fn plan(calendar: &Calendar, terms: &Terms, known: &Known, now_s: i64, clock_is_doubted: bool) -> FetchPlan {
    let due_open_s = calendar.newest_due(now_s, terms.interval_s).unwrap_or(now_s - terms.interval_s);
    let slots = terms.history_bars + terms.history_bars / SPARE_SHARE + SPARE_SLOTS;
    let wanted_from_s = calendar.slots_back(due_open_s, terms.interval_s, slots);
    let need = need(terms, known, now_s, due_open_s, wanted_from_s, clock_is_doubted);
    let tried = known.tried.filter(|tried| tried.due_open_s == due_open_s);
    let kept_from_s = known.asked_from_s.filter(|_| need != Need::Cold).unwrap_or(wanted_from_s);
    if need == Need::Nothing || !may_ask(tried, now_s) {
        return FetchPlan { need, window: None, tried, sweeps: false, asked_from_s: kept_from_s };
    }
    // A first answer that was cut short heals with the next request; it costs no more.
    let is_short = known.stored < terms.history_bars;
    let sweeps = is_short || matches!(need, Need::Cold | Need::Backfill) || !swept_today(known, now_s);
    let newest_s = known.newest_open_s.unwrap_or(due_open_s).min(due_open_s);
    let overlap_from_s = (newest_s - OVERLAP_BARS * terms.interval_s).max(wanted_from_s);
    let (from_s, asked_from_s) =
        if sweeps { (wanted_from_s, kept_from_s.min(wanted_from_s)) } else { (overlap_from_s, kept_from_s) };
    let tried = Tried { due_open_s, times: tried.map_or(0, |tried| tried.times) + 1, last_s: now_s };
    FetchPlan { need, window: Some((from_s, now_s)), tried: Some(tried), sweeps, asked_from_s }
}

fn need(terms: &Terms, known: &Known, now_s: i64, due_open_s: i64, wanted_from_s: i64, clock_is_doubted: bool) -> Need {
    let (Some(asked_from_s), Some(newest_s)) = (known.asked_from_s, known.newest_open_s) else { return Need::Cold };
    let is_undecided = known.decided_open_s.is_none_or(|decided| decided < newest_s);
    let price_age_s = now_s - known.answered_at_s.unwrap_or(i64::MIN / 2);
    if newest_s < wanted_from_s {
        Need::Cold
    } else if clock_is_doubted || newest_s + terms.interval_s > now_s {
        Need::Clock
    } else if newest_s < due_open_s {
        Need::Due
    } else if asked_from_s > wanted_from_s + DAY_S && known.swept_at_s.is_none() {
        Need::Backfill // history_bars was raised; what does not exist is asked for once a start
    } else if is_undecided && !(0..=PRICE_KEEPS_S).contains(&price_age_s) {
        Need::Price
    } else {
        Need::Nothing
    }
}

fn may_ask(tried: Option<Tried>, now_s: i64) -> bool {
    let Some(tried) = tried.filter(|tried| tried.times > 0) else { return true };
    let wait_min = LADDER_MIN[(tried.times - 1).min(LADDER_MIN.len() - 1)];
    let waited_s = now_s - tried.last_s;
    // After a clock that stepped back the last request lies ahead; it must not hold the next one off for hours.
    waited_s < 0 || waited_s >= wait_min * 60 - EARLY_S
}

fn swept_today(known: &Known, now_s: i64) -> bool {
    known.swept_at_s.is_some_and(|swept| swept.div_euclid(DAY_S) == now_s.div_euclid(DAY_S))
}
