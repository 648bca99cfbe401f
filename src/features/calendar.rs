//! Hour and weekday of the bar's open time, UTC.

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::moment::Moment;
use super::spec::{Spec, Unit};

const SECONDS_PER_HOUR: i64 = 3_600;
const SECONDS_PER_DAY: i64 = 86_400;
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

    #[inline]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let time = moment.bar.time;
        // Euclidean: a second before 1970 belongs to the day, and the weekday, that contains it.
        let hour = time.rem_euclid(SECONDS_PER_DAY) / SECONDS_PER_HOUR;
        let weekday = (time.div_euclid(SECONDS_PER_DAY) + FIRST_WEEKDAY).rem_euclid(7);
        out.copy_from_slice(&[hour as f64, weekday as f64]);
    }
}
