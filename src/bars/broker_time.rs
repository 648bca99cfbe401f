//! The wall clock of a broker's server, and UTC.

use chrono::{DateTime, NaiveDateTime};
use chrono_tz::{America::New_York, Europe::Athens, OffsetComponents, Tz};

use crate::{Error, Result};

/// Furthest a clock may be from UTC, seconds.
const OFFSET_MAX_S: i64 = 14 * 3_600;

/// A tick may be this old when an offset is measured, seconds.
const TICK_AGE_MAX_S: i64 = 60;

/// Offsets are whole quarters of an hour, seconds.
const QUARTER_S: i64 = 900;

/// Which summer time a server keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dst {
    /// The European Union's: it changes at 01:00 UTC.
    Eu,
    /// New York's.
    Us,
    /// None.
    None,
}

/// The clock of a broker's server: its offset from UTC in winter, and its summer time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokerClock {
    standard_offset_s: i64,
    dst: Dst,
}

impl BrokerClock {
    /// A clock `standard_offset_s` seconds ahead of UTC in winter.
    ///
    /// # Errors
    /// [`Error::BadSetting`] when that is more than 14 hours either way.
    pub fn new(standard_offset_s: i64, dst: Dst) -> Result<Self> {
        if standard_offset_s.abs() > OFFSET_MAX_S {
            let problem = format!("{standard_offset_s} s from UTC; no clock is further than 14 hours from it");
            return Err(Error::BadSetting { field: "broker_time", problem });
        }
        Ok(Self { standard_offset_s, dst })
    }

    /// The clock that showed `offset_s` more than UTC at `at_utc_s`, seconds.
    ///
    /// # Errors
    /// [`Error::BadSetting`] when that is further than 60 s from a quarter of an hour, or 14 hours from UTC.
    pub fn measured(offset_s: i64, at_utc_s: i64, dst: Dst) -> Result<Self> {
        let rounded = (offset_s + QUARTER_S / 2).div_euclid(QUARTER_S) * QUARTER_S;
        if (rounded - offset_s).abs() > TICK_AGE_MAX_S {
            let problem = format!("{offset_s} s from UTC is no quarter of an hour; the tick is old");
            return Err(Error::BadSetting { field: "broker_time", problem });
        }
        Self::new(rounded - summer_s(dst, at_utc_s), dst)
    }

    /// How far the clock is ahead of UTC at a moment, seconds.
    #[must_use]
    pub fn offset_s(&self, at_utc_s: i64) -> i64 {
        self.standard_offset_s + summer_s(self.dst, at_utc_s)
    }

    /// UTC of a wall time, seconds; of the hour that comes twice, the first.
    #[must_use]
    pub fn to_utc(&self, wall_s: i64) -> i64 {
        let first = wall_s - self.standard_offset_s - 3_600;
        if self.offset_s(first) > self.standard_offset_s { first } else { wall_s - self.standard_offset_s }
    }

    /// UTC of wall times that came one after the other; an hour that comes twice is told by the times before it.
    #[must_use]
    pub fn to_utc_series(&self, wall_s: &[i64]) -> Vec<i64> {
        let mut newest = i64::MIN;
        let read = |wall: &i64| {
            let first = self.to_utc(*wall);
            let second = wall - self.standard_offset_s;
            let is_second = first <= newest && self.offset_s(second) == self.standard_offset_s;
            newest = if is_second { second } else { first };
            newest
        };
        wall_s.iter().map(read).collect()
    }
}

fn summer_s(dst: Dst, at_utc_s: i64) -> i64 {
    let zone: Tz = match dst {
        Dst::Eu => Athens,
        Dst::Us => New_York,
        Dst::None => return 0,
    };
    let moment: NaiveDateTime = DateTime::from_timestamp(at_utc_s, 0).unwrap_or_default().naive_utc();
    chrono::TimeZone::offset_from_utc_datetime(&zone, &moment).dst_offset().num_seconds()
}
