//! This machine's clock against the server's, by the HTTP header `Date`.

use chrono::NaiveDateTime;

use crate::{Error, Result};

/// The form of today, and the two obsolete ones that RFC 9110 (5.6.7) still wants read. A year of two digits is 1970 to
/// 2069.
const LAYOUTS: [&str; 3] = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// Reads a `Date` header as UTC seconds; `None` when it is none, also when its weekday is another day's.
#[must_use]
pub fn date_s(date: &str) -> Option<i64> {
    let read = |layout| NaiveDateTime::parse_from_str(date.trim(), layout).ok();
    LAYOUTS.into_iter().find_map(read).map(|moment| moment.and_utc().timestamp())
}

/// This machine's clock minus the server's, seconds: 0 anywhere in the second that the header names. `None` when the
/// header cannot be read, which is no measurement.
#[must_use]
pub fn skew_s(now_s: f64, date: &str) -> Option<f64> {
    outside_second(now_s, date_s(date)? as f64)
}

/// The skew where it is within `max_s`, or none measured.
///
/// # Errors
/// [`Error::ClockSkew`] beyond it; [`Error::BadSetting`] for a negative `max_s`.
pub fn check_skew(now_s: f64, date: &str, max_s: f64) -> Result<Option<f64>> {
    within(skew_s(now_s, date), max_s)
}

/// How far `now_s` lies before (negative) or after the second that begins at `second_s`.
fn outside_second(now_s: f64, second_s: f64) -> Option<f64> {
    let since_s = now_s - second_s;
    // The other clock stood anywhere in its second; only what cannot be explained by that is skew.
    since_s.is_finite().then(|| if since_s < 0.0 { since_s } else { (since_s - 1.0).max(0.0) })
}

fn within(skew_s: Option<f64>, max_s: f64) -> Result<Option<f64>> {
    if max_s.is_nan() || max_s < 0.0 {
        let problem = format!("{max_s} s is no bound; 0 or more is accepted");
        return Err(Error::BadSetting { field: "clock_skew_max_s", problem });
    }
    match skew_s {
        Some(skew_s) if skew_s.abs() > max_s => {
            let direction = if skew_s > 0.0 { "ahead of" } else { "behind" };
            Err(Error::ClockSkew { skew_s: skew_s.abs(), direction, max_s })
        }
        _ => Ok(skew_s),
    }
}

/// How far a clock that was asked between two looks at this one is from it, seconds: this minus the other, 0 where the
/// other's answer may lie in between.
///
/// # Errors
/// [`Error::PeerClock`] beyond `max_s`, and for an answer that is no time.
pub fn check_peer(asked_s: f64, answered_s: f64, told_s: f64, max_s: f64) -> Result<f64> {
    let skew_s = if told_s < asked_s { asked_s - told_s } else { (answered_s - told_s).min(0.0) };
    if skew_s.is_finite() && skew_s.abs() <= max_s {
        return Ok(skew_s);
    }
    let direction = if skew_s > 0.0 { "ahead of" } else { "behind" };
    Err(Error::PeerClock { skew_s: skew_s.abs(), direction, max_s })
}

/// How far the wall clock moved apart from the monotonic one between two looks, seconds.
///
/// # Errors
/// [`Error::ClockStep`] beyond `max_s`: what was begun by the one time must not be ended by the other.
pub fn check_step(before: (f64, f64), after: (f64, f64), max_s: f64) -> Result<()> {
    let step_s = (after.0 - before.0) - (after.1 - before.1);
    if step_s.abs() > max_s {
        return Err(Error::ClockStep { step_s });
    }
    Ok(())
}

/// The server's time between its answers, told by a clock that does not step.
///
/// A monotonic clock may stand still while a machine sleeps, and the watch then calls the wall clock wrong until the
/// next answer. So a skew must keep from deciding and not from asking.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ClockWatch {
    /// The server's time at its last answer, UTC seconds, and the monotonic clock then.
    noted: Option<(f64, f64)>,
}

impl ClockWatch {
    /// Remembers an answer: its `Date` header, and the monotonic clock when it came. An unreadable header changes
    /// nothing.
    pub fn note(&mut self, date: &str, monotonic_s: f64) {
        if let Some(server_s) = date_s(date).filter(|_| monotonic_s.is_finite()) {
            self.noted = Some((server_s as f64, monotonic_s));
        }
    }

    /// The wall clock minus the server's, seconds, as [`skew_s`]; `None` before the first answer.
    #[must_use]
    pub fn estimate(&self, wall_s: f64, monotonic_s: f64) -> Option<f64> {
        let (server_s, noted_s) = self.noted?;
        outside_second(wall_s, server_s + (monotonic_s - noted_s))
    }

    /// Until when a bar may have ended to count as closed: the earlier of both clocks, whole UTC seconds.
    #[must_use]
    pub fn closed_by(&self, wall_s: f64, monotonic_s: f64) -> i64 {
        let server_s = self.noted.map_or(wall_s, |(server_s, noted_s)| server_s + (monotonic_s - noted_s));
        #[allow(clippy::cast_possible_truncation, reason = "UTC seconds are far inside i64")]
        let earlier_s = wall_s.min(server_s).floor() as i64;
        earlier_s
    }

    /// The estimate where it is within `max_s`, or none is known.
    ///
    /// # Errors
    /// As [`check_skew`].
    pub fn check(&self, wall_s: f64, monotonic_s: f64, max_s: f64) -> Result<Option<f64>> {
        within(self.estimate(wall_s, monotonic_s), max_s)
    }
}
