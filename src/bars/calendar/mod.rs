//! When a market is open. All answers are exact to the second; New York's summer time is chrono-tz's.
//!
//! Sessions are few and slots are many, so everything walks sessions and counts slots by division.

mod closures;
mod holidays;
mod session;
mod spans;

pub use session::Session;

use crate::Result;
use closures::Closures;

/// The open hours of one market; times are UTC seconds, between 1971 and 2100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    session: Session,
    closures: Closures,
}

impl Calendar {
    /// The hours of `session`, less the holidays of its table (`holidays.rs`) and less the caller's `holidays`:
    /// `2026-12-24`, a New York date, closes that session day; `2026-12-24 13:00` closes it at that New York time.
    /// [`Session::Always`] has no session days: its lines are read, and change nothing.
    ///
    /// # Errors
    /// [`Error::BadSetting`](crate::Error::BadSetting) for a line of another form; it names the line.
    pub fn new(session: Session, holidays: &[&str]) -> Result<Self> {
        Ok(Self { session, closures: Closures::read(holidays)? })
    }

    /// Whether the market is open in the second that begins at `at_s`.
    #[must_use]
    pub fn is_open(&self, at_s: i64) -> bool {
        self.spans_from(at_s).next().is_some_and(|span| span.open_s <= at_s)
    }

    /// The next moment after `at_s` at which [`Calendar::is_open`] changes; `None` when it never does.
    #[must_use]
    pub fn next_change_s(&self, at_s: i64) -> Option<i64> {
        if self.session == Session::Always {
            return None;
        }
        let mut spans = self.spans_from(at_s);
        let first = spans.next()?;
        if at_s < first.open_s {
            return Some(first.open_s);
        }
        let mut close_s = first.close_s;
        for next in spans {
            if next.open_s > close_s {
                break;
            }
            close_s = next.close_s;
        }
        Some(close_s)
    }

    /// Whether the market is open in any second of `from_s..to_s`.
    #[must_use]
    pub fn has_trading(&self, from_s: i64, to_s: i64) -> bool {
        from_s < to_s && self.spans_from(from_s).next().is_some_and(|span| span.open_s < to_s)
    }

    /// Open seconds of `from_s..to_s`.
    #[must_use]
    pub fn open_s_between(&self, from_s: i64, to_s: i64) -> i64 {
        let spans = self.spans_from(from_s).take_while(|span| span.open_s < to_s);
        spans.map(|span| (span.close_s.min(to_s) - span.open_s.max(from_s)).max(0)).sum()
    }

    /// Open time of the newest bar that must exist at `now_s`: it lies on the interval's UTC grid, has ended, and the
    /// market traded in it. `None` before the first session.
    #[must_use]
    pub fn newest_due(&self, now_s: i64, interval_s: i64) -> Option<i64> {
        let interval_s = interval_s.max(1);
        let ended_s = now_s.div_euclid(interval_s).saturating_mul(interval_s);
        let span = self.spans_before(ended_s).next()?;
        let last_s = span.close_s.min(ended_s) - 1;
        Some(last_s.div_euclid(interval_s) * interval_s)
    }

    /// Open time of the `count`-th slot before the one of `newest_open_s`, of slots on the interval's UTC grid in
    /// which the market traded; the first slot of all where there are not that many.
    #[must_use]
    pub fn slots_back(&self, newest_open_s: i64, interval_s: i64, count: i64) -> i64 {
        let interval_s = interval_s.max(1);
        let mut reached = newest_open_s.div_euclid(interval_s);
        let mut left = count;
        for span in self.spans_before(newest_open_s) {
            if left <= 0 {
                break;
            }
            // A slot may hold the end of one session and the start of the next; it counts once.
            let newest = (span.close_s - 1).div_euclid(interval_s).min(reached - 1);
            let oldest = span.open_s.div_euclid(interval_s);
            let taken = (newest - oldest + 1).clamp(0, left);
            if taken > 0 {
                reached = newest - taken + 1;
                left -= taken;
            }
        }
        reached.saturating_mul(interval_s)
    }

    /// Slots strictly between those of two open times, on the interval's UTC grid, in which the market traded.
    #[must_use]
    pub fn slots_between(&self, after_s: i64, before_s: i64, interval_s: i64) -> i64 {
        let interval_s = interval_s.max(1);
        let (mut next, last) = (after_s.div_euclid(interval_s) + 1, before_s.div_euclid(interval_s) - 1);
        let mut count = 0;
        let end_s = (last + 1).saturating_mul(interval_s);
        for span in self.spans_from(next.saturating_mul(interval_s)).take_while(|span| span.open_s < end_s) {
            // As in `slots_back`, a slot that two sessions share counts once.
            let oldest = span.open_s.div_euclid(interval_s).max(next);
            let newest = (span.close_s - 1).div_euclid(interval_s).min(last);
            count += (newest - oldest + 1).max(0);
            next = next.max(newest + 1);
        }
        count
    }
}
