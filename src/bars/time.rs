//! Open times: seconds, milliseconds or text → UTC seconds. No value is ever read as nanoseconds.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::{Error, Result};

/// Numbers at or above this are milliseconds: as seconds they would lie after the year 5138, as milliseconds
/// after March 1973, and no bar in either place is real.
const MILLISECONDS_FROM: f64 = 1e11;

/// First open time taken for real: 1971-01-01.
pub(crate) const EARLIEST_S: i64 = 31_536_000;

/// First open time not taken for real any more: 2100-01-01.
pub(crate) const LATEST_S: i64 = 4_102_444_800;

/// The API's own layout, tried first because nearly every text read here has it.
const API_LAYOUT: &str = "%Y-%m-%d %H:%M:%S";

/// Layouts without an offset; such times are UTC, as every source read here documents.
const NAIVE_LAYOUTS: [&str; 6] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d %H:%M",
];

/// Layouts with an offset that RFC 3339 does not allow: `+0200`, `+02`.
const ZONED_LAYOUTS: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z"];

/// Reads a number as UTC seconds; seconds and milliseconds are told apart by magnitude.
///
/// `None` when it is not finite or so large that it can be neither.
#[must_use]
pub fn from_number(value: f64) -> Option<i64> {
    let seconds = if value.abs() >= MILLISECONDS_FROM { value / 1000.0 } else { value };
    #[allow(clippy::cast_possible_truncation, reason = "the guard keeps it far inside i64")]
    (seconds.is_finite() && seconds.abs() < MILLISECONDS_FROM).then(|| seconds.floor() as i64)
}

/// What is wrong with a number that is said to be unix seconds; nothing is converted, because the unit was named.
#[must_use]
pub fn seconds_fault(time: i64) -> Option<String> {
    let problem = || format!("{time} is no time in seconds (after the year 5138): are these milli- or nanoseconds?");
    ((time as f64).abs() >= MILLISECONDS_FROM).then(problem)
}

/// Unix seconds that came as floats.
///
/// # Errors
/// [`Error::BadField`] for the first one that is not whole, not finite or no number of seconds.
pub fn whole_seconds(times: &[f64]) -> Result<Vec<i64>> {
    let read = |(row, &time): (usize, &f64)| {
        #[allow(clippy::cast_possible_truncation, reason = "the guard keeps it far inside i64")]
        if time.abs() < MILLISECONDS_FROM && time.fract() == 0.0 {
            return Ok(time as i64);
        }
        let problem = format!("{time} is no whole number of unix seconds");
        Err(Error::BadField { row, field: "timestamp".into(), problem })
    };
    times.iter().enumerate().map(read).collect()
}

/// Unix seconds that came as unsigned integers.
///
/// # Errors
/// [`Error::BadField`] for the first one that is no number of seconds.
pub fn signed_seconds(times: &[u64]) -> Result<Vec<i64>> {
    let read = |(row, &time): (usize, &u64)| {
        let problem = || format!("{time} is no number of unix seconds");
        i64::try_from(time).map_err(|_| Error::BadField { row, field: "timestamp".into(), problem: problem() })
    };
    times.iter().enumerate().map(read).collect()
}

/// Reads text as UTC seconds: a number (see [`from_number`]), ISO 8601 with an offset or `Z`, or without (then UTC).
#[must_use]
pub fn from_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(naive) = NaiveDateTime::parse_from_str(text, API_LAYOUT) {
        return Some(naive.and_utc().timestamp());
    }
    if let Ok(number) = text.parse::<f64>() {
        return from_number(number);
    }
    if let Ok(zoned) = DateTime::parse_from_rfc3339(text) {
        return Some(zoned.timestamp());
    }
    if let Some(zoned) = ZONED_LAYOUTS.iter().find_map(|layout| DateTime::parse_from_str(text, layout).ok()) {
        return Some(zoned.timestamp());
    }
    let naive = NAIVE_LAYOUTS.iter().find_map(|layout| NaiveDateTime::parse_from_str(text, layout).ok());
    let midnight = || day(text)?.and_hms_opt(0, 0, 0);
    naive.or_else(midnight).map(|time| time.and_utc().timestamp())
}

