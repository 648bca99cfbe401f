//! A broker's zone as a person writes it, or as the bars themselves show it.

use super::broker_time::{BrokerClock, Dst};
use super::rows::RawRows;
use super::{Calendar, Cleaned};
use crate::{Error, Result};

/// Zones that brokers' servers keep, tried one after the other when the zone is to be found.
const USUAL: [&str; 9] = ["UTC+2/us", "UTC+2/eu", "UTC+3", "utc", "UTC+2", "UTC+1", "UTC+1/eu", "UTC+0/eu", "UTC-5/us"];

/// Share of bars that may lie in closed hours, in the zone that is taken for found.
const STRAYS_MAX: f64 = 0.01;

/// Bars that every other zone must have in closed hours beyond those of the zone that is taken for found.
const LEAD_BARS: usize = 2;

/// Bars this long or longer, seconds, do not show hours.
const DAY_S: i64 = 86_400;

/// The clock of a zone such as `UTC+2/eu`, `UTC+2/us`, `UTC+3`, `UTC+5:30` or `utc`: hours ahead of UTC in winter, and
/// whose summer time.
///
/// # Errors
/// [`Error::BadSetting`] for anything else.
pub fn named(zone: &str) -> Result<BrokerClock> {
    let read = || {
        let (offset, dst) = zone.split_once('/').unwrap_or((zone, "none"));
        let dst = Dst::named(dst).ok()?;
        let signed = offset.get(..3).filter(|name| name.eq_ignore_ascii_case("utc")).and_then(|_| offset.get(3..))?;
        let Some(hours) = signed.strip_prefix(['+', '-']) else {
            return (signed.is_empty() && dst == Dst::None).then_some((0, dst));
        };
        let (hours, minutes) = hours.split_once(':').unwrap_or((hours, "00"));
        let number = |digits: &str, most: usize| {
            let is_one = (1..=most).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
            is_one.then(|| digits.parse::<i64>().ok()).flatten()
        };
        let minutes = number(minutes, 2).filter(|minutes| minutes % 15 == 0 && *minutes < 60)?;
        let seconds = number(hours, 2)? * 3_600 + minutes * 60;
        Some((if signed.starts_with('-') { -seconds } else { seconds }, dst))
    };
    let problem = || {
        let shown: String = zone.chars().take(40).collect();
        format!("{shown:?} is no zone; UTC+2/eu, UTC+2/us, UTC+3, utc and the like are, or auto")
    };
    let (offset_s, dst) = read().ok_or_else(|| Error::BadSetting { field: "broker_time", problem: problem() })?;
    BrokerClock::new(offset_s, dst)
}

/// The zone of a broker's bars, by its usual name: the one in which they lie in the market's open hours.
///
/// Some servers begin their week at their own midnight, an hour late while only one side of the ocean has summer time:
/// their bars fit both rules, and no zone stands out.
///
/// # Errors
/// [`Error::BadSetting`] when no usual zone stands out, and for bars of a day or more.
pub fn found(rows: &RawRows, calendar: &Calendar) -> Result<&'static str> {
    let unclear = |problem: String| Error::BadSetting {
        field: "broker_time",
        problem: format!("the zone cannot be told from the bars: {problem}; name it, for example UTC+2/eu"),
    };
    let interval_s = rows.usual_interval_s().unwrap_or(DAY_S);
    if interval_s >= DAY_S {
        return Err(unclear("hours are needed, not days".into()));
    }
    let mut wall: Vec<i64> =
        rows.time.iter().zip(&rows.is_null).filter(|(_, is_null)| !**is_null).map(|(time, _)| *time).collect();
    wall.sort_unstable();
    let mut tried: Vec<(usize, &'static str, Vec<i64>)> = Vec::new();
    for zone in USUAL {
        let utc = named(zone)?.to_utc_series(&wall);
        if tried.iter().all(|(_, _, known)| *known != utc) {
            tried.push((closed_count(&utc, interval_s, calendar), zone, utc));
        }
    }
    tried.sort_by_key(|(strays, ..)| *strays);
    let [(fewest, zone, _), (next, other, _), ..] = tried.as_slice() else {
        return Err(unclear("there are too few".into()));
    };
    if *fewest as f64 > STRAYS_MAX * wall.len() as f64 {
        return Err(unclear(format!("{fewest} of {} lie in closed hours even as {zone}", wall.len())));
    }
    if next - fewest < LEAD_BARS {
        return Err(unclear(format!("{fewest} lie in closed hours as {zone}, {next} as {other}")));
    }
    Ok(zone)
}

/// Times, sorted or not, whose bars of `interval_s` seconds lie wholly in closed hours.
#[must_use]
pub fn closed_count(times: &[i64], interval_s: i64, calendar: &Calendar) -> usize {
    // Neighbours nearly always lie in the same session, so the calendar is asked once for each.
    let (mut from, mut until, mut is_open) = (0, 0, false);
    let mut lies_closed = |time: i64| {
        if !(from..until).contains(&time) {
            is_open = calendar.is_open(time);
            (from, until) = (time, calendar.next_change_s(time).unwrap_or(i64::MAX));
        }
        !is_open && !calendar.has_trading(time, time.saturating_add(interval_s))
    };
    times.iter().filter(|time| lies_closed(**time)).count()
}

impl RawRows {
    /// The same rows in UTC, where their times are the wall clock of `broker` (see [`RawRows::shifted`]).
    #[must_use]
    pub fn in_utc(&self, broker: &BrokerClock) -> Self {
        Self { is_of_terminal: false, ..self.clone().shifted(broker) }
    }
}

impl Cleaned {
    /// Bars that lie wholly in closed hours.
    #[must_use]
    pub fn closed_count(&self, interval_s: i64, calendar: &Calendar) -> usize {
        closed_count(self.bars.time(), interval_s, calendar)
    }
}
