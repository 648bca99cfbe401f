//! Rows as they came, whatever the format: the nouns that every reader fills.

use super::parse::excerpt;
use super::time;
use crate::{Error, Result};

/// Rows in the order they came, column by column, all columns of one length.
///
/// A missing volume is 0: several sources give none for FX. A row with a null price or time is marked in
/// `is_null` and its prices are NaN.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawRows {
    /// Open times, UTC seconds; 0 where `is_null`.
    pub time: Vec<i64>,
    /// Opens.
    pub open: Vec<f64>,
    /// Highs.
    pub high: Vec<f64>,
    /// Lows.
    pub low: Vec<f64>,
    /// Closes.
    pub close: Vec<f64>,
    /// Volumes.
    pub volume: Vec<f64>,
    /// Whether the row lacks its time or a price.
    pub is_null: Vec<bool>,
    /// Rows whose `timestamp` and `datetime` name different moments; `timestamp` was taken.
    pub time_conflicts: usize,
    /// Whether a terminal wrote the file: its times are the wall clock of the broker's server and stand here as if
    /// that kept UTC.
    pub is_of_terminal: bool,
}

/// The columns a source may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Timestamp,
    Datetime,
    GmtOffset,
    Open,
    High,
    Low,
    Close,
    Volume,
}

impl Field {
    /// The field a column name means, whatever its case; `None` for columns that are none of ours.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let name = name.trim();
        FIELDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, field)| *field)
    }
}

const FIELDS: [(&str, Field); 10] = [
    ("timestamp", Field::Timestamp),
    ("time", Field::Timestamp),
    ("datetime", Field::Datetime),
    ("date", Field::Datetime),
    ("gmtoffset", Field::GmtOffset),
    ("open", Field::Open),
    ("high", Field::High),
    ("low", Field::Low),
    ("close", Field::Close),
    ("volume", Field::Volume),
];

/// Text the API writes where it has no number.
const ABSENT: [&str; 4] = ["", "NA", "N/A", "null"];

/// Whether text stands for a missing value.
pub(super) fn is_absent(text: &str) -> bool {
    ABSENT.contains(&text.trim())
}

/// One row being read; `None` is null.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct RawRow {
    pub(super) timestamp: Option<i64>,
    pub(super) datetime: Option<i64>,
    pub(super) gmtoffset: Option<f64>,
    pub(super) open: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) low: Option<f64>,
    pub(super) close: Option<f64>,
    pub(super) volume: Option<f64>,
}

impl RawRow {
    /// Stores a number; time fields go through [`super::time`] before.
    pub(super) fn set_number(&mut self, field: Field, value: Option<f64>) {
        match field {
            Field::GmtOffset => self.gmtoffset = value,
            Field::Open => self.open = value,
            Field::High => self.high = value,
            Field::Low => self.low = value,
            Field::Close => self.close = value,
            Field::Volume => self.volume = value,
            Field::Timestamp => self.timestamp = value.and_then(time::from_number),
            Field::Datetime => self.datetime = value.and_then(time::from_number),
        }
    }

    /// Stores a value given as text.
    ///
    /// # Errors
    /// What is wrong with it, for an error that names row and field.
    pub(super) fn set_text(&mut self, field: Field, text: &str) -> std::result::Result<(), String> {
        match field {
            Field::Timestamp | Field::Datetime => {
                let seconds = time::from_text(text).ok_or_else(|| {
                    format!("{:?} is no time; seconds, milliseconds or ISO 8601 are read", excerpt(text.as_bytes()))
                })?;
                *(if field == Field::Timestamp { &mut self.timestamp } else { &mut self.datetime }) = Some(seconds);
            }
            _ => {
                let number = text.trim().parse();
                self.set_number(field, Some(number.map_err(|_| not_a_number(text))?));
            }
        }
        Ok(())
    }
}

fn not_a_number(text: &str) -> String {
    format!("{:?} is not a number", excerpt(text.as_bytes()))
}

impl RawRows {
    /// Rows read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether no row was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Takes stored bars back, as [`super::Bar`]s that went through cleaning before.
    #[must_use]
    pub fn from_bars(bars: impl IntoIterator<Item = super::Bar>) -> Self {
        let mut rows = Self::default();
        for bar in bars {
            rows.time.push(bar.time);
            rows.open.push(bar.open);
            rows.high.push(bar.high);
            rows.low.push(bar.low);
            rows.close.push(bar.close);
            rows.volume.push(bar.volume);
            rows.is_null.push(false);
        }
        rows
    }

    /// Appends one row. Here `timestamp` and `datetime` become one open time, so that no later step can meet two.
    pub(super) fn push(&mut self, row: &RawRow) -> Result<()> {
        if row.timestamp.is_none() && row.datetime.is_some() && row.gmtoffset.is_some_and(|offset| offset != 0.0) {
            let problem =
                "not 0 while `timestamp` is absent: it is not known whether `datetime` is local or UTC".into();
            return Err(Error::BadField { row: self.len(), field: "gmtoffset".into(), problem });
        }
        if let (Some(a), Some(b)) = (row.timestamp, row.datetime) {
            self.time_conflicts += usize::from(a != b);
        }
        let time = row.timestamp.or(row.datetime);
        let is_null = time.is_none() || [row.open, row.high, row.low, row.close].contains(&None);
        self.time.push(time.unwrap_or(0));
        self.open.push(row.open.unwrap_or(f64::NAN));
        self.high.push(row.high.unwrap_or(f64::NAN));
        self.low.push(row.low.unwrap_or(f64::NAN));
        self.close.push(row.close.unwrap_or(f64::NAN));
        self.volume.push(row.volume.unwrap_or(0.0));
        self.is_null.push(is_null);
        Ok(())
    }

    /// The most common positive distance between neighbouring open times, seconds, the smallest of equally common
    /// ones; `None` below two different times.
    #[must_use]
    pub fn usual_interval_s(&self) -> Option<i64> {
        let mut times: Vec<i64> =
            self.time.iter().zip(&self.is_null).filter(|(_, null)| !**null).map(|(time, _)| *time).collect();
        times.sort_unstable();
        usual_step(&times)
    }
}

/// The most common positive step of sorted times, the smallest of equally common ones.
pub(super) fn usual_step(sorted: &[i64]) -> Option<i64> {
    let mut steps: Vec<i64> = sorted.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > 0).collect();
    steps.sort_unstable();
    // Backwards, because the last of equals is taken: with a gap as common as the interval, the interval is smaller.
    steps.chunk_by(|a, b| a == b).rev().max_by_key(|run| run.len()).map(|run| run[0])
}
