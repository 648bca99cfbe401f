//! Hour and weekday of the bar's open time, UTC.

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::moment::Moment;
use super::spec::{Spec, Unit};

const HOUR_S: u32 = 3_600;
const DAY_S: i64 = 86_400;
const WEEK_S: i64 = 7 * DAY_S;
/// 1970-01-01 was a Thursday; Monday is 0.
const FIRST_WEEKDAY: i64 = 3;

const fn spec(name: &'static str, formula: &'static str, highest: f64) -> Spec {
    Spec {
        name,
        family: "calendar",
        formula,
        unit: Unit::Count,
        first_finite: 0,
        settle_bars: 1,
        range: (0.0, highest),
        nullable: false,
        source: "proleptic Gregorian calendar, UTC without leap seconds",
    }
}

/// State: none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Calendar;

impl Family for Calendar {
    const SPECS: &'static [Spec] = &[
        spec("hour", "UTC hour of the open time", 23.0),
        spec("day_of_week", "UTC weekday of the open time, Monday = 0", 6.0),
    ];

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        out.copy_from_slice(&hour_and_weekday(since_monday(moment.bar.time)));
    }
}

/// Seconds since a Monday at 00:00 UTC, less than two weeks.
#[inline(always)]
pub(super) fn since_monday(time: i64) -> u32 {
    // Euclidean: a second before 1970 belongs to the day, and the weekday, that contains it.
    let seconds = time.rem_euclid(WEEK_S) + FIRST_WEEKDAY * DAY_S;
    u32::try_from(seconds).unwrap_or(0)
}

/// Hour and weekday of a moment, given in seconds since any Monday at 00:00 UTC.
#[inline(always)]
pub(super) fn hour_and_weekday(seconds: u32) -> [f64; 2] {
    let hours = seconds / HOUR_S;
    [f64::from(hours % 24), f64::from(hours / 24 % 7)]
}
