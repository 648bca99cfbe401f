//! How many bars of history each column of both catalogues needs, tried and derived.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, dead_code, reason = "support is shared with other tests and is not an interface")]
#![allow(clippy::float_cmp, reason = "these values are exact")]

#[path = "support/feature_bars.rs"]
mod feature_bars;

use feature_bars::{Columns, walk};
use mt5_sentinel::bars::Bars;
use mt5_sentinel::features::{CATALOGUE, EXTENDED, NEVER, Selection, Spec, Unit, batch_selected};
use ndarray::Array2;

/// Every column of both catalogues.
fn specs() -> Vec<&'static Spec> {
    CATALOGUE.iter().chain(&EXTENDED).collect()
}

/// Every column at every bar.
fn batch(bars: &Bars) -> Array2<f64> {
    batch_selected(bars, &Selection::all()).unwrap()
}

/// Columns of coarser bars: how many bars fill a bucket depends on the interval.
fn is_of_the_clock(spec: &Spec) -> bool {
    spec.settle_bars == NEVER && spec.nullable
}

/// Two histories that end alike: all bars, and those from `start` on.
struct Histories {
    columns: Columns,
    start: usize,
    whole: Array2<f64>,
    short: Array2<f64>,
}

impl Histories {
    fn of(columns: &Columns, start: usize, bars: usize) -> Self {
        let columns = columns.part(0..start + bars);
        let short = batch(&columns.part(start..start + bars).bars());
        Self { whole: batch(&columns.bars()), short, start, columns }
    }

    /// Difference between the two in a column, `bars` bars after the start of the short one, in the column's measure.
    fn change(&self, column: usize, bars: usize) -> f64 {
        let (spec, newest) = (specs()[column], self.start + bars - 1);
        let (whole, short) = (self.whole[[newest, column]], self.short[[bars - 1, column]]);
        let volume = || self.columns.volume[newest - 19..=newest].iter().sum::<f64>() / 20.0;
        let close = self.columns.close[newest];
        let scale = match spec.unit {
            Unit::Percent => 100.0,
            Unit::Volume if spec.range.0 < 0.0 => volume(),
            Unit::PriceVolume => close * volume(),
            Unit::Price if spec.range.0 < 0.0 => close,
            _ if spec.range.0 < 0.0 => 1.0,
            _ => whole.abs(),
        };
        // Bits first: a windowed value must be the same number, even when it is 0 or unknown.
        if whole.to_bits() == short.to_bits() { 0.0 } else { (whole - short).abs() / scale }
    }
}

/// A window forgets outright, so its settling is the bar after its first finite one.
fn is_window(spec: &Spec) -> bool {
    spec.settle_bars == spec.first_finite + 1
}

#[test]
fn the_start_of_history_is_forgotten_after_settle_bars() {
    let longest = specs().iter().map(|spec| spec.settle_bars).filter(|bars| *bars != NEVER).max().unwrap() + 29;
    let columns = walk(25, longest + 500);
    for start in [1, 2, 3, 7, 50, 333, 500] {
        let histories = Histories::of(&columns, start, longest);
        for (column, spec) in specs().into_iter().enumerate().filter(|(_, spec)| spec.settle_bars != NEVER) {
            for bars in [0, 1, 2, 13, 29].map(|more| spec.settle_bars + more) {
                let change = histories.change(column, bars);
                assert!(change < 1e-9, "{} changes by {change:e} with {bars} bars from {start}", spec.name);
                assert!(!is_window(spec) || change == 0.0, "{}: a window forgets outright", spec.name);
            }
        }
    }
}

#[test]
fn what_never_settles_depends_on_the_start_for_ever_or_on_the_clock() {
    let bars = 1_700;
    let histories = Histories::of(&walk(25, 2_000), 300, bars);
    for (column, spec) in specs().into_iter().enumerate().filter(|(_, spec)| spec.settle_bars == NEVER) {
        if !is_of_the_clock(spec) {
            let change = histories.change(column, bars);
            assert!(change > 1e-9, "{} has settled, say after how many bars", spec.name);
            continue;
        }
        let known = (1..=bars).filter(|&bar| !histories.short[[bar - 1, column]].is_nan());
        let changes: Vec<f64> = known.map(|bar| histories.change(column, bar)).collect();
        assert!(changes.len() > bars / 2, "{} is known at {} bars only", spec.name, changes.len());
        assert!(changes.iter().all(|change| *change == 0.0), "{}: known before its buckets are whole", spec.name);
    }
}

