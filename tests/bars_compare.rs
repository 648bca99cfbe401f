//! Two sources side by side.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "a bound that is not crossed is compared bit by bit")]
#![allow(clippy::print_stderr, reason = "support tells of skipped tests")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/bars_rows.rs"]
mod bars_rows;

use bars_rows::{HOUR_S, LATER_S, hourly, shared};
use mt5_sentinel::bars::compare::{Comparison, Difference, LISTED_MAX, compare, compare_points, point_of};
use mt5_sentinel::bars::{Bars, Hygiene, clean, parse};

/// Bars at these hours, flat at these closes.
fn at(rows: &[(i64, f64)]) -> Bars {
    let time = rows.iter().map(|(hour, _)| hour * HOUR_S).collect();
    let close: Vec<f64> = rows.iter().map(|(_, close)| *close).collect();
    Bars::from_columns(time, close.clone(), close.clone(), close.clone(), close, vec![1.0; rows.len()]).unwrap()
}

#[test]
fn equal_bars_differ_in_nothing() {
    let bars = at(&[(1, 1.1), (2, 1.2), (4, 1.3)]);
    let found = compare(&bars, &bars, 0.0).unwrap();
    let expected = Comparison {
        stretch: Some((HOUR_S, 4 * HOUR_S)),
        common: 3,
        close_offset: Some(0.0),
        last_common: Some(4 * HOUR_S),
        ..Comparison::default()
    };
    assert_eq!(found, expected);
}

#[test]
fn only_the_common_stretch_counts() {
    let a = at(&[(1, 1.0), (2, 1.0), (3, 1.0), (5, 1.0)]);
    let b = at(&[(2, 1.0), (4, 1.0), (5, 1.0), (6, 1.0), (7, 1.0)]);
    let found = compare(&a, &b, 0.0).unwrap();
    assert_eq!((found.stretch, found.common), (Some((2 * HOUR_S, 5 * HOUR_S)), 2));
    assert_eq!((found.only_a, found.first_only_a), (1, vec![3 * HOUR_S]));
    assert_eq!((found.only_b, found.first_only_b), (1, vec![4 * HOUR_S]));
    let apart = compare(&at(&[(1, 1.0)]), &at(&[(2, 1.0)]), 0.0).unwrap();
    assert_eq!((apart.stretch, apart.common, apart.only_a, apart.close_offset), (None, 0, 0, None));
    assert_eq!(compare(&at(&[]), &a, 0.0).unwrap(), Comparison::default());
}

#[test]
fn a_difference_up_to_the_tolerance_is_none_and_one_beyond_is_listed_by_field() {
    let a = at(&[(1, 1.10000), (2, 1.10000), (3, 1.10000)]);
    let mut high = a.high().to_vec();
    high[2] = 1.10021;
    let b = Bars::from_columns(
        a.time().to_vec(),
        vec![1.10000, 1.09980, 1.10000],
        vec![1.10020, 1.10000, high[2]],
        vec![1.10000, 1.09980, 1.10000],
        a.close().to_vec(),
        vec![9.0; 3],
    )
    .unwrap();
    let found = compare_points(&a, &b, 20.0, Some(1e-5), false).unwrap();
    assert_eq!((found.common, found.differing), (3, 1), "20 points either way are none, 21 are; volumes do not count");
    assert_eq!(found.first_differing, [Difference { time: 3 * HOUR_S, field: "high", a: 1.1, b: 1.10021 }]);
    assert!((found.max_difference[0] - 0.0002).abs() < 1e-12 && (found.max_difference[1] - 0.00021).abs() < 1e-12);
    assert_eq!(found.max_difference[3], 0.0);
    assert_eq!(compare(&b, &a, found.tolerance).unwrap().differing, 1, "either way round");
}

#[test]
fn a_constant_offset_is_told_as_the_median_of_closes() {
    let bid: Vec<(i64, f64)> = (0..9).map(|hour| (hour, 1.1)).collect();
    let mut ask: Vec<(i64, f64)> = bid.iter().map(|(hour, close)| (*hour, close + 0.00013)).collect();
    ask[4].1 = 1.5;
    let found = compare(&at(&bid), &at(&ask), 0.0002).unwrap();
    assert!((found.close_offset.unwrap() - 0.00013).abs() < 1e-12, "one outlier does not move it");
    assert_eq!(found.differing, 1);
    let two = compare(&at(&[(0, 1.0), (1, 1.0)]), &at(&[(0, 1.5), (1, 2.0)]), 0.0).unwrap();
    assert_eq!(two.close_offset, Some(0.75), "of an even count the mean of the middle two");
}

