//! The one gate between bars and a decision: only what passes here is a [`FreshBar`], and only that is decided on.

use super::Calendar;
use super::time::to_text;
use crate::{Error, Result};

/// The newest closed bar, fresh at the moment it was looked at. Only [`fresh`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "all are seconds")]
pub struct FreshBar {
    open_s: i64,
    interval_s: i64,
    now_s: i64,
}

impl FreshBar {
    /// Open time of the bar, UTC seconds.
    #[must_use]
    pub fn open_s(&self) -> i64 {
        self.open_s
    }

    /// Length of the bar, seconds.
    #[must_use]
    pub fn interval_s(&self) -> i64 {
        self.interval_s
    }

    /// The moment it was fresh at, UTC seconds.
    #[must_use]
    pub fn now_s(&self) -> i64 {
        self.now_s
    }
}

/// Lets the newest closed bar through when it may be decided on at `now_s`: the market is open, the bar has ended, and
/// the next one is at most `grace_s` (one interval at most) overdue in a market that was open all the time since.
///
/// # Errors
/// In this order: [`Error::BadSetting`] for an interval or a grace outside its meaning; [`Error::MarketClosed`];
/// [`Error::NotClosed`] for a bar that ends after `now_s`; [`Error::AwaitingBar`] when the market was closed since the
/// bar and the next one is not overdue yet; [`Error::Stale`] when it is.
pub fn fresh(calendar: &Calendar, newest_open_s: i64, now_s: i64, interval_s: i64, grace_s: i64) -> Result<FreshBar> {
    if interval_s < 1 {
        let problem = format!("{interval_s} s is no length of a bar; 1 or more is accepted");
        return Err(Error::BadSetting { field: "interval", problem });
    }
    if grace_s < 0 {
        let problem = format!("{grace_s} s is negative; 0 or more is accepted");
        return Err(Error::BadSetting { field: "stale_grace_s", problem });
    }
    if !calendar.is_open(now_s) {
        let opens = calendar.next_change_s(now_s).map_or_else(|| "never".into(), to_text);
        return Err(Error::MarketClosed { now: to_text(now_s), opens });
    }
    let close_s = newest_open_s.saturating_add(interval_s);
    if close_s > now_s {
        return Err(Error::NotClosed { bar: to_text(newest_open_s), closes: to_text(close_s), now: to_text(now_s) });
    }
    let allowed_s = interval_s.saturating_add(grace_s.min(interval_s));
    let age_s = now_s.saturating_sub(close_s);
    let open_age_s = calendar.open_s_between(close_s, now_s);
    // Open time is counted, so that a weekend makes no bar late and no late bar is excused by one.
    if open_age_s > allowed_s {
        return Err(Error::Stale { bar: to_text(newest_open_s), open_age_s, allowed_s });
    }
    if open_age_s < age_s {
        return Err(Error::AwaitingBar { bar: to_text(newest_open_s), open_age_s, allowed_s });
    }
    Ok(FreshBar { open_s: newest_open_s, interval_s, now_s })
}
