//! Session days as stretches of UTC seconds, walked forwards and backwards.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::America::New_York;

use super::holidays::{self, Closing};
use super::{Calendar, Session};
use crate::bars::time::{EARLIEST_S, LATEST_S};

/// Open from `open_s` until before `close_s`, UTC seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) open_s: i64,
    pub(super) close_s: i64,
}

/// All moments that are taken for seconds anywhere in this core.
const ALWAYS: Span = Span { open_s: -100_000_000_000, close_s: 100_000_000_000 };

impl Calendar {
    /// Session days that end after `at_s`, earliest first. Neighbours may touch.
    pub(super) fn spans_from(&self, at_s: i64) -> impl Iterator<Item = Span> + '_ {
        let days = std::iter::successors(self.session_date(at_s), NaiveDate::succ_opt);
        let days = days.map_while(|day| in_range(day).then(|| self.span_of(day))).flatten();
        self.always().chain(days).skip_while(move |span| span.close_s <= at_s)
    }

    /// Session days that begin before `at_s`, latest first.
    pub(super) fn spans_before(&self, at_s: i64) -> impl Iterator<Item = Span> + '_ {
        // After the close, New York's next date has begun trading.
        let newest = self.session_date(at_s).and_then(|day| day.succ_opt());
        let days = std::iter::successors(newest, NaiveDate::pred_opt);
        let days = days.map_while(|day| in_range(day).then(|| self.span_of(day))).flatten();
        self.always().chain(days).skip_while(move |span| span.open_s >= at_s)
    }

    fn always(&self) -> std::option::IntoIter<Span> {
        (self.session == Session::Always).then_some(ALWAYS).into_iter()
    }

    /// New York's date, held within the years the calendar knows; `None` where there are no session days.
    fn session_date(&self, at_s: i64) -> Option<NaiveDate> {
        if self.session == Session::Always {
            return None;
        }
        let moment = DateTime::from_timestamp(at_s.clamp(EARLIEST_S, LATEST_S), 0)?;
        Some(moment.with_timezone(&New_York).date_naive())
    }

    /// The session day that ends on `day`, a New York date.
    fn span_of(&self, day: NaiveDate) -> Option<Span> {
        let (opens, closes) = self.session.hours(day)?;
        let closing = holidays::closing(self.session, day).into_iter().chain(self.closures.on(day)).min();
        let closes = match closing {
            None => closes,
            Some(Closing::At(early)) => closes.min(early),
            Some(Closing::AllDay) => return None,
        };
        Some(Span { open_s: utc_s(day.pred_opt()?, opens)?, close_s: utc_s(day, closes)? })
    }
}

/// UTC seconds of a New York wall time. Clocks change on Sundays at 02:00, when no session begins or ends.
fn utc_s(day: NaiveDate, time: NaiveTime) -> Option<i64> {
    New_York.from_local_datetime(&day.and_time(time)).earliest().map(|moment| moment.timestamp())
}

/// Whether a date is in the years the calendar knows, with a day to spare at either end.
fn in_range(day: NaiveDate) -> bool {
    let noon_s = day.and_time(NaiveTime::MIN).and_utc().timestamp();
    (EARLIEST_S - 2 * 86_400..=LATEST_S + 2 * 86_400).contains(&noon_s)
}