#[test]
fn a_constant_up_to_the_tolerance_is_taken_out_and_a_greater_one_is_not() {
    let bid: Vec<(i64, f64)> = (0..9).map(|hour| (hour, 1.1)).collect();
    let shifted = |by: f64| -> Vec<(i64, f64)> { bid.iter().map(|(hour, close)| (*hour, close + by)).collect() };
    let mut ask = shifted(0.00015);
    ask[4].1 = 1.09993;
    let (plain, levelled) =
        [false, true].map(|levels| compare_points(&at(&bid), &at(&ask), 20.0, Some(1e-5), levels).unwrap()).into();
    assert_eq!((plain.differing, plain.taken_out), (0, 0.0), "7 points below are none");
    assert_eq!(
        (levelled.differing, levelled.last_differing.map(|one| one.time)),
        (1, Some(4 * HOUR_S)),
        "22 below the others are one"
    );
    assert!((levelled.taken_out - 0.00015).abs() < 1e-12);
    assert_eq!((levelled.first_differing[0].a, levelled.first_differing[0].b), (1.1, 1.09993), "as they were answered");
    for (by, differing) in [(0.0002, 0), (-0.0002, 0), (0.00021, 9), (-0.00021, 9)] {
        let found = compare_points(&at(&bid), &at(&shifted(by)), 20.0, Some(1e-5), true).unwrap();
        assert_eq!((found.differing, found.taken_out == 0.0), (differing, differing > 0), "{by}");
    }
}

#[test]
fn the_newest_common_bar_and_the_newest_that_differs_are_told() {
    let a = at(&[(1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0)]);
    let found = compare(&a, &at(&[(1, 1.0), (2, 2.0), (3, 1.0)]), 0.5).unwrap();
    let expected = Difference { time: 2 * HOUR_S, field: "close", a: 1.0, b: 2.0 };
    assert_eq!((found.last_common, found.last_differing), (Some(3 * HOUR_S), Some(expected)));
    let with_a_hole = compare(&a, &at(&[(3, 1.0), (5, 1.0)]), 0.5).unwrap();
    assert_eq!((with_a_hole.last_common, with_a_hole.last_differing), (Some(3 * HOUR_S), None));
}

#[test]
fn lists_are_bounded_and_counts_are_not() {
    let every: Vec<(i64, f64)> = (0..100).map(|hour| (hour, 1.0)).collect();
    let other: Vec<(i64, f64)> = (0..100).filter(|hour| hour % 3 == 0).map(|hour| (hour, 2.0)).collect();
    let found = compare(&at(&every), &at(&other), 0.5).unwrap();
    assert_eq!((found.common, found.only_a, found.differing), (34, 66, 34));
    assert_eq!((found.first_only_a.len(), found.first_differing.len()), (LISTED_MAX, LISTED_MAX));
}

#[test]
fn the_point_is_the_step_the_prices_move_in() {
    for (close, point) in
        [(1.10001, 1e-5), (1.1012, 1e-4), (120.345, 1e-3), (1_912.35, 0.01), (38_000.0, 1.0), (1.100_012_3, 1e-5)]
    {
        assert_eq!(point_of(&at(&[(0, close), (1, close)])), point, "{close}");
    }
    let coarse_and_fine = compare_points(&at(&[(0, 1.1)]), &at(&[(0, 1.10001)]), 20.0, None, false).unwrap();
    assert!((coarse_and_fine.tolerance - 0.0002).abs() < 1e-18, "the finer of the two");
}

#[test]
fn a_tolerance_that_is_none_is_refused() {
    for wrong in [-1e-9, f64::NAN, f64::INFINITY] {
        assert!(compare(&at(&[]), &at(&[]), wrong).unwrap_err().to_string().contains("tolerance"), "{wrong}");
    }
}

#[test]
fn two_real_feeds_of_one_pair() {
    let file = |name: &str| {
        let body = shared("two_real_feeds_of_one_pair", &format!("bars/{name}.csv.gz"))?;
        let hygiene = Hygiene { now_s: LATER_S + 10 * 365 * 86_400, ..hourly(0) };
        Some(clean(&parse(&body).unwrap(), &hygiene).bars)
    };
    let (Some(a), Some(b)) = (file("EURUSD_1h_2017_2023"), file("EURUSD_1h_dukascopy_ask_2017")) else { return };
    let found = compare_points(&a, &b, 20.0, None, false).unwrap();
    assert_eq!((found.common, found.only_a, found.only_b, found.differing), (3_036, 0, 66, 65));
    assert!((found.close_offset.unwrap() - 3e-5).abs() < 1e-12, "the second shows the ask");
    let is_sunday = |time: &i64| (time / 86_400 + 4) % 7 == 0;
    assert!(found.first_only_b.iter().all(is_sunday), "the first has no Sunday evenings");
}
