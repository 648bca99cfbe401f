//! Columns of 4-hour and daily buckets built from the bars themselves; only what has ended is looked at.

use serde::{Deserialize, Serialize};

use super::buckets::{Bucket, Buckets};
use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Window};

const FAMILY: &str = "timeframes";
const SOURCE: &str = "resampled bars, UTC";
const PIVOT: &str = "floor traders' pivot point, classic form";

/// Buckets of both lengths and the closes of those completed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Timeframes {
    four_hours: Buckets,
    closes_4h: Window<Pair, 15>,
    days: Buckets,
    closes_1d: Window<Pair, 6>,
    yesterday: Option<Bucket>,
}

const fn four_hours(name: &'static str, unit: Unit, first_finite: usize, formula: &'static str) -> Spec {
    Spec::column(FAMILY, SOURCE, name, unit, first_finite, formula).never_settling().or_nan()
}

const fn daily(name: &'static str, source: &'static str, first_finite: usize, formula: &'static str) -> Spec {
    Spec::column(FAMILY, source, name, Unit::Ratio, first_finite, formula).never_settling().or_nan()
}

impl Family for Timeframes {
    // A bucket is known once a bar before it and a bar after it have come. How many bars that takes depends on the
    // interval: `first_finite` is the fewest (a bar per bucket), the columns are NaN until then, and once finite they do
    // not depend on where the history starts.
    const SPECS: &'static [Spec] = &[
        four_hours("return_1_4h", Unit::Ratio, 3, "b[1] / b[2] - 1, b[k] = close of the k-th last completed bucket of 4 \
            hours of UTC (0, 4, 8 ...); completed: a bar of an earlier and one of a later bucket have come; NaN until 2 are")
            .within(-1.0, f64::INFINITY),
        four_hours("sma_ratio_5_4h", Unit::Ratio, 6, "b[1] / mean of b[1..5] - 1, b as in return_1_4h; NaN until 5 are \
            completed")
            .within(-1.0, 4.0),
        four_hours("rsi_14_4h", Unit::Percent, 16, "100 G / (G + L), sums of gains and losses over the 14 changes of \
            b[15], b[14] ... b[1], b as in return_1_4h; 50 when G = L = 0; NaN until 15 are completed")
            .within(0.0, 100.0),
        daily("return_1_1d", SOURCE, 3, "c[1] / c[2] - 1, c[k] = close of the k-th last completed UTC day that has bars; \
            completed: a bar of an earlier and one of a later day have come; NaN until 2 are")
            .within(-1.0, f64::INFINITY),
        daily("return_5_1d", SOURCE, 7, "c[1] / c[6] - 1, c as in return_1_1d; NaN until 6 are completed")
            .within(-1.0, f64::INFINITY),
        daily("range_1d", SOURCE, 1, "(H - L) / close, H and L highest high and lowest low of this UTC day's bars so \
            far; NaN on the day of the history's first bar")
            .not_negative(),
        daily("position_1d", SOURCE, 1, "(close - L) / (H - L), H and L as in range_1d; 0.5 when H = L; NaN on the day \
            of the history's first bar")
            .within(0.0, 1.0),
        daily("previous_position_1d", SOURCE, 2, "(close - L) / (H - L), H and L high and low of the last completed UTC \
            day, as in return_1_1d; NaN when H = L and until one is completed"),
        daily("previous_high_distance_1d", SOURCE, 2, "close / H - 1, H high of the last completed UTC day, as in \
            return_1_1d; NaN until one is")
            .within(-1.0, f64::INFINITY),
        daily("previous_low_distance_1d", SOURCE, 2, "close / L - 1, L low of the last completed UTC day, as in \
            return_1_1d; NaN until one is")
            .within(-1.0, f64::INFINITY),
        daily("previous_close_distance_1d", SOURCE, 2, "close / c[1] - 1, c as in return_1_1d; NaN until one is completed")
            .within(-1.0, f64::INFINITY),
        daily("pivot_distance_1d", PIVOT, 2, "close / p - 1, p = (H + L + C) / 3 of the last completed UTC day, as in \
            return_1_1d; NaN until one is")
            .within(-1.0, f64::INFINITY),
    ];

    fn new() -> Self {
        Self {
            four_hours: Buckets::of(14_400),
            closes_4h: Window::filled(Pair::NAN),
            days: Buckets::of(86_400),
            closes_1d: Window::filled(Pair::NAN),
            yesterday: None,
        }
    }

    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        if let Some(ended) = self.four_hours.update(moment.bar) {
            self.closes_4h.push(Pair::exact(ended.close));
        }
        if let Some(ended) = self.days.update(moment.bar) {
            self.closes_1d.push(Pair::exact(ended.close));
            self.yesterday = Some(ended);
        }
        let close = moment.bar.close;
        out[..5].copy_from_slice(&[
            change(self.closes_4h.ago(0), self.closes_4h.ago(1)),
            change(self.closes_4h.ago(0), self.mean_of_5()),
            self.index(),
            change(self.closes_1d.ago(0), self.closes_1d.ago(1)),
            change(self.closes_1d.ago(0), self.closes_1d.ago(5)),
        ]);
        out[5..7].copy_from_slice(&self.days.so_far().map_or([f64::NAN; 2], |today| {
            let range = Pair::difference(today.high, today.low);
            let position = above(close, today.low).share_of(range, 0.5).value();
            [range.over(close).value(), position]
        }));
        out[7..].copy_from_slice(&self.yesterday.map_or([f64::NAN; 5], |day| from_yesterday(close, &day)));
    }
}

impl Timeframes {
    /// Plain mean of the last five 4-hour closes.
    fn mean_of_5(&self) -> Pair {
        self.closes_4h.sum_of(5).over(5.0)
    }

    /// RSI with plain means over the 4-hour closes.
    fn index(&self) -> f64 {
        let closes = || self.closes_4h.iter();
        let changes = || closes().zip(closes().skip(1)).map(|(now, before)| now.minus(before));
        let path = Pair::total(changes().map(Pair::magnitude));
        // Twice the gains are the path and the net change.
        let gains = path.plus(Pair::total(changes())).scaled(0.5);
        gains.times(Pair::exact(100.0)).share_of(path, 50.0).value()
    }
}

/// Position and distances of `close` against the day before.
fn from_yesterday(close: f64, day: &Bucket) -> [f64; 5] {
    let range = Pair::difference(day.high, day.low);
    let pivot = Pair::sum(day.high, day.low).plus(Pair::exact(day.close)).over(3.0);
    let close_from = |level: Pair| change(Pair::exact(close), level);
    [
        // NaN of a day without range: the quotient is.
        above(close, day.low).divided_by(range).value(),
        close_from(Pair::exact(day.high)),
        close_from(Pair::exact(day.low)),
        close_from(Pair::exact(day.close)),
        close_from(pivot),
    ]
}

/// `close - level` without loss.
fn above(close: f64, level: f64) -> Pair {
    Pair::difference(close, level)
}

/// `to / from - 1`.
fn change(to: Pair, from: Pair) -> f64 {
    to.minus(from).divided_by(from).value()
}
