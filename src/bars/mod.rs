//! Floor 1: bytes of market data → clean, closed, deduplicated bars.
//!
//! [`parse`](parse::parse) turns a body into [`RawRows`] and judges nothing; [`clean`](clean::clean) is the gate that
//! every bar passes before a feature sees it.

pub mod clean;
mod csv;
mod json;
pub mod parse;
mod rows;
pub mod time;

pub use clean::{CleanReport, Cleaned, Dropped, Hygiene, clean};
pub use parse::parse;
pub use rows::RawRows;

use crate::{Error, Result};

/// One bar: open time in UTC seconds, prices in quote currency, volume in the source's own unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Open time, UTC seconds since 1970.
    pub time: i64,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Traded or tick volume, 0 where the source gives none.
    pub volume: f64,
}

impl Bar {
    /// Whether prices are finite and positive, high ≥ low, and volume finite and not negative.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        let priced = |price: f64| price.is_finite() && price > 0.0;
        [self.open, self.high, self.low, self.close].into_iter().all(priced)
            && self.high >= self.low
            && self.volume.is_finite()
            && self.volume >= 0.0
    }

    /// The first field that makes the bar impossible (see [`Bar::is_possible`]), and what is wrong with it.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let prices = [("open", self.open), ("high", self.high), ("low", self.low), ("close", self.close)];
        if let Some((field, price)) = prices.into_iter().find(|(_, price)| !price.is_finite() || *price <= 0.0) {
            return Some((field, format!("impossible bar: {price} is no price; prices are finite and above 0")));
        }
        if self.high < self.low {
            return Some(("high", format!("impossible bar: high {} is below low {}", self.high, self.low)));
        }
        let is_volume = self.volume.is_finite() && self.volume >= 0.0;
        let problem = || format!("impossible bar: {} is no volume; volumes are finite and not negative", self.volume);
        (!is_volume).then(|| ("volume", problem()))
    }
}

/// Clean bars of one symbol and one interval, oldest first; columns of equal length, open times strictly increasing.
///
/// Only [`clean`](clean::clean) and [`Bars::from_columns`] build one, so every other module may rely on that.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bars {
    time: Vec<i64>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

impl Bars {
    /// Takes columns that are clean already, all of one length.
    ///
    /// # Errors
    /// [`Error::BadColumns`] when lengths differ; [`Error::BadField`] when open times are no unix seconds or do not
    /// strictly increase, or a bar is impossible (see [`Bar::fault`]).
    pub fn from_columns(
        time: Vec<i64>,
        open: Vec<f64>,
        high: Vec<f64>,
        low: Vec<f64>,
        close: Vec<f64>,
        volume: Vec<f64>,
    ) -> Result<Self> {
        let bars = Self { time, open, high, low, close, volume };
        let rows = bars.time.len();
        for (name, len) in [
            ("open", bars.open.len()),
            ("high", bars.high.len()),
            ("low", bars.low.len()),
            ("close", bars.close.len()),
            ("volume", bars.volume.len()),
        ] {
            if len != rows {
                let problem = format!("`{name}` has {len} values, `timestamp` has {rows}");
                return Err(Error::BadColumns { problem });
            }
        }
        if let Some((row, problem)) = (0..rows).find_map(|i| Some((i, time::seconds_fault(bars.time[i])?))) {
            return Err(Error::BadField { row, field: "timestamp".into(), problem });
        }
        if let Some(row) = (1..rows).find(|&i| bars.time[i] <= bars.time[i - 1]) {
            let problem = format!(
                "{} does not come after {}; sort and deduplicate the bars first",
                bars.time[row],
                bars.time[row - 1]
            );
            return Err(Error::BadField { row, field: "timestamp".into(), problem });
        }
        if let Some(row) = (0..rows).find(|&i| !bars.at(i).is_possible()) {
            let (field, problem) = bars.at(row).fault().unwrap_or_default();
            return Err(Error::BadField { row, field: field.into(), problem });
        }
        Ok(bars)
    }

    pub(crate) fn from_clean(rows: &[Bar]) -> Self {
        Self {
            time: rows.iter().map(|b| b.time).collect(),
            open: rows.iter().map(|b| b.open).collect(),
            high: rows.iter().map(|b| b.high).collect(),
            low: rows.iter().map(|b| b.low).collect(),
            close: rows.iter().map(|b| b.close).collect(),
            volume: rows.iter().map(|b| b.volume).collect(),
        }
    }

    /// Number of bars.
    #[must_use]
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there is no bar.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Bar `i`, 0 the oldest.
    ///
    /// # Panics
    /// When `i` is not below [`Bars::len`], as slice indexing does.
    #[must_use]
    pub fn at(&self, i: usize) -> Bar {
        Bar {
            time: self.time[i],
            open: self.open[i],
            high: self.high[i],
            low: self.low[i],
            close: self.close[i],
            volume: self.volume[i],
        }
    }

    /// The newest bar.
    #[must_use]
    pub fn last(&self) -> Option<Bar> {
        self.len().checked_sub(1).map(|i| self.at(i))
    }

    /// All bars, oldest first.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Bar> + '_ {
        (0..self.len()).map(|i| self.at(i))
    }

    /// Open times, UTC seconds.
    #[must_use]
    pub fn time(&self) -> &[i64] {
        &self.time
    }

    /// Opens, in price units.
    #[must_use]
    pub fn open(&self) -> &[f64] {
        &self.open
    }

    /// Highs, in price units.
    #[must_use]
    pub fn high(&self) -> &[f64] {
        &self.high
    }

    /// Lows, in price units.
    #[must_use]
    pub fn low(&self) -> &[f64] {
        &self.low
    }

    /// Closes, in price units.
    #[must_use]
    pub fn close(&self) -> &[f64] {
        &self.close
    }

    /// Volumes, in the source's unit.
    #[must_use]
    pub fn volume(&self) -> &[f64] {
        &self.volume
    }
}
