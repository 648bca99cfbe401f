//! What is said of a column.

/// `settle_bars` of a column that no number of bars is promised to settle: its value depends on where the history starts,
/// however long it is (a running total), or it is NaN for as many bars as fill buckets of hours or days, and that
/// depends on the interval (such a column may be NaN, and once finite does not depend on the start at all).
pub const NEVER: usize = usize::MAX;

/// What a column is measured in, and so what it does when prices change their unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Quote currency; scales with prices.
    Price,
    /// A pure number; unchanged when prices scale.
    Ratio,
    /// A pure number from 0 to 100.
    Percent,
    /// The source's unit of volume; scales with volume.
    Volume,
    /// Quote currency times volume; scales with both.
    PriceVolume,
    /// A whole number of calendar units.
    Count,
}

impl Unit {
    /// The unit in one lower-case word, for documents and Python.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Ratio => "ratio",
            Self::Percent => "0-100",
            Self::Volume => "volume",
            Self::PriceVolume => "price x volume",
            Self::Count => "count",
        }
    }
}

/// One column of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// Column name, `<what>_<window>`.
    pub name: &'static str,
    /// Family the column belongs to; also the name of its file.
    pub family: &'static str,
    /// Definition, in terms of the bar's fields and of other columns.
    pub formula: &'static str,
    /// Unit of the values.
    pub unit: Unit,
    /// 0-based bar at which the column is finite for the first time; NaN before. For a column of 4-hour or daily buckets:
    /// the earliest such bar there can be, with a bar per bucket.
    pub first_finite: usize,
    /// Length of history, in bars, from which on its start changes the newest value by less than 1e-9, relative to the
    /// value (columns that cross zero: to the close when they are prices, to the mean of 20 volumes when they are
    /// volumes, to 1 when they are pure numbers; percentages: to 100; prices times volume: to both); [`NEVER`] when no
    /// length is promised.
    ///
    /// A window forgets its start outright: `first_finite + 1`. A recursive column forgets it by (span-1)/(span+1) a
    /// bar; the number holds while the average lies no further from the close at the start than the close itself.
    pub settle_bars: usize,
    /// Smallest and largest possible value, both inclusive.
    pub range: (f64, f64),
    /// Whether a value may be NaN after warm-up.
    pub nullable: bool,
    /// Where the definition comes from.
    pub source: &'static str,
}
