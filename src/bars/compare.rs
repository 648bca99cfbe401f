//! Two sources of the same bars, side by side: where they agree, and where not.

use super::{Bar, Bars};
use crate::{Error, Result};

/// Bars of each kind that are listed; all are counted.
pub const LISTED_MAX: usize = 10;

/// Steps of a price unit that prices are looked at for, the finest of a currency pair.
const STEPS: [f64; 6] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5];

/// Names of the prices that are compared. Volumes are not: each source counts in its own unit.
pub const FIELDS: [&str; 4] = ["open", "high", "low", "close"];

/// A price on which two sources disagree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Open time, UTC seconds.
    pub time: i64,
    /// One of [`FIELDS`].
    pub field: &'static str,
    /// Price of the first source.
    pub a: f64,
    /// Price of the second.
    pub b: f64,
}

/// How two sources compare within the stretch that both cover; prices in price units, times in UTC seconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// Difference of two prices that counts as none.
    pub tolerance: f64,
    /// First and last open time both sources reach; `None` when they do not meet.
    pub stretch: Option<(i64, i64)>,
    /// Bars that both have.
    pub common: usize,
    /// Bars that only the first has.
    pub only_a: usize,
    /// Bars that only the second has.
    pub only_b: usize,
    /// Open times of the first [`LISTED_MAX`] of `only_a`.
    pub first_only_a: Vec<i64>,
    /// Open times of the first [`LISTED_MAX`] of `only_b`.
    pub first_only_b: Vec<i64>,
    /// Common bars of which a price differs by more than the tolerance.
    pub differing: usize,
    /// The first [`LISTED_MAX`] prices that do.
    pub first_differing: Vec<Difference>,
    /// Greatest difference of each of [`FIELDS`], whatever the tolerance.
    pub max_difference: [f64; 4],
    /// Median of the second's close minus the first's: what bid, ask and mid feeds differ by. `None` without a common
    /// bar.
    pub close_offset: Option<f64>,
    /// What was taken out of the second's prices before they were compared: its `close_offset`, or 0.
    pub taken_out: f64,
    /// Open time of the newest bar that both have.
    pub last_common: Option<i64>,
    /// A price of the newest bar that differs.
    pub last_differing: Option<Difference>,
}

/// Compares bars of one symbol and interval; a difference up to `tolerance`, price units, is none.
///
/// # Errors
/// [`Error::BadSetting`] when the tolerance is not a finite number from 0 on.
pub fn compare(a: &Bars, b: &Bars, tolerance: f64) -> Result<Comparison> {
    if !(0.0..f64::INFINITY).contains(&tolerance) {
        let problem = format!("{tolerance} is no difference of prices; a finite number from 0 on is");
        return Err(Error::BadSetting { field: "tolerance", problem });
    }
    Ok(compare_less(a, b, tolerance, 0.0))
}

/// As [`compare`], with the constant that bid, ask and mid feeds differ by taken out of the second's prices: its
/// `close_offset`. One beyond the tolerance is no spread, and left in.
///
/// # Errors
/// As [`compare`].
pub fn compare_levelled(a: &Bars, b: &Bars, tolerance: f64) -> Result<Comparison> {
    let found = compare(a, b, tolerance)?;
    let price = a.close().last().copied().unwrap_or_default();
    let offset = found.close_offset.filter(|offset| !is_beyond(*offset, tolerance, price));
    Ok(offset.map_or(found, |offset| compare_less(a, b, tolerance, offset)))
}

/// Compares with `taken_out` less in the second's prices.
fn compare_less(a: &Bars, b: &Bars, tolerance: f64, taken_out: f64) -> Comparison {
    let mut found = Comparison { tolerance, taken_out, stretch: stretch(a, b), ..Comparison::default() };
    let Some((from, to)) = found.stretch else { return found };
    let within = |bars: &Bars| {
        let times = bars.time();
        times.partition_point(|time| *time < from)..times.partition_point(|time| *time <= to)
    };
    let (mut left, mut right) = (within(a).peekable(), within(b).peekable());
    let mut offsets = Vec::with_capacity(left.len().min(right.len()));
    loop {
        match (left.peek().map(|i| a.at(*i)), right.peek().map(|i| b.at(*i))) {
            (Some(x), Some(y)) if x.time == y.time => {
                found.note(&x, &y);
                offsets.push(y.close - x.close);
                left.next();
                right.next();
            }
            (Some(x), y) if y.is_none_or(|y| x.time < y.time) => {
                note_missing(&mut found.only_a, &mut found.first_only_a, x.time);
                left.next();
            }
            (_, Some(y)) => {
                note_missing(&mut found.only_b, &mut found.first_only_b, y.time);
                right.next();
            }
            (_, None) => break,
        }
    }
    found.close_offset = median(&mut offsets);
    found
}

/// As [`compare`], or [`compare_levelled`] where `levels` says so, with the tolerance in points: of `point` price units
/// each, or of the finer one of the steps both sources' prices move in (see [`point_of`]).
///
/// # Errors
/// As [`compare`].
pub fn compare_points(a: &Bars, b: &Bars, points: f64, point: Option<f64>, levels: bool) -> Result<Comparison> {
    let compares = if levels { compare_levelled } else { compare };
    compares(a, b, points * point.unwrap_or_else(|| point_of(a).min(point_of(b))))
}

/// The step closes move in, price units: the fewest decimals, five at most, that hold all of them.
#[must_use]
pub fn point_of(bars: &Bars) -> f64 {
    // Half a millionth of a step is far above the rounding of a decimal price and far below a step.
    let is_held =
        |scale: &&f64| bars.close().iter().all(|close| (close * *scale - (close * *scale).round()).abs() < 5e-7);
    1.0 / STEPS.iter().find(is_held).unwrap_or(&STEPS[STEPS.len() - 1])
}

impl Comparison {
    fn note(&mut self, a: &Bar, b: &Bar) {
        self.common += 1;
        self.last_common = Some(a.time);
        let prices = |bar: &Bar| [bar.open, bar.high, bar.low, bar.close];
        let mut is_different = false;
        for (i, (x, y)) in prices(a).into_iter().zip(prices(b)).enumerate() {
            let difference = y - x - self.taken_out;
            self.max_difference[i] = self.max_difference[i].max(difference.abs());
            if is_beyond(difference, self.tolerance, x.max(y)) {
                is_different = true;
                let one = Difference { time: a.time, field: FIELDS[i], a: x, b: y };
                self.last_differing = Some(one);
                if self.first_differing.len() < LISTED_MAX {
                    self.first_differing.push(one);
                }
            }
        }
        self.differing += usize::from(is_different);
    }
}

/// A difference of exactly the tolerance is none, whichever way prices of this size were rounded.
fn is_beyond(difference: f64, tolerance: f64, price: f64) -> bool {
    difference.abs() > tolerance + 4.0 * f64::EPSILON * price
}

fn note_missing(count: &mut usize, first: &mut Vec<i64>, time: i64) {
    *count += 1;
    if first.len() < LISTED_MAX {
        first.push(time);
    }
}

fn stretch(a: &Bars, b: &Bars) -> Option<(i64, i64)> {
    let (from, to) = (*a.time().first()?.max(b.time().first()?), *a.time().last()?.min(b.time().last()?));
    (from <= to).then_some((from, to))
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(lower.midpoint(upper))
}
