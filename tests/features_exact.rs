//! Every column against its definition in double-double, on ordinary and on hostile prices.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]
#![allow(missing_docs, clippy::missing_panics_doc, reason = "support modules are not an interface")]
#![allow(dead_code, reason = "support is shared with other tests")]

#[path = "support/double_double.rs"]
mod double_double;
#[path = "support/feature_bars.rs"]
mod feature_bars;
#[path = "support/feature_reference.rs"]
mod feature_reference;
#[path = "support/feature_tolerance.rs"]
mod feature_tolerance;

use double_double::Wide;
use feature_bars::{Columns, walk};
use feature_tolerance::assert_exact;
use mt5_sentinel::features::{Stream, batch};

const BARS: usize = 1_500;

#[test]
fn the_reference_has_more_digits_than_it_checks() {
    let third = Wide::from(1.0) / Wide::from(3.0);
    let miss = third * Wide::from(3.0) - Wide::from(1.0);
    assert!(miss.rounded().abs() < 1e-30, "{miss:?}");
    let root = Wide::from(2.0).sqrt();
    assert!((root * root - Wide::from(2.0)).rounded().abs() < 1e-30);
    let (large, small) = (Wide::from(1e6), Wide::from(1e-20));
    assert!((((large + small) - large) - small).rounded().abs() < 1e-25);
}

#[test]
fn ordinary_prices() {
    for seed in 1..=4 {
        assert_exact("walk", &walk(seed, BARS).bars(), 0);
    }
}

#[test]
fn prices_shifted_by_a_million() {
    for seed in 1..=4 {
        assert_exact("shifted by 1e6", &walk(seed, BARS).with_prices(|_, price| price + 1e6).bars(), 0);
    }
}

/// Held at every bar, during the outlier too; the contract asks for it 100 bars later.
#[test]
fn three_bars_a_million_times_too_high() {
    let outlier = |bar, price| if (400..403).contains(&bar) { price * 1e6 } else { price };
    for seed in 5..8 {
        assert_exact("outlier", &walk(seed, BARS).with_prices(outlier).bars(), 0);
    }
}

#[test]
fn an_outlier_leaves_no_trace_once_settled() {
    let clean = walk(5, BARS);
    let disturbed = clean.clone().with_prices(|bar, price| if (400..403).contains(&bar) { price * 1e6 } else { price });
    let (clean, disturbed) = (batch(&clean.bars()), batch(&disturbed.bars()));
    for bar in 403 + 21..BARS {
        // Columns 5, 6 and 10-12 decay; all others end with their window.
        for column in (0..22).filter(|column| !matches!(column, 5 | 6 | 10..=12)) {
            assert_eq!(
                clean[[bar, column]].to_bits(),
                disturbed[[bar, column]].to_bits(),
                "column {column}, bar {bar}"
            );
        }
    }
}

#[test]
fn hostile_prices() {
    let flat = |_, _| 1.1;
    assert_exact("flat", &walk(6, 200).with_prices(flat).bars(), 0);
    // Returns that agree in twelve digits: their spread is what rounding would eat first.
    let trend = |bar: usize, _| 1.1 * (bar as f64 * 1e-6).exp();
    assert_exact("steady trend", &walk(7, 400).with_prices(trend).bars(), 0);
    let ramp = |bar: usize, _| 1_000.0 + bar as f64;
    assert_exact("ramp", &walk(8, 400).with_prices(ramp).bars(), 0);
    let zigzag = |bar: usize, _| if bar.is_multiple_of(2) { 1.0 } else { 3.0 };
    assert_exact("zigzag", &walk(9, 400).with_prices(zigzag).bars(), 0);
    let mills = |_, price: f64| price * 1e-7;
    assert_exact("tiny prices", &walk(10, 400).with_prices(mills).bars(), 0);
    let falling = |bar: usize, _| 1e8 * 0.9_f64.powi(i32::try_from(bar).unwrap_or(0));
    assert_exact("falling nine orders", &walk(11, 200).with_prices(falling).bars(), 0);
}

#[test]
fn no_volume_at_all_and_volume_that_stops() {
    let mut none = walk(12, 100);
    none.volume.fill(0.0);
    assert_exact("no volume", &none.bars(), 0);
    let mut stops = walk(13, 100);
    stops.volume[40..80].fill(0.0);
    assert_exact("volume stops", &stops.bars(), 0);
}

/// The newest 400 rows after a long stream, against the reference over the bars that can still matter.
fn assert_exact_after(count: usize) {
    let seen = 1_500;
    let mut stream = Stream::new();
    let mut rows = Vec::new();
    let columns = walk(14, count);
    let bars = columns.bars();
    for (bar, moment) in bars.iter().enumerate() {
        let row = stream.update(&moment);
        if bar + 400 >= count {
            rows.push(row);
        }
    }
    let tail: Columns = columns.part(count - seen..count);
    let tail_bars = tail.bars();
    for (column, (name, exact)) in feature_reference::columns(&tail_bars).iter().enumerate() {
        for (row, bar) in rows.iter().zip(seen - 400..) {
            let close = tail_bars.close()[bar];
            let Some(exact) = exact[bar] else { panic!("{name}[{bar}] has no exact value") };
            let share = feature_tolerance::share_of_allowance(name, row[column], (exact.0, exact.1), close);
            assert!(share <= 1.0, "{name} after {count} bars: {share}");
        }
    }
}

#[test]
fn no_drift_after_two_hundred_thousand_bars() {
    assert_exact_after(200_000);
}

#[test]
#[ignore = "ten million bars: seconds in release, minutes in debug"]
fn no_drift_after_ten_million_bars() {
    assert_exact_after(10_000_000);
}
