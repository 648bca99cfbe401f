//! What every row of both catalogues claims, tried on every row there is: nothing here names a column but the contract.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]
#![allow(clippy::float_cmp, reason = "these values are exact")]

#[path = "support/feature_bars.rs"]
mod feature_bars;

use std::collections::HashSet;

use feature_bars::{Columns, same_nan, walk};
use mt5_sentinel::bars::Bars;
use mt5_sentinel::features::{
    CATALOGUE, EXTENDED, NEVER, Selection, Spec, Unit, batch_selected, fingerprint, names, needed_bars,
};
use ndarray::Array2;

/// The contract `sentinel-v1`: name, first finite bar, unit.
const CONTRACT: [(&str, usize, Unit); 22] = [
    ("return_1", 1, Unit::Ratio),
    ("return_5", 5, Unit::Ratio),
    ("return_10", 10, Unit::Ratio),
    ("sma_10", 9, Unit::Price),
    ("sma_20", 19, Unit::Price),
    ("ema_10", 0, Unit::Price),
    ("ema_20", 0, Unit::Price),
    ("volatility_10", 10, Unit::Ratio),
    ("volatility_20", 20, Unit::Ratio),
    ("rsi_14", 14, Unit::Percent),
    ("macd", 0, Unit::Price),
    ("macd_signal", 0, Unit::Price),
    ("macd_hist", 0, Unit::Price),
    ("high_low_ratio", 0, Unit::Ratio),
    ("close_high_ratio", 0, Unit::Ratio),
    ("close_low_ratio", 0, Unit::Ratio),
    ("volume_sma_20", 19, Unit::Volume),
    ("volume_ratio_20", 19, Unit::Ratio),
    ("hour", 0, Unit::Count),
    ("day_of_week", 0, Unit::Count),
    ("momentum_5", 5, Unit::Price),
    ("acceleration_5", 10, Unit::Price),
];

/// Every column of both catalogues.
fn specs() -> Vec<&'static Spec> {
    CATALOGUE.iter().chain(&EXTENDED).collect()
}

/// Every column at every bar.
fn batch(bars: &Bars) -> Array2<f64> {
    batch_selected(bars, &Selection::all()).unwrap()
}

fn bits(table: &Array2<f64>) -> Vec<u64> {
    table.iter().map(|value| same_nan(*value).to_bits()).collect()
}

/// Price paths that go where a range could break: up only, down only, flat, wild, all volume in one bar. Their steps are
/// uneven, since a bound is missed by one rounding or not at all.
fn extremes() -> Vec<Columns> {
    let climb = |bar: usize| (bar as f64).powf(1.3) + (bar as f64).sin();
    let (up, down) = (|bar: usize, _: f64| 1.0 + climb(bar), |bar: usize, _: f64| 3_000.0 - climb(bar));
    let wild = |bar: usize, price: f64| if bar.is_multiple_of(37) { price * 1e6 } else { price };
    let mut single_volume = walk(5, 2_000);
    for (bar, volume) in single_volume.volume.iter_mut().enumerate() {
        *volume = if bar.is_multiple_of(20) { 0.1 + climb(bar) } else { 0.0 };
    }
    vec![
        walk(1, 1_000),
        walk(2, 400).with_prices(up),
        walk(2, 400).with_prices(down),
        walk(3, 400).with_prices(|_, _| 1.1),
        walk(4, 400).with_prices(wild),
        single_volume,
    ]
}

#[test]
fn names_order_units_and_warm_up_are_the_contract() {
    assert_eq!(CATALOGUE.map(|spec| (spec.name, spec.first_finite, spec.unit)), CONTRACT);
    assert_eq!(names(), CATALOGUE.map(|spec| spec.name));
    let nullable: Vec<_> = CATALOGUE.iter().filter(|spec| spec.nullable).map(|spec| spec.name).collect();
    assert_eq!(nullable, ["volume_ratio_20"]);
}

#[test]
fn every_row_of_the_catalogue_is_filled_in() {
    let specs = specs();
    assert_eq!(specs.iter().map(|spec| spec.name).collect::<HashSet<_>>().len(), specs.len(), "a name is used twice");
    for spec in specs {
        assert!(spec.range.0 < spec.range.1, "{}", spec.name);
        assert!(spec.settle_bars > spec.first_finite, "{}: settled before it is finite", spec.name);
        for text in [spec.name, spec.family, spec.formula, spec.source, spec.unit.as_str()] {
            assert!(!text.is_empty() && !text.contains(['\n', '\t', '|']), "{}: {text:?}", spec.name);
        }
    }
}