/// After a fall to half, every average stands above the close by the close: the worst start the number is stated for.
#[test]
fn settle_bars_is_not_longer_than_the_worst_start_needs() {
    let fall = 700;
    let halved = walk(26, 1_000).with_prices(|bar, _| if bar < fall { 2.0 } else { 1.0 });
    let histories = Histories::of(&halved, fall, 300);
    for (column, spec) in CATALOGUE.iter().enumerate().filter(|(_, spec)| spec.settle_bars > 100) {
        let at = |bars| histories.change(column, bars);
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

/// The first number of bars, above `first_finite`, with which the start leaves less than 1e-9; `left` falls with it.
fn settled(first_finite: usize, left: impl Fn(f64) -> f64) -> usize {
    (first_finite + 1..100_000).find(|&bars| left(bars as f64) < 1e-9).unwrap()
}

/// What a start a whole value off leaves of one, two and three exponential averages in a row, `bars` bars later.
fn cascade(span: f64, bars: f64) -> [f64; 3] {
    let step = 2.0 / (span + 1.0);
    let once = (1.0 - step).powf(bars);
    let twice = once * (1.0 + bars * step);
    [once, twice, twice + once * bars * (bars + 1.0) / 2.0 * step * step]
}

/// The numbers of the extended catalogue. `bars - 1 - first` is how often the average has stepped since it began.
#[test]
fn extended_settle_bars_follow_from_what_a_start_leaves() {
    let wilder = |bars: f64, first: f64| (13.0_f64 / 14.0).powf(bars - 1.0 - first);
    let span = |span: f64, bars: f64| cascade(span, bars - 1.0)[0];
    let (channel, range) = (|bars| span(20.0, bars), |bars: f64| 0.9_f64.powf(bars - 11.0));
    let kept = |span: f64| (span - 1.0) / (span + 1.0);
    let signal_gain = 0.2 / (1.0 - kept(9.0) / kept(26.0));
    let derived = [
        // Means of ranges and of moves: the seed is at most the mean itself off.
        ("atr_14", settled(14, |bars| wilder(bars, 14.0))),
        ("natr_14", settled(14, |bars| wilder(bars, 14.0))),
        ("rsi_wilder_14", settled(14, |bars| wilder(bars, 14.0))),
        ("plus_di_14", settled(14, |bars| wilder(bars, 14.0))),
        ("minus_di_14", settled(14, |bars| wilder(bars, 14.0))),
        // |p - m| / (p + m): each of p and m may be p + m off.
        ("dx_14", settled(14, |bars| 2.0 * wilder(bars, 14.0))),
        // Its own seed may be 100 off; beside it, every step takes in a fourteenth of what is left in dx.
        ("adx_14", settled(27, |bars| wilder(bars, 27.0) * (1.0 + (bars - 28.0) / 7.0 * (13.0_f64 / 14.0).powi(13)))),
        // The middle a close off, the range a close off.
        ("keltner_upper_20", settled(10, |bars| channel(bars) + 2.0 * range(bars))),
        ("keltner_lower_20", settled(10, |bars| channel(bars) + 2.0 * range(bars))),
        // A channel as wide as a thousandth of the close, the close inside it.
        ("keltner_position_20", settled(10, |bars| 1_000.0 * channel(bars) + range(bars))),
        ("dema_20", settled(38, |bars| weigh([2.0, 1.0, 0.0], cascade(20.0, bars - 39.0)))),
        ("tema_20", settled(57, |bars| weigh([3.0, 3.0, 1.0], cascade(20.0, bars - 58.0)))),
        // Both values of the thrice smoothed close, the one before seeded at bar 42; in percent.
        ("trix_15", settled(43, |bars| weigh([0.0, 0.0, 200.0], cascade(15.0, bars - 44.0)))),
        ("ema_distance_50", settled(0, |bars| span(50.0, bars))),
        ("ema_distance_100", settled(0, |bars| span(100.0, bars))),
        ("ema_distance_200", settled(0, |bars| span(200.0, bars))),
        ("ppo_12_26", settled(0, |bars| 100.0 * span(26.0, bars))),
        ("ppo_signal_12_26_9", settled(0, |bars| 100.0 * signal_gain * span(26.0, bars))),
        ("ppo_hist_12_26_9", settled(0, |bars| 100.0 * (signal_gain - 1.0) * span(26.0, bars))),
        // The line runs ahead of its average by 4.5 volumes at most, each a hundred times what volume is now.
        ("chaikin_oscillator_3_10", settled(0, |bars| 450.0 * span(10.0, bars) + 100.0 * span(3.0, bars))),
        ("force_index_13", settled(13, |bars| span(13.0, bars - 13.0))),
        // The slowest step there is, from the close of bar 9 on.
        ("kama_10", settled(10, |bars| (1.0 - 4.0_f64 / 961.0).powf(bars - 10.0))),
    ];
    let recursive = EXTENDED.iter().filter(|spec| !is_window(spec) && spec.settle_bars != NEVER);
    let mut stated: Vec<_> = recursive.map(|spec| (spec.name, spec.settle_bars)).collect();
    let mut derived = derived.to_vec();
    stated.sort_unstable();
    derived.sort_unstable();
    assert_eq!(stated, derived);
}

fn weigh(gains: [f64; 3], left: [f64; 3]) -> f64 {
    gains.iter().zip(left).map(|(gain, left)| gain * left).sum()
}
