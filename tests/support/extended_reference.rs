//! The extended columns straight from their definitions, in double-double, from the whole history: slow and plain, with
//! nothing of `src/` but the bars. One file per theme; here are the words they share.

use mt5_sentinel::bars::Bars;

use super::double_double::Wide;
use super::{
    extended_reference_calendar, extended_reference_range, extended_reference_trend, extended_reference_volume,
};

/// Value of a column at every bar; `None` in warm-up or where undefined.
pub type Column = Vec<Option<Wide>>;

/// Bars as exact columns.
pub struct Series {
    pub time: Vec<i64>,
    pub open: Column,
    pub high: Column,
    pub low: Column,
    pub close: Column,
    pub volume: Column,
}

impl Series {
    pub fn of(bars: &Bars) -> Self {
        let exact = |values: &[f64]| values.iter().map(|&value| Some(w(value))).collect();
        Self {
            time: bars.time().to_vec(),
            open: exact(bars.open()),
            high: exact(bars.high()),
            low: exact(bars.low()),
            close: exact(bars.close()),
            volume: exact(bars.volume()),
        }
    }

    pub fn len(&self) -> usize {
        self.time.len()
    }
}

/// Every extended column by name.
pub fn columns(bars: &Bars) -> Vec<(&'static str, Column)> {
    let mut all = columns_of_prices(bars);
    all.extend(extended_reference_calendar::columns(&Series::of(bars)));
    all
}

/// Those that do not look at the clock.
pub fn columns_of_prices(bars: &Bars) -> Vec<(&'static str, Column)> {
    let series = Series::of(bars);
    let mut all = extended_reference_trend::columns(&series);
    all.extend(extended_reference_range::columns(&series));
    all.extend(extended_reference_volume::columns(&series));
    all
}

pub fn w(value: f64) -> Wide {
    Wide::from(value)
}

pub fn is_zero(value: Wide) -> bool {
    value.rounded() == 0.0
}

pub fn is_above(a: Wide, b: Wide) -> bool {
    (a - b).rounded() > 0.0
}

pub fn larger(a: Wide, b: Wide) -> Wide {
    if is_above(b, a) { b } else { a }
}

pub fn smaller(a: Wide, b: Wide) -> Wide {
    if is_above(a, b) { b } else { a }
}

pub fn highest(values: &[Wide]) -> Wide {
    values.iter().copied().reduce(larger).expect("a window holds values")
}

pub fn lowest(values: &[Wide]) -> Wide {
    values.iter().copied().reduce(smaller).expect("a window holds values")
}

pub fn sum(values: &[Wide]) -> Wide {
    values.iter().copied().sum()
}

/// Mean, taken around the first value: equal values have exactly that mean.
pub fn mean(values: &[Wide]) -> Wide {
    let first = values[0];
    let rest: Wide = values.iter().map(|&value| value - first).sum();
    first + rest / w(values.len() as f64)
}

/// Mean of the deviations' `power`-th powers.
pub fn central_moment(values: &[Wide], power: u32) -> Wide {
    let centre = mean(values);
    let raised = values.iter().map(|&value| (1..power).fold(value - centre, |raised, _| raised * (value - centre)));
    raised.sum::<Wide>() / w(values.len() as f64)
}

/// Sample standard deviation.
pub fn sample_deviation(values: &[Wide]) -> Wide {
    let count = values.len() as f64;
    (central_moment(values, 2) * w(count) / w(count - 1.0)).sqrt()
}

/// `part / whole`, or `neutral` when the whole is nothing.
pub fn share(part: Wide, whole: Wide, neutral: f64) -> Wide {
    if is_zero(whole) { w(neutral) } else { part / whole }
}

pub fn each(count: usize, of: impl Fn(usize) -> Option<Wide>) -> Column {
    (0..count).map(of).collect()
}

/// The last `width` values at `t`, oldest first; `None` while one is missing.
pub fn last(values: &Column, t: usize, width: usize) -> Option<Vec<Wide>> {
    let first = (t + 1).checked_sub(width)?;
    values[first..=t].iter().copied().collect()
}

pub fn rolling(values: &Column, width: usize, of: impl Fn(&[Wide]) -> Wide) -> Column {
    each(values.len(), |t| last(values, t, width).map(|window| of(&window)))
}

/// The value `lag` bars before `t`.
pub fn ago(values: &Column, t: usize, lag: usize) -> Option<Wide> {
    values[t.checked_sub(lag)?]
}

pub fn both(a: &Column, b: &Column, of: impl Fn(Wide, Wide) -> Wide) -> Column {
    each(a.len(), |t| Some(of(a[t]?, b[t]?)))
}

/// Change of `values` from bar to bar.
pub fn changes(values: &Column) -> Column {
    each(values.len(), |t| Some(values[t]? - ago(values, t, 1)?))
}

/// `m' = m + weight (x - m)` from the mean of the first `seed` known values on.
pub fn recursive(values: &Column, weight: Wide, seed: usize) -> Column {
    let start = values.iter().position(Option::is_some).unwrap_or(values.len());
    let mut average: Option<Wide> = None;
    each_in_turn(values.len(), |t| {
        if t + 1 < start + seed {
            return None;
        }
        let next = match average {
            None => mean(&last(values, t, seed)?),
            Some(before) => before + weight * (values[t]? - before),
        };
        average = Some(next);
        average
    })
}

pub fn each_in_turn(count: usize, of: impl FnMut(usize) -> Option<Wide>) -> Column {
    (0..count).map(of).collect()
}

pub fn exponential(values: &Column, span: f64, seed: usize) -> Column {
    recursive(values, w(2.0) / w(span + 1.0), seed)
}

pub fn wilder(values: &Column, length: usize) -> Column {
    recursive(values, w(1.0) / w(length as f64), length)
}

/// Wilder's true range: the largest of three distances.
pub fn true_range(series: &Series) -> Column {
    each(series.len(), |t| {
        let (high, low, close) = (series.high[t]?, series.low[t]?, ago(&series.close, t, 1)?);
        Some(larger(high - low, larger((high - close).abs(), (low - close).abs())))
    })
}

/// One-bar returns of the close.
pub fn returns(series: &Series) -> Column {
    each(series.len(), |t| Some(series.close[t]? / ago(&series.close, t, 1)? - w(1.0)))
}

pub fn typical(series: &Series) -> Column {
    each(series.len(), |t| Some((series.high[t]? + series.low[t]? + series.close[t]?) / w(3.0)))
}
