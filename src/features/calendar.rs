//! Hour and weekday of the bar's open time, UTC.

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::moment::Moment;
use super::spec::{Spec, Unit};

const TWO_52: f64 = 4_503_599_627_370_496.0;
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
pub(super) fn since_monday(time: i64) -> i64 {
    // Euclidean: a second before 1970 belongs to the day, and the weekday, that contains it.
    time.rem_euclid(WEEK_S) + FIRST_WEEKDAY * DAY_S
}

/// Hour and weekday of a moment, given in seconds since any Monday at 00:00 UTC, 0 to 2⁴⁰.
///
/// In floating point, where a processor divides many at a time: half a unit is added before each division, so that no
/// quotient is near a whole number and rounding cannot carry it over one.
#[inline(always)]
pub(super) fn hour_and_weekday(seconds: i64) -> [f64; 2] {
    // 2⁵² + n has n as its last bits: the conversion of every n below 2⁵² to a float, without a loop over lanes.
    let seconds = f64::from_bits(TWO_52.to_bits() | seconds.cast_unsigned()) - TWO_52;
    let hours = ((seconds + 0.5) * (1.0 / 3_600.0)).floor();
    let days = ((hours + 0.5) * (1.0 / 24.0)).floor();
    let weeks = ((days + 0.5) * (1.0 / 7.0)).floor();
    [hours - 24.0 * days, days - 7.0 * weeks]
}
