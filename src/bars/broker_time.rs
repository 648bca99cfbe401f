//! A broker's wall clock → UTC. Terminals number bars by it, and it follows one of two rules of summer time.

use chrono::DateTime;
use chrono_tz::{America::New_York, Europe::Athens, OffsetComponents, Tz};

use super::RawRows;
use crate::{Error, Result};

/// Which summer time a broker's server keeps; its clock is an hour ahead while that lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dst {
    /// From the last Sunday of March to the last of October, at 01:00 UTC.
    Eu,
    /// From the second Sunday of March to the first of November, at 02:00 New York.
    Us,
    /// None.
    None,
}

impl Dst {
    /// The rule a setting names: `eu`, `us` or `none`.
    ///
    /// # Errors
    /// [`Error::BadSetting`] for another word.
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "eu" => Ok(Self::Eu),
            "us" => Ok(Self::Us),
            "none" => Ok(Self::None),
            _ => {
                let given: String = name.chars().take(40).collect();
                let problem = format!("{given:?} is none of eu, us, none");
                Err(Error::BadSetting { field: "broker_dst", problem })
            }
        }
    }

    /// Seconds the clock is ahead at a moment because of summer time.
    fn ahead_s(self, at_utc_s: i64) -> i64 {
        let zone: Tz = match self {
            Self::Eu => Athens,
            Self::Us => New_York,
            Self::None => return 0,
        };
        let moment = DateTime::from_timestamp(at_utc_s, 0).map(|moment| moment.with_timezone(&zone));
        moment.map_or(0, |moment| moment.offset().dst_offset().num_seconds())
    }
}

/// Hour by which summer time moves a clock, seconds.
const SUMMER_S: i64 = 3_600;
/// Offsets of real clocks are multiples of this.
const QUARTER_S: i64 = 900;
/// How far a measurement may lie beside a quarter hour: the age of a tick, and both clocks' faults.
const MEASUREMENT_FAULT_MAX_S: i64 = 60;
/// The widest offsets of real clocks, seconds.
const OFFSET_MAX_S: i64 = 14 * 3_600;

/// The wall clock of a broker's server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerClock {
    /// Its offset from UTC in winter, seconds, positive to the east.
    standard_offset_s: i64,
    /// Its summer time.
    dst: Dst,
}

impl BrokerClock {
    /// A clock whose offset from UTC in winter is known, seconds, positive to the east.
    ///
    /// # Errors
    /// [`Error::BadSetting`] beyond 14 hours.
    pub fn new(standard_offset_s: i64, dst: Dst) -> Result<Self> {
        if !(-OFFSET_MAX_S..=OFFSET_MAX_S).contains(&standard_offset_s) {
            let problem = format!("{standard_offset_s} s is beyond 14 hours");
            return Err(Error::BadSetting { field: "broker_offset_s", problem });
        }
        Ok(Self { standard_offset_s, dst })
    }

    /// Offset from UTC in winter, seconds.
    #[must_use]
    pub fn standard_offset_s(&self) -> i64 {
        self.standard_offset_s
    }

    /// The clock that showed `offset_s` seconds more than UTC at `at_utc_s`, summer time included. The measurement is
    /// rounded to a quarter hour.
    ///
    /// # Errors
    /// [`Error::BadSetting`] when it lies more than 60 s beside a quarter hour, or beyond 14 hours.
    pub fn measured(offset_s: i64, at_utc_s: i64, dst: Dst) -> Result<Self> {
        let beside_s = (offset_s.saturating_add(QUARTER_S / 2)).rem_euclid(QUARTER_S) - QUARTER_S / 2;
        let rounded_s = offset_s.saturating_sub(beside_s);
        let fault = if rounded_s.saturating_abs() > OFFSET_MAX_S {
            "beyond 14 hours: is this the broker's time minus UTC, in seconds?"
        } else if beside_s.abs() > MEASUREMENT_FAULT_MAX_S {
            "not within 60 s of a quarter hour: measure with a fresh tick, and see that this machine's clock is right"
        } else {
            return Ok(Self { standard_offset_s: rounded_s - dst.ahead_s(at_utc_s), dst });
        };
        Err(Error::BadSetting { field: "broker_offset_s", problem: format!("measured {offset_s} s, {fault}") })
    }

    /// What the clock shows more than UTC at a moment, seconds.
    #[must_use]
    pub fn offset_s(&self, at_utc_s: i64) -> i64 {
        self.standard_offset_s.saturating_add(self.dst.ahead_s(at_utc_s))
    }

    /// UTC seconds of what the clock shows (`wall_s`, its date and time read as if they were UTC).
    ///
    /// In the hour that comes twice in autumn the first is meant: a bar is then rather taken for older than it is, never
    /// for newer. In the hour left out in spring the clock is taken not to have moved yet.
    #[must_use]
    pub fn to_utc(&self, wall_s: i64) -> i64 {
        let (first, second) = self.readings(wall_s);
        first.unwrap_or(second)
    }

    /// As [`BrokerClock::to_utc`], of a series in its own order, each time later than the one before: when the hour that
    /// comes twice begins anew, the second is meant, so that times go on increasing.
    #[must_use]
    pub fn to_utc_series(&self, walls_s: &[i64]) -> Vec<i64> {
        let mut before = None;
        let mut shifted = |wall_s: &i64| {
            let (first, second) = self.readings(*wall_s);
            let utc_s = first.filter(|first| before.is_none_or(|before| *first > before)).unwrap_or(second);
            before = Some(utc_s);
            utc_s
        };
        walls_s.iter().map(&mut shifted).collect()
    }

    /// The moment in summer time at which the clock shows `wall_s`, if it does, and the moment to take otherwise.
    fn readings(&self, wall_s: i64) -> (Option<i64>, i64) {
        let winter_s = wall_s.saturating_sub(self.standard_offset_s);
        let summer_s = winter_s.saturating_sub(SUMMER_S);
        let is_summer = self.dst.ahead_s(summer_s) > 0;
        // The same wall time cannot be shown again unless the hour came back by then.
        let comes_again = is_summer && self.dst.ahead_s(winter_s) == 0;
        (is_summer.then_some(summer_s), if is_summer && !comes_again { summer_s } else { winter_s })
    }
}

impl RawRows {
    /// The same rows with UTC open times, where they came with a broker's; a series in the terminal's order. Rows
    /// without prices or time stay as they are.
    #[must_use]
    pub fn shifted(mut self, clock: &BrokerClock) -> Self {
        let kept = |is_null: &[bool]| (0..is_null.len()).filter(|row| !is_null[*row]).collect::<Vec<_>>();
        let rows = kept(&self.is_null);
        let walls: Vec<i64> = rows.iter().map(|row| self.time[*row]).collect();
        for (row, utc_s) in rows.into_iter().zip(clock.to_utc_series(&walls)) {
            self.time[row] = utc_s;
        }
        self
    }
}
