//! Columns of UTC days built from the bars themselves: the days that have ended, and today so far.

use serde::{Deserialize, Serialize};

use super::buckets::{Bucket, Buckets, change};
use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Window};

const SOURCE: &str = "resampled bars, UTC";
const PIVOT: &str = "floor traders' pivot point, classic form";

/// The day being filled, the closes of those completed and the whole of the last one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Days {
    buckets: Buckets,
    closes: Window<f64, 6>,
    yesterday: Option<Bucket>,
}

const fn row(name: &'static str, source: &'static str, first_finite: usize, formula: &'static str) -> Spec {
    Spec::column("days", source, name, Unit::Ratio, first_finite, formula).never_settling().or_nan()
}

impl Family for Days {
    // A day is known once a bar before it and a bar after it have come. How many bars that takes depends on the
    // interval: `first_finite` is the fewest (a bar per day), the columns are NaN until then, and once finite they do
    // not depend on where the history starts.
    const SPECS: &'static [Spec] = &[
        row(
            "return_1_1d",
            SOURCE,
            3,
            "c[1] / c[2] - 1, c[k] = close of the k-th last completed UTC day that has bars; completed: a bar of \
             an earlier and one of a later day have come; NaN until 2 are",
        )
        .within(-1.0, f64::INFINITY),
        row("return_5_1d", SOURCE, 7, "c[1] / c[6] - 1, c as in return_1_1d; NaN until 6 are completed")
            .within(-1.0, f64::INFINITY),
        row(
            "range_1d",
            SOURCE,
            1,
            "(H - L) / close, H and L highest high and lowest low of this UTC day's bars so far; NaN on the day \
             of the history's first bar",
        )
        .not_negative(),
        row(
            "position_1d",
            SOURCE,
            1,
            "(close - L) / (H - L), H and L as in range_1d; 0.5 when H = L; NaN on the day of the history's first \
             bar",
        )
        .within(0.0, 1.0),
        row(
            "previous_position_1d",
            SOURCE,
            2,
            "(close - L) / (H - L), H and L high and low of the last completed UTC day, as in return_1_1d; NaN \
             when H = L and until one is completed",
        ),
        row(
            "previous_high_distance_1d",
            SOURCE,
            2,
            "close / H - 1, H high of the last completed UTC day, as in return_1_1d; NaN until one is",
        )
        .within(-1.0, f64::INFINITY),
        row(
            "previous_low_distance_1d",
            SOURCE,
            2,
            "close / L - 1, L low of the last completed UTC day, as in return_1_1d; NaN until one is",
        )
        .within(-1.0, f64::INFINITY),
        row(
            "previous_close_distance_1d",
            SOURCE,
            2,
            "close / c[1] - 1, c as in return_1_1d; NaN until one is completed",
        )
        .within(-1.0, f64::INFINITY),
        row(
            "pivot_distance_1d",
            PIVOT,
            2,
            "close / p - 1, p = (H + L + C) / 3 of the last completed UTC day, as in return_1_1d; NaN until one \
             is",
        )
        .within(-1.0, f64::INFINITY),
    ];

    fn new() -> Self {
        Self { buckets: Buckets::of(86_400), closes: Window::filled(f64::NAN), yesterday: None }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        if let Some(ended) = self.buckets.update(moment.bar) {
            self.closes.push(ended.close);
            self.yesterday = Some(ended);
        }
        let (close, newest) = (moment.bar.close, Pair::exact(self.closes.ago(0)));
        out[0] = change(newest, Pair::exact(self.closes.ago(1)));
        out[1] = change(newest, Pair::exact(self.closes.ago(5)));
        let so_far = if let Some(day) = self.buckets.so_far() { within(close, &day) } else { [f64::NAN; 2] };
        out[2..4].copy_from_slice(&so_far);
        let before = if let Some(day) = self.yesterday { from_yesterday(close, &day) } else { [f64::NAN; 5] };
        out[4..].copy_from_slice(&before);
    }
}

/// Range of the day so far and the place of `close` in it.
#[inline(always)]
fn within(close: f64, today: &Bucket) -> [f64; 2] {
    let range = Pair::difference(today.high, today.low);
    let position = Pair::difference(close, today.low).share_of(range, 0.5);
    [range.over(close).value(), position.value()]
}

/// Position and distances of `close` against the day before.
#[inline(always)]
fn from_yesterday(close: f64, day: &Bucket) -> [f64; 5] {
    let range = Pair::difference(day.high, day.low);
    let pivot = Pair::sum(day.high, day.low).plus(Pair::exact(day.close)).over(3.0);
    let now = Pair::exact(close);
    [
        // NaN of a day without range: the quotient is.
        Pair::difference(close, day.low).divided_by(range).value(),
        change(now, Pair::exact(day.high)),
        change(now, Pair::exact(day.low)),
        change(now, Pair::exact(day.close)),
        change(now, pivot),
    ]
}
