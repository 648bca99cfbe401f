//! The day's quota of a source that counts units.

use super::calendar::Calendar;
use crate::{Error, Result};

/// Seconds of a day: quotas begin anew at 00:00 UTC.
const DAY_S: i64 = 86_400;

/// Seconds of a week: the market's hours repeat after it.
const WEEK_S: i64 = 7 * DAY_S;

/// Whether one more request fits into what may be spent today, less what is kept for others.
///
/// # Errors
/// [`Error::QuotaSpent`] when it does not.
pub fn check(spent: u64, cost: u64, units: u64, share: f64, kept: u64) -> Result<()> {
    let budget = (units as f64 * share - kept as f64).max(0.0);
    if (spent + cost) as f64 > budget {
        return Err(Error::QuotaSpent { spent, budget });
    }
    Ok(())
}

/// Units that one request for each bar still to come today costs, for all symbols: what repeated requests must leave,
/// so that an outage, or a symbol that never answers, does not blind the others until the next day.
#[must_use]
pub fn rest_of_day(symbols: &[(&Calendar, i64)], cost: u64, now_s: i64) -> u64 {
    let midnight_s = (now_s.div_euclid(DAY_S) + 1) * DAY_S;
    let bars = symbols.iter().map(|(calendar, interval_s)| {
        calendar.open_s_between(now_s, midnight_s).unsigned_abs().div_ceil(interval_s.unsigned_abs().max(1))
    });
    bars.sum::<u64>() * cost
}

/// Units a day costs, on the average of the week from `now_s`, when every bar comes in time: one request a bar.
#[must_use]
pub fn day_plan(calendar: &Calendar, interval_s: i64, cost: u64, now_s: i64) -> u64 {
    let open_s = calendar.open_s_between(now_s, now_s + WEEK_S);
    let requests = open_s as f64 / interval_s.max(1) as f64 / 7.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a week has few minutes")]
    let units = (requests * cost as f64).round() as u64;
    units
}

/// Units a day costs for several symbols, each a calendar and the length of its bars in seconds; see [`day_plan`].
///
/// # Errors
/// [`Error::BadSetting`] when it is more than may be spent, for then there would be bars that are never asked for.
pub fn check_plan(symbols: &[(&Calendar, i64)], cost: u64, now_s: i64, units: u64, share: f64) -> Result<u64> {
    let planned = symbols.iter().map(|(calendar, interval_s)| day_plan(calendar, *interval_s, cost, now_s)).sum();
    let budget = units as f64 * share;
    if planned as f64 > budget {
        let problem = format!(
            "{planned} units a day are needed for a request a bar, {budget:.0} may be spent; raise it, or take longer \
             bars or fewer symbols"
        );
        return Err(Error::BadSetting { field: "eodhd_quota_share", problem });
    }
    Ok(planned)
}
