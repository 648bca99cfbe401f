//! Wilder's directional movement.

use serde::{Deserialize, Serialize};

use super::before::Before;
use super::prelude::{Family, Moment, Spec, Unit};
use crate::rolling::{Pair, Smoothed};

const FAMILY: &str = "adx";
const SOURCE: &str = "Wilder, New Concepts in Technical Trading Systems, 1978";

/// The bar before, the three sums, and the average of the index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::features) struct Adx {
    before: Before,
    plus: WilderSum,
    minus: WilderSum,
    range: WilderSum,
    average: Smoothed,
}

impl Family for Adx {
    // Settling: the sums' start leaves (13/14)^k, k bars after bar 14; |p - m| / (p + m) doubles it at most. The average
    // of dx keeps (13/14)^k of its own start, k bars after bar 27, and takes in a fourteenth of what dx still has.
    const SPECS: &'static [Spec] = &[
        Spec::column(
            FAMILY,
            SOURCE,
            "plus_di_14",
            Unit::Percent,
            14,
            "100 W(p) / W(true_range); u = high[t] - high[t-1], d = low[t-1] - low[t], p = u if u > d and u > 0 \
             else 0; W(x): sum of x over bars 1..13, then W[t] = 13/14 W[t-1] + x[t]; 0 when W(true_range) = 0",
        )
        .within(0.0, 100.0)
        .settling(295),
        Spec::column(
            FAMILY,
            SOURCE,
            "minus_di_14",
            Unit::Percent,
            14,
            "100 W(m) / W(true_range), m = d if d > u and d > 0 else 0; u, d, W as in plus_di_14; 0 when \
             W(true_range) = 0",
        )
        .within(0.0, 100.0)
        .settling(295),
        Spec::column(
            FAMILY,
            SOURCE,
            "dx_14",
            Unit::Percent,
            14,
            "100 abs(plus_di_14 - minus_di_14) / (plus_di_14 + minus_di_14); 0 when both are 0",
        )
        .within(0.0, 100.0)
        .settling(304),
        Spec::column(
            FAMILY,
            SOURCE,
            "adx_14",
            Unit::Percent,
            27,
            "a[27] = mean of dx_14[14..27]; a[t] = (13 a[t-1] + dx_14[t]) / 14",
        )
        .within(0.0, 100.0)
        .settling(347),
    ];

    fn new() -> Self {
        Self {
            before: Before::NONE,
            plus: WilderSum::new(),
            minus: WilderSum::new(),
            range: WilderSum::new(),
            average: Smoothed::wilder(14),
        }
    }

    #[inline(always)]
    fn step(&mut self, moment: &Moment, out: &mut [f64]) {
        let bar = moment.bar;
        let before = self.before.replace(bar);
        let (up, down) = (Pair::difference(bar.high, before.high), Pair::difference(before.low, bar.low));
        let range = self.range.update(before.true_range(bar));
        let plus = self.plus.update(ahead(up, down));
        let minus = self.minus.update(ahead(down, up));
        let percent = |part: Pair, whole: Pair| part.times(Pair::exact(100.0)).share_of(whole, 0.0);
        let index = percent(plus.minus(minus).magnitude(), plus.plus(minus));
        let average = self.average.update(index);
        out.copy_from_slice(&[
            percent(plus, range).value(),
            percent(minus, range).value(),
            index.value(),
            average.value(),
        ]);
    }
}

/// `move_` when it is positive and larger than `other`, else 0; NaN on the first bar.
#[inline(always)]
fn ahead(move_: Pair, other: Pair) -> Pair {
    let is_behind = move_.value() <= 0.0 || move_.minus(other).value() <= 0.0;
    if is_behind { Pair::ZERO } else { move_ }
}

/// Wilder's running sum over 14: the sum of the first 13, then 13/14 of itself and the next.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct WilderSum {
    seen: u32,
    sum: Pair,
}

impl WilderSum {
    const fn new() -> Self {
        Self { seen: 0, sum: Pair::ZERO }
    }

    /// Takes the next value and returns the sum; NaN until 14 have come.
    #[inline(always)]
    fn update(&mut self, value: Pair) -> Pair {
        if value.high.is_nan() {
            return Pair::NAN;
        }
        if self.seen < 13 {
            self.seen += 1;
            self.sum = self.sum.plus(value).normal();
            return Pair::NAN;
        }
        self.sum = self.sum.minus(self.sum.over(14.0)).plus(value).normal();
        self.sum
    }
}
