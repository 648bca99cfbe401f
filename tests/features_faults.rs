//! Faults of the older builder, each with the test that fails if it returns.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]
#![allow(clippy::float_cmp, reason = "these values are exact")]
#![allow(clippy::cast_possible_truncation, reason = "the numbers are far below 2^53")]

#[path = "support/double_double.rs"]
mod double_double;
#[path = "support/feature_bars.rs"]
mod feature_bars;
#[path = "support/feature_reference.rs"]
mod feature_reference;

use std::collections::HashSet;

use feature_bars::{Noise, walk};
use mt5_sentinel::bars::Bar;
use mt5_sentinel::features::{CATALOGUE, Stream, batch, names};

fn column(name: &str) -> usize {
    names().iter().position(|&other| other == name).unwrap()
}

/// Hour and weekday of one bar that opened at `time`.
fn calendar(time: i64) -> (f64, f64) {
    let bar = Bar { time, open: 1.1, high: 1.2, low: 1.0, close: 1.1, volume: 1.0 };
    let row = Stream::new().update(&bar);
    (row[column("hour")], row[column("day_of_week")])
}

/// Read as nanoseconds, every time of today is the first two seconds of 1970: hour 0, Thursday.
#[test]
fn integer_seconds_are_not_read_as_nanoseconds() {
    for (time, hour, weekday, what) in [
        (0, 0.0, 3.0, "1970-01-01 00:00 Thursday"),
        (1_420_182_000, 7.0, 4.0, "2015-01-02 07:00 Friday"),
        (1_609_718_400, 0.0, 0.0, "2021-01-04 00:00 Monday"),
        (1_609_718_399, 23.0, 6.0, "2021-01-03 23:59:59 Sunday"),
        (1_709_251_199, 23.0, 3.0, "2024-02-29 23:59:59 Thursday"),
        (1_709_251_200, 0.0, 4.0, "2024-03-01 00:00 Friday"),
        (4_107_542_399, 23.0, 6.0, "2100-02-28 23:59:59 Sunday"),
        (-1, 23.0, 2.0, "1969-12-31 23:59:59 Wednesday"),
        (-86_400, 0.0, 2.0, "1969-12-31 00:00 Wednesday"),
        (-86_401, 23.0, 1.0, "1969-12-30 23:59:59 Tuesday"),
        (-604_801, 23.0, 2.0, "1969-12-24 23:59:59 Wednesday"),
    ] {
        assert_eq!(calendar(time), (hour, weekday), "{what}");
    }
}

#[test]
fn hour_and_weekday_agree_with_a_date_library() {
    let mut noise = Noise(41);
    for _ in 0..20_000 {
        // Years 1800 to 2200 or so.
        let time = ((noise.draw() - 0.45) * 1.2e10) as i64;
        assert_eq!(calendar(time), feature_reference::calendar(time), "{time}");
    }
}

#[test]
fn hour_and_weekday_take_all_their_values() {
    let table = batch(&walk(42, 500).bars());
    let values = |name| table.column(column(name)).iter().map(|value| value.to_bits()).collect::<HashSet<_>>().len();
    assert_eq!((values("hour"), values("day_of_week")), (24, 5));
}

/// Back-fill put the first known value, which is the future, into the warm-up rows.
#[test]
fn warm_up_is_not_filled_from_the_future() {
    let table = batch(&walk(43, 60).bars());
    for (column, spec) in CATALOGUE.iter().enumerate() {
        let warm_up = table.column(column);
        let filled = warm_up.iter().take(spec.first_finite).filter(|value| !value.is_nan()).count();
        assert_eq!(filled, 0, "{}: {filled} of {} warm-up rows are filled", spec.name, spec.first_finite);
    }
    // A history that never leaves warm-up has nothing to fill from.
    let short = batch(&walk(43, 5).bars());
    let finite_at_once = CATALOGUE.iter().filter(|spec| spec.first_finite < 5).count();
    assert_eq!(short.row(4).iter().filter(|value| value.is_finite()).count(), finite_at_once);
}

/// The older layout carried a constant as its last feature.
#[test]
fn no_column_is_constant_while_the_market_moves() {
    let table = batch(&walk(44, 200).bars());
    for (column, spec) in CATALOGUE.iter().enumerate() {
        let values: HashSet<_> = table.column(column).iter().skip(spec.first_finite).map(|v| v.to_bits()).collect();
        assert!(values.len() > 4, "{} takes {} values", spec.name, values.len());
    }
}

#[test]
fn share_of_no_volume_is_unknown_and_nothing_else_is() {
    let mut columns = walk(45, 100);
    columns.volume.fill(0.0);
    columns.volume[50] = 10.0;
    let table = batch(&columns.bars());
    let (mean, share) = (table.column(column("volume_sma_20")), table.column(column("volume_ratio_20")));
    for bar in 19..100 {
        let held = (50..70).contains(&bar);
        assert_eq!(mean[bar], if held { 0.5 } else { 0.0 }, "bar {bar}");
        assert_eq!(share[bar].is_nan(), !held, "bar {bar}");
    }
    assert_eq!((share[50], share[51]), (20.0, 0.0));
}

#[test]
fn rsi_of_a_flat_market_is_the_middle() {
    let table = batch(&walk(46, 40).with_prices(|_, _| 1.25).bars());
    assert!(table.column(column("rsi_14")).iter().skip(14).all(|value| *value == 50.0));
}
