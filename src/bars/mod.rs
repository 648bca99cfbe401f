//! Floor 1: bytes of market data → clean, closed, deduplicated bars.
//!
//! [`parse`](parse::parse) turns a body into [`RawRows`] and judges nothing; [`clean`](clean::clean) is the gate that
//! every bar passes before a feature sees it.

mod broker_offset;
mod broker_time;
pub mod broker_zone;
pub mod calendar;
pub mod clean;
pub mod compare;
mod csv;
mod freshness;
mod header;
mod join;
mod json;
mod npy;
pub mod parse;
pub mod plan;
pub mod quota;
mod rows;
pub mod skew;
pub mod time;
mod unicode;

pub use broker_offset::BrokerOffset;
pub use broker_time::{BrokerClock, Dst};
pub use calendar::{Calendar, Session};
pub use clean::{CleanReport, Cleaned, Dropped, Hygiene, clean};
pub use freshness::{FreshBar, fresh};
pub use join::join;
pub use parse::{inflated, parse};
pub use rows::RawRows;
pub use skew::ClockWatch;

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

/// Prices that a bar may have, in quote currency. No market is near these bounds; within them no square overflows.
const PRICES: std::ops::RangeInclusive<f64> = 1e-100..=1e100;
/// Volumes that a bar may have besides 0, in the source's unit.
const VOLUMES: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

impl Bar {
    /// Whether prices and volume are finite and within their bounds, prices above 0, volume not below, and high ≥ low.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        [self.open, self.high, self.low, self.close].iter().all(|price| PRICES.contains(price))
            && self.high >= self.low
            && self.has_volume()
    }

    /// Whether the bar is possible and its high and low hold its open and close, as cleaning makes them.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.is_possible() && self.high >= self.open.max(self.close) && self.low <= self.open.min(self.close)
    }

    /// The first field that makes the bar unsound (see [`Bar::is_sound`]), and what is wrong with it.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let (low, high) = (PRICES.start(), PRICES.end());
        let prices = [("open", self.open), ("high", self.high), ("low", self.low), ("close", self.close)];
        if let Some((field, price)) = prices.into_iter().find(|(_, price)| !PRICES.contains(price)) {
            let rule = format!("prices are finite, above 0 and within {low:e}..{high:e}");
            return Some((field, format!("impossible bar: {price} is no price; {rule}")));
        }
        if self.high < self.low {
            return Some(("high", format!("impossible bar: high {} is below low {}", self.high, self.low)));
        }
        if !self.has_volume() {
            let rule = format!("volumes are finite, not negative and at most {:e}", VOLUMES.end());
            return Some(("volume", format!("impossible bar: {} is no volume; {rule}", self.volume)));
        }
        let outside = |price: f64| !(self.low..=self.high).contains(&price);
        let (field, price) = [("open", self.open), ("close", self.close)].into_iter().find(|(_, p)| outside(*p))?;
        let range = format!("low {} to high {}", self.low, self.high);
        Some((
            field,
            format!("{price} lies outside {range}; widen high and low to hold open and close, as cleaning does"),
        ))
    }

    fn has_volume(&self) -> bool {
        self.volume == 0.0 || VOLUMES.contains(&self.volume)
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
    /// strictly increase, or a bar is unsound (see [`Bar::fault`]).
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
        if !bars.are_sound() {
            bars.first_fault()?;
        }
        Ok(bars)
    }

    /// Whether open times are unix seconds that strictly increase and every bar is sound: all rows in one go, without a
    /// branch, since nearly always they are.
    #[allow(
        clippy::needless_bitwise_bool,
        reason = "a lazy operator is a branch, and rows would be looked at one by one"
    )]
    fn are_sound(&self) -> bool {
        let ends = [self.time.first(), self.time.last()];
        let increasing = self.time.windows(2).fold(true, |all, pair| all & (pair[0] < pair[1]));
        let prices = self.open.iter().zip(&self.high).zip(&self.low).zip(&self.close);
        let held = prices.fold(true, |all, (((open, high), low), close)| {
            let holds = (low <= open) & (open <= high) & (low <= close) & (close <= high);
            all & holds & (low >= PRICES.start()) & (high <= PRICES.end())
        });
        let volumes = self.volume.iter().fold(true, |all, volume| {
            all & ((*volume == 0.0) | ((volume >= VOLUMES.start()) & (volume <= VOLUMES.end())))
        });
        increasing && held && volumes && ends.into_iter().flatten().all(|time| time::seconds_fault(*time).is_none())
    }

    /// Refuses the first row that is wrong.
    fn first_fault(&self) -> Result<()> {
        let rows = self.len();
        if let Some((row, problem)) = (0..rows).find_map(|i| Some((i, time::seconds_fault(self.time[i])?))) {
            return Err(Error::BadField { row, field: "timestamp".into(), problem });
        }
        if let Some(row) = (1..rows).find(|&i| self.time[i] <= self.time[i - 1]) {
            let problem = format!(
                "{} does not come after {}; sort and deduplicate the bars first",
                self.time[row],
                self.time[row - 1]
            );
            return Err(Error::BadField { row, field: "timestamp".into(), problem });
        }
        if let Some(row) = (0..rows).find(|&i| !self.at(i).is_sound()) {
            let (field, problem) = self.at(row).fault().unwrap_or_default();
            return Err(Error::BadField { row, field: field.into(), problem });
        }
        Ok(())
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

    /// The most common distance between neighbouring open times, seconds; `None` below two bars.
    #[must_use]
    pub fn usual_interval_s(&self) -> Option<i64> {
        rows::usual_step(&self.time)
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
