//! Every extended column against its definition in double-double, on ordinary and on hostile bars.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(missing_docs, clippy::missing_panics_doc, reason = "support modules are not an interface")]
#![allow(dead_code, reason = "support is shared with other tests")]

#[path = "support/double_double.rs"]
mod double_double;
#[path = "support/extended_reference.rs"]
mod extended_reference;
#[path = "support/extended_reference_calendar.rs"]
mod extended_reference_calendar;
#[path = "support/extended_reference_range.rs"]
mod extended_reference_range;
#[path = "support/extended_reference_trend.rs"]
mod extended_reference_trend;
#[path = "support/extended_reference_volume.rs"]
mod extended_reference_volume;
#[path = "support/feature_bars.rs"]
mod feature_bars;
#[path = "support/wide_functions.rs"]
mod wide_functions;

use std::collections::BTreeSet;

use double_double::Wide;
use extended_reference::Column;
use feature_bars::{Columns, walk};
use mt5_sentinel::bars::Bars;
use mt5_sentinel::features::{EXTENDED, Selection, Spec, Unit, batch_selected};

const BARS: usize = 500;

/// What may lie between a value and the exact one.
///
/// 1e-12 of the value, and for prices 1e-14 of the close beside it, as the contract allows the 22. The last term is for
/// exact zeros that the reference itself misses in its 31st digit.
fn allowance(spec: &Spec, exact: f64, close: f64) -> f64 {
    let beside = match spec.unit {
        Unit::Price => 1e-14 * close,
        // Its logarithms are those of f64: nearly equal logs of 0.1 spread by their last bit, which is 1.4e-17.
        _ if spec.name == "yang_zhang_20" => 2e-17,
        _ => 0.0,
    };
    1e-12 * exact.abs() + beside + 1e-26 * close.max(1.0)
}

/// Fails with every place where a column is further from exact than is allowed, or NaN where the other is not.
fn assert_exact(title: &str, bars: &Bars) {
    assert_columns_exact(title, bars, extended_reference::columns(bars));
}