/// Reads a date and a time of day, which came in two fields, as the seconds of one moment; the zone is the caller's.
///
/// `2015.03.02`, `2015-03-02` or `2015/03/02`, and `13:05` or `13:05:00`: every digit must be there, so that a field
/// that was cut is none.
#[must_use]
pub fn from_day_and_clock(date: &str, clock: &str) -> Option<i64> {
    let (hour, minute, second) = clock_parts(clock.trim())?;
    Some(day(date.trim())?.and_hms_opt(hour, minute, second)?.and_utc().timestamp())
}

/// Whether text has the form of a time of day.
pub(super) fn is_clock(text: &str) -> bool {
    clock_parts(text.trim()).is_some()
}

fn day(text: &str) -> Option<NaiveDate> {
    let [y1, y2, y3, y4, first, m1, m2, second, d1, d2] = text.as_bytes() else { return None };
    if first != second || !matches!(first, b'.' | b'-' | b'/') {
        return None;
    }
    let year = digits(&[*y1, *y2, *y3, *y4])?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?)
}

fn clock_parts(text: &str) -> Option<(u32, u32, u32)> {
    let (hour, minute, second) = match text.as_bytes() {
        [h1, h2, b':', m1, m2] => ([*h1, *h2], [*m1, *m2], *b"00"),
        [h1, h2, b':', m1, m2, b':', s1, s2] => ([*h1, *h2], [*m1, *m2], [*s1, *s2]),
        _ => return None,
    };
    Some((digits(&hour)?, digits(&minute)?, digits(&second)?))
}

fn digits(text: &[u8]) -> Option<u32> {
    let digit = |byte: &u8| char::from(*byte).to_digit(10);
    text.iter().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
}

/// Formats UTC seconds as `2022-08-09 00:00:00`, the API's own layout; out-of-range seconds are printed as a number.
#[must_use]
pub fn to_text(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).map_or_else(|| seconds.to_string(), |time| time.format(API_LAYOUT).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_seconds_are_never_read_as_nanoseconds() {
        assert_eq!(from_number(1_660_003_200.0), Some(1_660_003_200));
        assert_eq!(to_text(1_660_003_200), "2022-08-09 00:00:00");
    }

    #[test]
    fn milliseconds_are_recognised_by_magnitude() {
        assert_eq!(from_number(1_660_003_200_000.0), Some(1_660_003_200));
        assert_eq!(from_text("1660003200000"), Some(1_660_003_200));
    }

    #[test]
    fn text_forms_agree() {
        for text in [
            "2022-08-09 00:00:00",
            "2022-08-09T00:00:00",
            "2022-08-09T00:00:00Z",
            "2022-08-09T02:00:00+02:00",
            "2022-08-09 02:00:00+02:00",
            "2022-08-09T00:00:00.000Z",
            "2022-08-09 00:00",
            "2022.08.09 00:00:00",
            "2022.08.09 00:00",
            "2022.08.09",
            "2022-08-09",
            " 1660003200 ",
        ] {
            assert_eq!(from_text(text), Some(1_660_003_200), "{text}");
        }
    }

    #[test]
    fn a_date_and_a_time_of_day_are_one_moment() {
        for (date, clock) in [("2022.08.09", "00:00"), (" 2022-08-09 ", "00:00:00"), ("2022/08/09", " 00:00 ")] {
            assert_eq!(from_day_and_clock(date, clock), Some(1_660_003_200), "{date} {clock}");
        }
        assert_eq!(from_day_and_clock("2022.08.09", "23:59:59"), Some(1_660_089_599));
        for (date, clock) in [
            ("2022.08.0", "00:00"),
            ("2022.8.09", "00:00"),
            ("2022.08-09", "00:00"),
            ("2022 08 09", "00:00"),
            ("2022.02.30", "00:00"),
            ("+022.08.09", "00:00"),
            ("2022.08.09", "0:00"),
            ("2022.08.09", "00:0"),
            ("2022.08.09", "00:00:0"),
            ("2022.08.09", "24:00"),
            ("2022.08.09", "00:60"),
            ("2022.08.09", "00:00:60"),
            ("2022.08.09", ""),
            ("", "00:00"),
        ] {
            assert_eq!(from_day_and_clock(date, clock), None, "{date} {clock}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "yesterday", "2022-13-09 00:00:00", "2022-08-09 25:00:00", "nan", "inf", "1e300"] {
            assert_eq!(from_text(text), None, "{text}");
        }
    }
}
