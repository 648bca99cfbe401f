//! Ranges of the extended columns are kept and reached: no bound is wider than what happens.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]

#[path = "support/feature_bars.rs"]
mod feature_bars;

use std::f64::consts::PI;

use feature_bars::{Columns, walk};
use mt5_sentinel::features::{EXTENDED, Selection, batch_selected};

const BARS: usize = 300;

/// Reached by no finite path, only neared: the thrice smoothed close falls by its weight in the limit.
const NEARED: [&str; 1] = ["trix_15"];

/// Bars whose four prices are one: `price` of the bar's number.
fn flat_bars(price: impl Fn(usize) -> f64) -> Columns {
    walk(91, BARS).with_prices(|bar, _| price(bar))
}

/// Bars that open and close at their ends or at their middle, by turns of `seven`.
fn shapes() -> Columns {
    let mut columns = walk(92, BARS);
    for bar in 0..BARS {
        let (low, high) = (1.0, 2.0);
        let ends = [(low, high), (high, low), (low, low), (high, high)][bar % 7 % 4];
        (columns.low[bar], columns.high[bar]) = (low, high);
        (columns.open[bar], columns.close[bar]) = ends;
    }
    columns
}

/// Closes whose returns are a hundredth of `shape` of the return's number, from 1 on.
fn returns_of(shape: impl Fn(usize) -> f64) -> Columns {
    let mut closes = vec![1.0];
    (1..BARS).for_each(|bar| closes.push(closes[bar - 1] * (1.0 + 0.01 * shape(bar))));
    flat_bars(|bar| closes[bar])
}

/// Stairs: every bar begins where the one before ends and goes on the same way, `step` times its price.
fn stairs(step: f64) -> Columns {
    let mut columns = walk(97, BARS);
    for bar in 0..BARS {
        let open = step.powi(i32::try_from(bar).unwrap());
        let close = open * step;
        (columns.open[bar], columns.close[bar]) = (open, close);
        (columns.low[bar], columns.high[bar]) = (open.min(close), open.max(close));
        columns.volume[bar] = 5.0;
    }
    columns
}

/// Paths that drive columns to their bounds.
fn paths() -> Vec<Columns> {
    let mut rising = walk(93, BARS);
    rising.volume.fill(7.0);
    let mut months = walk(94, BARS);
    (0..).zip(&mut months.time).for_each(|(bar, time)| *time = 1_000_000_000 + 2_000_000 * bar);
    let mut minutes = walk(95, BARS);
    (0..).zip(&mut minutes.time).for_each(|(bar, time)| *time = 1_000_079_940 + 60 * bar);
    let mut seconds = walk(95, BARS);
    (0..).zip(&mut seconds.time).for_each(|(bar, time)| *time = 1_000_000_000 + bar);
    let mut spike = walk(96, BARS);
    spike.volume.iter_mut().enumerate().for_each(|(bar, volume)| *volume = if bar % 50 == 0 { 9.0 } else { 3.0 });
    let mut pause = spike.clone();
    pause.volume.iter_mut().for_each(|volume| *volume = 12.0 - *volume);
    vec![
        walk(90, BARS),
        flat_bars(|bar| 1.0 + bar as f64),
        flat_bars(|bar| 1_000.0 - bar as f64),
        flat_bars(|bar| if bar % 50 == 0 { 3.0 } else { 1.0 }),
        flat_bars(|bar| if bar % 50 == 0 { 1.0 } else { 3.0 }),
        flat_bars(|bar| 1.0 + f64::from(u8::from(bar.is_multiple_of(2)))),
        flat_bars(|bar| 1e90_f64.powi(i32::from(bar % 60 == 30))),
        flat_bars(|bar| 1e-90_f64.powi(i32::from(bar % 60 == 30))),
        flat_bars(|bar| if bar < 150 { 1e30 } else { 1.0 }),
        flat_bars(|_| 1e-12),
        flat_bars(|bar| 10.0_f64.powf(30.0 - (bar % 60) as f64)),
        returns_of(|bar| (bar as f64 * 2.0 * PI / 21.0).sin()),
        returns_of(|bar| (bar as f64 * 20.0 * PI / 21.0).sin()),
        returns_of(|bar| chains(bar, 1.0)),
        returns_of(|bar| chains(bar, 4.0)),
        stairs(1.1),
        stairs(0.9),
        rising.with_prices(|bar, _| 1.0 + bar as f64),
        shapes(),
        months,
        minutes,
        seconds,
        spike,
        pause,
    ]
}

/// Returns 5 apart as a chain of four, two of the five chains against each other.
fn chains(bar: usize, wave: f64) -> f64 {
    let side = [1.0, -1.0, 0.0, 0.0, 0.0][(bar - 1) % 5];
    side * (((bar - 1) / 5 % 4 + 1) as f64 * wave * PI / 5.0).sin()
}

#[test]
fn every_finite_bound_is_reached_and_kept() {
    let tables: Vec<_> =
        paths().iter().map(|columns| batch_selected(&columns.bars(), &Selection::extended()).unwrap()).collect();
    let mut told = Vec::new();
    for (column, spec) in EXTENDED.iter().enumerate() {
        let values = || tables.iter().flat_map(|table| table.column(column).to_vec()).filter(|value| !value.is_nan());
        let (lowest, highest) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let (low, high) = spec.range;
        if lowest < low || highest > high {
            told.push(format!("{}: {lowest} to {highest}, outside {low} to {high}", spec.name));
        }
        let reach = if NEARED.contains(&spec.name) { 0.1 } else { 1e-9 };
        for (bound, nearest) in [(low, lowest), (high, highest)] {
            if bound.is_finite() && (nearest - bound).abs() > reach * bound.abs().max(1.0) {
                told.push(format!("{}: {nearest} of {bound}", spec.name));
            }
        }
    }
    assert!(told.is_empty(), "{told:#?}");
}