fn assert_columns_exact(title: &str, bars: &Bars, reference: Vec<(&'static str, Column)>) {
    let table = batch_selected(bars, &Selection::extended()).unwrap();
    let (mut beyond, mut worst) = (Vec::new(), ("none", 0.0));
    for (name, column) in reference {
        let place = EXTENDED.iter().position(|spec| spec.name == name).expect(name);
        let mut told = 0;
        for (bar, exact) in column.iter().enumerate() {
            let value = table[[bar, place]];
            let share = match exact {
                Some(Wide(high, low)) => {
                    let error = ((value - high) - low).abs();
                    if error == 0.0 { 0.0 } else { error / allowance(&EXTENDED[place], *high, bars.close()[bar]) }
                }
                None if value.is_nan() => 0.0,
                None => f64::INFINITY,
            };
            if share > worst.1 {
                worst = (name, share);
            }
            if (share.is_nan() || share > 1.0) && told < 3 {
                told += 1;
                beyond.push(format!("{name}[{bar}] is {value:e}, exactly {exact:?}: {share}"));
            }
        }
    }
    assert!(beyond.is_empty(), "{title}: {beyond:#?}");
    println!("{title}: worst is {} at {:.5} of its allowance", worst.0, worst.1);
}

#[test]
fn the_reference_defines_every_extended_column_once() {
    let defined: Vec<_> = extended_reference::columns(&walk(1, 30).bars()).iter().map(|(name, _)| *name).collect();
    let expected: BTreeSet<_> = EXTENDED.iter().map(|spec| spec.name).collect();
    assert_eq!(defined.iter().copied().collect::<BTreeSet<_>>(), expected);
    assert_eq!(defined.len(), expected.len());
}

#[test]
fn the_references_functions_have_more_digits_than_they_check() {
    let ln_2 = Wide(std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);
    let is_near = |a: Wide, b: Wide| (a - b).rounded().abs() < 1e-29;
    assert!(is_near(wide_functions::ln(Wide::from(2.0)), ln_2));
    assert!(is_near(wide_functions::ln(Wide::from(1_048_576.0)), ln_2 * Wide::from(20.0)));
    let tiny = Wide::from(1e-9);
    let series = tiny - tiny * tiny / Wide::from(2.0) + tiny * tiny * tiny / Wide::from(3.0);
    assert!(is_near(wide_functions::ln(Wide::from(1.0) + tiny), series));
    for part in 0..24 {
        let (sin, cos) = wide_functions::on_circle(f64::from(part), 24.0);
        assert!(is_near(sin * sin + cos * cos, Wide::from(1.0)));
    }
    assert!(is_near(wide_functions::on_circle(1.0, 12.0).0, Wide::from(0.5)));
    assert!(is_near(wide_functions::on_circle(1.0, 6.0).1, Wide::from(0.5)));
}

#[test]
fn ordinary_bars() {
    for seed in 71..73 {
        assert_exact("walk", &walk(seed, BARS).bars());
    }
}

#[test]
fn prices_shifted_by_a_million() {
    assert_exact("shifted by 1e6", &walk(73, BARS).with_prices(|_, price| price + 1e6).bars());
}

fn with_outlier(columns: Columns) -> Columns {
    columns.with_prices(|bar, price| if (200..203).contains(&bar) { price * 1e6 } else { price })
}

#[test]
fn three_bars_a_million_times_too_high() {
    assert_exact("outlier", &with_outlier(walk(74, BARS)).bars());
}

/// What ends with its window is the same bit for bit once the outlier has left; the longest window is 50 bars.
#[test]
fn an_outlier_leaves_no_trace_in_a_window() {
    let (clean, disturbed) = (walk(75, BARS), with_outlier(walk(75, BARS)));
    let table = |columns: &Columns| batch_selected(&columns.bars(), &Selection::extended()).unwrap();
    let (clean, disturbed) = (table(&clean), table(&disturbed));
    for (place, spec) in EXTENDED.iter().enumerate().filter(|(_, spec)| spec.settle_bars == spec.first_finite + 1) {
        for bar in 204 + spec.first_finite..BARS {
            let (a, b) = (clean[[bar, place]], disturbed[[bar, place]]);
            assert_eq!(a.to_bits(), b.to_bits(), "{}[{bar}]: {a} {b}", spec.name);
        }
    }
}

#[test]
fn hostile_prices() {
    let flat = |_, _| 1.1;
    assert_exact("flat", &walk(76, 150).with_prices(flat).bars());
    let trend = |bar: usize, _| 1.1 * (bar as f64 * 1e-6).exp();
    assert_exact("steady trend", &walk(77, 150).with_prices(trend).bars());
    let ramp = |bar: usize, _| 1_000.0 + bar as f64;
    assert_exact("ramp", &walk(78, 150).with_prices(ramp).bars());
    let zigzag = |bar: usize, _| if bar.is_multiple_of(2) { 1.0 } else { 3.0 };
    assert_exact("zigzag", &walk(79, 150).with_prices(zigzag).bars());
    let mills = |_, price: f64| price * 1e-7;
    assert_exact("tiny prices", &walk(80, 150).with_prices(mills).bars());
    let falling = |bar: usize, _| 1e8 * 0.9_f64.powi(i32::try_from(bar).unwrap_or(0));
    assert_exact("falling nine orders", &walk(81, 150).with_prices(falling).bars());
    let mut stops = walk(82, 200).with_prices(|bar, price| if (80..150).contains(&bar) { 1.2 } else { price });
    stops.volume[100..160].fill(0.0);
    assert_exact("the market stops", &stops.bars());
}

#[test]
fn no_volume_at_all_and_volume_that_stops() {
    let mut none = walk(83, 100);
    none.volume.fill(0.0);
    assert_exact("no volume", &none.bars());
    let mut stops = walk(84, 120);
    stops.volume[40..80].fill(0.0);
    assert_exact("volume stops", &stops.bars());
}

/// Totals and recursions after many bars, against the definition over all of them; the columns of the clock, whose
/// reference is slow, keep nothing that could drift.
#[test]
fn no_drift_after_ten_thousand_bars() {
    let bars = walk(86, 10_000).bars();
    let price_columns = extended_reference::columns_of_prices(&bars);
    assert!(price_columns.len() > 80);
    assert_columns_exact("ten thousand bars", &bars, price_columns);
}

/// Other clocks than the walk's: minutes, days, two hours with holes, and times before 1970.
#[test]
fn other_intervals() {
    for (title, start, interval) in [
        ("minutes", 1_700_000_040, 60),
        ("days", 1_582_848_000, 86_400),
        ("odd steps", 1_709_164_800, 7_001),
        ("weeks", -40_000_000, 604_800),
    ] {
        let mut columns = walk(85, 400);
        for (bar, time) in (0..).zip(&mut columns.time) {
            *time = start + interval * bar + i64::from(bar > 60) * 50_000;
        }
        assert_exact(title, &columns.bars());
    }
}
