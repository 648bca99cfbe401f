//! Columns of the clock: cycles, sessions, and coarser bars built from the bars; by a date library and by lists.

use chrono::{DateTime, Datelike, Timelike, Utc};

use super::double_double::Wide;
use super::extended_reference::{Column, Series, each, highest, is_zero, lowest, mean, w};
use super::extended_reference_trend::plain_index;
use super::wide_functions::on_circle;

pub fn columns(series: &Series) -> Vec<(&'static str, Column)> {
    let mut all = cycles(series);
    all.extend(four_hours(series));
    all.extend(days(series));
    all
}

fn moment(time: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(time, 0).expect("the tests' times are years a calendar knows")
}

fn cycles(series: &Series) -> Vec<(&'static str, Column)> {
    let of = |value: &dyn Fn(DateTime<Utc>) -> Wide| -> Column {
        series.time.iter().map(|&time| Some(value(moment(time)))).collect()
    };
    let hour = |time: DateTime<Utc>| on_circle(f64::from(time.hour()), 24.0);
    let weekday = |time: DateTime<Utc>| on_circle(f64::from(time.weekday().num_days_from_monday()), 7.0);
    let month = |time: DateTime<Utc>| on_circle(f64::from(time.month0()), 12.0);
    let open = |time: DateTime<Utc>, hours: &[u32]| w(f64::from(u8::from(hours.contains(&time.hour()))));
    let tokyo = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    let london = [8, 9, 10, 11, 12, 13, 14, 15, 16];
    let new_york = [13, 14, 15, 16, 17, 18, 19, 20, 21];
    vec![
        ("hour_sin", of(&|time| hour(time).0)),
        ("hour_cos", of(&|time| hour(time).1)),
        ("weekday_sin", of(&|time| weekday(time).0)),
        ("weekday_cos", of(&|time| weekday(time).1)),
        ("month_sin", of(&|time| month(time).0)),
        ("month_cos", of(&|time| month(time).1)),
        ("minute_of_day", of(&|time| w(f64::from(time.hour() * 60 + time.minute())))),
        (
            "seconds_since_previous",
            each(series.len(), |t| Some(w((series.time[t] - series.time[t.checked_sub(1)?]) as f64))),
        ),
        ("session_tokyo", of(&|time| open(time, &tokyo))),
        ("session_london", of(&|time| open(time, &london))),
        ("session_new_york", of(&|time| open(time, &new_york))),
        ("session_overlap", of(&|time| open(time, &london) * open(time, &new_york))),
    ]
}

/// What the bars up to `t` tell of buckets named by `name`: the bars of every bucket, oldest first, without that of the
/// first bar of all; the last one is the bucket of `t`.
fn buckets(series: &Series, t: usize, name: fn(DateTime<Utc>) -> (i32, u32, u32)) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    let mut newest = None;
    for bar in 0..=t {
        let bucket = name(moment(series.time[bar]));
        if newest == Some(bucket) {
            all.last_mut().expect("a bucket was begun").push(bar);
        } else {
            all.push(vec![bar]);
        }
        newest = Some(bucket);
    }
    all.split_off(1)
}

fn close_of(series: &Series, bucket: &[usize]) -> Wide {
    series.close[bucket[bucket.len() - 1]].expect("every bar has a close")
}

fn prices(column: &Column, bucket: &[usize]) -> Vec<Wide> {
    bucket.iter().filter_map(|&bar| column[bar]).collect()
}

/// Closes of completed buckets at every bar, newest first.
fn completed(series: &Series, name: fn(DateTime<Utc>) -> (i32, u32, u32)) -> Vec<Vec<Wide>> {
    let of = |t: usize| {
        let all = buckets(series, t, name);
        let ended = &all[..all.len().saturating_sub(1)];
        ended.iter().rev().map(|bucket| close_of(series, bucket)).collect()
    };
    (0..series.len()).map(of).collect()
}

fn day(time: DateTime<Utc>) -> (i32, u32, u32) {
    (time.year(), time.ordinal(), 0)
}

fn day_and_third(time: DateTime<Utc>) -> (i32, u32, u32) {
    (time.year(), time.ordinal(), time.hour() / 4)
}

fn return_over(closes: &[Wide], bars: usize) -> Option<Wide> {
    Some(*closes.first()? / *closes.get(bars)? - w(1.0))
}

fn four_hours(series: &Series) -> Vec<(&'static str, Column)> {
    let closes = completed(series, day_and_third);
    let of = |value: &dyn Fn(&[Wide]) -> Option<Wide>| closes.iter().map(|closes| value(closes)).collect();
    vec![
        ("return_1_4h", of(&|closes| return_over(closes, 1))),
        ("sma_ratio_5_4h", of(&|closes| closes.get(..5).map(|five| five[0] / mean(five) - w(1.0)))),
        (
            "rsi_14_4h",
            of(&|closes| {
                let oldest_first: Vec<Wide> = closes.get(..15)?.iter().rev().copied().collect();
                Some(plain_index(&oldest_first))
            }),
        ),
    ]
}

fn days(series: &Series) -> Vec<(&'static str, Column)> {
    let closes = completed(series, day);
    let all: Vec<_> = (0..series.len()).map(|t| buckets(series, t, day)).collect();
    let today = |of: fn(Wide, Wide, Wide) -> Option<Wide>| {
        each(series.len(), |t| {
            let bars = all[t].last()?;
            of(highest(&prices(&series.high, bars)), lowest(&prices(&series.low, bars)), series.close[t]?)
        })
    };
    let yesterday = |of: fn([Wide; 3], Wide) -> Option<Wide>| {
        each(series.len(), |t| {
            let bars = &all[t][all[t].len().checked_sub(2)?];
            let day =
                [highest(&prices(&series.high, bars)), lowest(&prices(&series.low, bars)), close_of(series, bars)];
            of(day, series.close[t]?)
        })
    };
    let back = |bars: usize| closes.iter().map(|closes| return_over(closes, bars)).collect();
    vec![
        ("return_1_1d", back(1)),
        ("return_5_1d", back(5)),
        ("range_1d", today(|high, low, close| Some((high - low) / close))),
        (
            "position_1d",
            today(|high, low, close| Some(if is_zero(high - low) { w(0.5) } else { (close - low) / (high - low) })),
        ),
        (
            "previous_position_1d",
            yesterday(
                |[high, low, _], close| {
                    if is_zero(high - low) { None } else { Some((close - low) / (high - low)) }
                },
            ),
        ),
        ("previous_high_distance_1d", yesterday(|[high, _, _], close| Some(close / high - w(1.0)))),
        ("previous_low_distance_1d", yesterday(|[_, low, _], close| Some(close / low - w(1.0)))),
        ("previous_close_distance_1d", yesterday(|[_, _, last], close| Some(close / last - w(1.0)))),
        (
            "pivot_distance_1d",
            yesterday(|[high, low, last], close| Some(close / ((high + low + last) / w(3.0)) - w(1.0))),
        ),
    ]
}
