//! What is said of a column.

/// `settle_bars` of a column whose value depends on where the history starts, however long it is (a running total).
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
    /// 0-based bar at which the column is finite for the first time; NaN before.
    pub first_finite: usize,
    /// Length of history, in bars, from which on its start changes the newest value by less than 1e-9, relative to the
    /// value (columns that cross zero: to the close when they are prices, to 1 when they are pure numbers); [`NEVER`]
    /// when no length is enough.
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
