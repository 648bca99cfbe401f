//! Time of the day, week and year of the bar's open time (UTC) as points on a circle, and the time since the bar before.

use serde::{Deserialize, Serialize};

use super::prelude::{Family, Moment, Spec, Unit};

const FAMILY: &str = "calendar_cycle";
const CYCLE: &str = "cyclical encoding, proleptic Gregorian calendar, UTC without leap seconds";
const SECONDS_PER_DAY: i64 = 86_400;
/// 1970-01-01 was a Thursday; Monday is 0.
const FIRST_WEEKDAY: i64 = 3;

/// Open time of the bar before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct CalendarCycle {
    before: Option<i64>,
}

const fn cycle(name: &'static str, formula: &'static str) -> Spec {
    Spec::column(FAMILY, CYCLE, name, Unit::Ratio, 0, formula).within(-1.0, 1.0)
}

impl Family for CalendarCycle {
    const SPECS: &'static [Spec] = &[
        cycle("hour_sin", "sin(2 pi h / 24), h = UTC hour of the open time, 0 to 23"),
        cycle("hour_cos", "cos(2 pi h / 24), h = UTC hour of the open time, 0 to 23"),
        cycle("weekday_sin", "sin(2 pi d / 7), d = UTC weekday of the open time, Monday = 0")
            .within(-0.974_927_912_181_823_7, 0.974_927_912_181_823_7),
        cycle("weekday_cos", "cos(2 pi d / 7), d = UTC weekday of the open time, Monday = 0")
            .within(-0.900_968_867_902_419_2, 1.0),
        cycle("month_sin", "sin(2 pi (m - 1) / 12), m = UTC month of the open time, January = 1"),
        cycle("month_cos", "cos(2 pi (m - 1) / 12), m = UTC month of the open time, January = 1"),
        Spec::column(FAMILY, CYCLE, "minute_of_day", Unit::Count, 0, "60 hour + minute of the open time, UTC")
            .within(0.0, 1_439.0),
        Spec::column(
            FAMILY,
            "difference of open times",
            "seconds_since_previous",
            Unit::Count,
            1,
            "open time less the open time of the bar before, in seconds",
        )
        .within(1.0, f64::INFINITY),
    ];

    fn new() -> Self {
        Self { before: None }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let time = moment.bar.time;
        let (day, second) = (time.div_euclid(SECONDS_PER_DAY), time.rem_euclid(SECONDS_PER_DAY));
        let (hour_sin, hour_cos) = on_circle(second / 3_600, 24);
        let (weekday_sin, weekday_cos) = on_circle((day + FIRST_WEEKDAY).rem_euclid(7), 7);
        let (month_sin, month_cos) = on_circle(months_since_january(day), 12);
        let since = self.before.replace(time).map_or(f64::NAN, |before| time as f64 - before as f64);
        out.copy_from_slice(&[
            hour_sin,
            hour_cos,
            weekday_sin,
            weekday_cos,
            month_sin,
            month_cos,
            (second / 60) as f64,
            since,
        ]);
    }
}

/// Sine and cosine of `part / whole` of a turn, `part` below `whole`.
///
/// Whole numbers reduce the angle to an eighth of a turn, so a quarter has sine 1 and cosine 0, not 6e-17.
fn on_circle(part: i64, whole: i64) -> (f64, f64) {
    let (quarter, rest) = (4 * part / whole, 4 * part % whole);
    let angle = |rest: i64| rest as f64 / whole as f64 * std::f64::consts::FRAC_PI_2;
    let (sin, cos) = if 2 * rest <= whole {
        (libm::sin(angle(rest)), libm::cos(angle(rest)))
    } else {
        (libm::cos(angle(whole - rest)), libm::sin(angle(whole - rest)))
    };
    match quarter {
        0 => (sin, cos),
        1 => (cos, 0.0 - sin),
        2 => (0.0 - sin, 0.0 - cos),
        _ => (0.0 - cos, sin),
    }
}

/// Month of a day counted from 1970-01-01, January = 0.
///
/// Counted in years that begin in March, so that the leap day is the last; 153 days make five months.
fn months_since_january(day: i64) -> i64 {
    const DAYS_PER_400_YEARS: i64 = 146_097;
    const MARCH_0000_TO_1970: i64 = 719_468;
    let day_of_era = (day + MARCH_0000_TO_1970).rem_euclid(DAYS_PER_400_YEARS);
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let since_march = (5 * day_of_year + 2) / 153;
    (since_march + 2) % 12
}