/// Models carry this number: a change here makes every model trained before unusable, so it never changes by accident.
#[test]
fn fingerprint_is_pinned() {
    assert_eq!(fingerprint(), "e9a7e3d3de2e71781f2d087c082b87170dfc08c906ab9ffb58de25d8007943d8");
}

#[test]
fn needed_bars_is_the_longest_settling() {
    assert_eq!(needed_bars(), 276);
    assert!(CATALOGUE.iter().all(|spec| spec.first_finite < needed_bars() && spec.settle_bars <= needed_bars()));
}

#[test]
fn finite_from_the_first_finite_bar_on_and_not_before() {
    let table = batch(&walk(21, 600).bars());
    for (column, spec) in specs().into_iter().enumerate() {
        for bar in 0..600 {
            let value = table[[bar, column]];
            if bar < spec.first_finite {
                assert!(value.is_nan(), "{}[{bar}] is {value} in warm-up", spec.name);
            } else {
                assert!(value.is_finite(), "{}[{bar}] is {value}", spec.name);
            }
        }
    }
}

#[test]
fn only_nullable_columns_are_nan_after_warm_up() {
    for columns in extremes() {
        let table = batch(&columns.bars());
        for (column, spec) in specs().into_iter().enumerate().filter(|(_, spec)| !spec.nullable) {
            let after = table.column(column).iter().skip(spec.first_finite).all(|value| value.is_finite());
            assert!(after, "{} is not finite somewhere after warm-up", spec.name);
        }
    }
}

#[test]
fn values_stay_within_their_range() {
    for columns in extremes() {
        let table = batch(&columns.bars());
        for (column, spec) in specs().into_iter().enumerate() {
            let (low, high) = spec.range;
            for value in table.column(column).iter().filter(|value| !value.is_nan()) {
                assert!((low..=high).contains(value), "{} is {value}, outside {low}..={high}", spec.name);
            }
        }
    }
}

#[test]
fn ranges_are_not_wider_than_what_happens() {
    let tables: Vec<_> = extremes().iter().map(|columns| batch(&columns.bars())).collect();
    for (name, low, high) in [("rsi_14", 0.0, 100.0), ("volume_ratio_20", 0.0, 20.0), ("hour", 0.0, 23.0)] {
        let column = specs().iter().position(|spec| spec.name == name).unwrap();
        for bound in [low, high] {
            let reached = tables.iter().any(|table| table.column(column).iter().any(|value| *value == bound));
            assert!(reached, "{name} never reaches {bound}");
        }
    }
}

#[test]
fn no_look_ahead() {
    let columns = walk(22, 400);
    let (whole, width) = (bits(&batch(&columns.bars())), specs().len());
    for length in [0, 1, 2, 9, 10, 11, 19, 20, 21, 100, 399] {
        let prefix = bits(&batch(&columns.part(0..length).bars()));
        assert_eq!(prefix, whole[..length * width], "the first {length} rows change with the bars behind them");
        let other_future = columns.clone().with_prices(|bar, price| if bar < length { price } else { price * 3.0 });
        assert_eq!(bits(&batch(&other_future.bars()))[..length * width], prefix);
    }
}

/// Eight is a power of two: every rounding is the same, so the law holds to the last bit.
#[test]
fn unit_law() {
    for columns in [walk(23, 600), walk(24, 600).with_prices(|_, price| price + 1e6)] {
        let table = batch(&columns.bars());
        let mut scaled = columns.clone().with_prices(|_, price| price * 8.0);
        scaled.volume.iter_mut().for_each(|volume| *volume *= 32.0);
        let scaled = batch(&scaled.bars());
        for (column, spec) in specs().into_iter().enumerate() {
            let factor = match spec.unit {
                Unit::Price => 8.0,
                Unit::Volume => 32.0,
                Unit::Ratio | Unit::Percent | Unit::Count => 1.0,
            };
            for bar in spec.first_finite..600 {
                let (value, expected) = (scaled[[bar, column]], table[[bar, column]] * factor);
                assert_eq!(
                    same_nan(value).to_bits(),
                    same_nan(expected).to_bits(),
                    "{}[{bar}]: {value} {expected}",
                    spec.name
                );
            }
        }
    }
}

/// Change of every column's newest value, `bars` bars after `start`, when the history begins at `start`.
fn change_by_start(columns: &Columns, start: usize, bars: usize) -> Vec<f64> {
    let end = start + bars;
    let (whole, short) = (batch(&columns.part(0..end).bars()), batch(&columns.part(start..end).bars()));
    let change = |(column, spec): (usize, &Spec)| {
        let (whole, short) = (same_nan(whole[[end - 1, column]]), same_nan(short[[bars - 1, column]]));
        // What crosses zero is measured against the close, or against 1.
        let scale = match spec.unit {
            Unit::Price if spec.range.0 < 0.0 => columns.close[end - 1],
            _ if spec.range.0 < 0.0 => 1.0,
            _ => whole.abs(),
        };
        // Bits first: a windowed value must be the same number, even when it is 0 or unknown.
        if whole.to_bits() == short.to_bits() { 0.0 } else { (whole - short).abs() / scale }
    };
    specs().into_iter().enumerate().map(change).collect()
}

/// A window forgets outright, so its settling is the bar after its first finite one.
fn is_window(spec: &Spec) -> bool {
    spec.settle_bars == spec.first_finite + 1
}

#[test]
fn the_start_of_history_is_forgotten_after_settle_bars() {
    let columns = walk(25, 2_000);
    let lengths: HashSet<usize> = specs().iter().map(|spec| spec.settle_bars).filter(|bars| *bars != NEVER).collect();
    for start in [1, 2, 3, 7, 50, 333, 500] {
        for (settled, bars) in lengths.iter().flat_map(|&bars| [0, 1, 2, 13, 29].map(|more| (bars, bars + more))) {
            let changes = change_by_start(&columns, start, bars);
            for (spec, change) in specs().iter().zip(changes).filter(|(spec, _)| spec.settle_bars == settled) {
                assert!(change < 1e-9, "{} changes by {change:e} with {bars} bars from {start}", spec.name);
                assert!(!is_window(spec) || change == 0.0, "{}: a window forgets outright", spec.name);
            }
        }
    }
}

#[test]
fn what_never_settles_depends_on_the_start_for_ever() {
    let changes = change_by_start(&walk(25, 2_000), 300, 1_700);
    for (spec, change) in specs().iter().zip(changes).filter(|(spec, _)| spec.settle_bars == NEVER) {
        assert!(change > 1e-9, "{} has settled, say after how many bars", spec.name);
    }
}

/// After a fall to half, every average stands above the close by the close: the worst start the number is stated for.
#[test]
fn settle_bars_is_not_longer_than_the_worst_start_needs() {
    let fall = 700;
    let halved = walk(26, 1_000).with_prices(|bar, _| if bar < fall { 2.0 } else { 1.0 });
    for (column, spec) in CATALOGUE.iter().enumerate().filter(|(_, spec)| spec.settle_bars > 100) {
        let at = |bars| change_by_start(&halved, fall, bars)[column];
        assert!(at(spec.settle_bars) < 1e-9, "{}: {:e}", spec.name, at(spec.settle_bars));
        let early = at(spec.settle_bars - 4);
        assert!(early > 1e-9, "{} is settled 4 bars early already: {early:e}", spec.name);
    }
}

/// The numbers of the catalogue, derived: what a start leaves is gain·q^(bars-1) of the close.
#[test]
fn settle_bars_follow_from_the_spans() {
    let kept = |span: f64| (span - 1.0) / (span + 1.0);
    let derived = |span: f64, gain: f64| ((1e-9 / gain).ln() / kept(span).ln()).floor() + 2.0;
    let signal_gain = 0.2 / (1.0 - kept(9.0) / kept(26.0));
    for (name, bars) in [
        ("ema_10", derived(10.0, 1.0)),
        ("ema_20", derived(20.0, 1.0)),
        ("macd", derived(26.0, 1.0)),
        ("macd_signal", derived(26.0, signal_gain)),
        ("macd_hist", derived(26.0, signal_gain - 1.0)),
    ] {
        let spec = CATALOGUE.iter().find(|spec| spec.name == name).unwrap();
        assert_eq!(spec.settle_bars as f64, bars, "{name}");
    }
}
