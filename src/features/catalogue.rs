//! The catalogue: what every column is, in column order. All other lists of columns are read from it.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::family::FAMILIES;

/// Name of the contract that the catalogue's first 22 rows fulfil; part of the fingerprint.
const CONTRACT: &str = "sentinel-v1";

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
    /// value (MACD columns: to the close).
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

/// Number of columns.
pub const WIDTH: usize = {
    let (mut width, mut family) = (0, 0);
    while family < FAMILIES.len() {
        width += FAMILIES[family].len();
        family += 1;
    }
    width
};

/// Every column, in column order; append-only.
pub static CATALOGUE: [Spec; WIDTH] = {
    let mut all = [FAMILIES[0][0]; WIDTH];
    let (mut column, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut row = 0;
        while row < FAMILIES[family].len() {
            all[column] = FAMILIES[family][row];
            column += 1;
            row += 1;
        }
        family += 1;
    }
    all
};

/// Column names, in column order.
#[must_use]
pub fn names() -> [&'static str; WIDTH] {
    std::array::from_fn(|column| CATALOGUE[column].name)
}

/// Bars of history below which some column of the newest row is not finite, or not settled.
#[must_use]
pub fn needed_bars() -> usize {
    CATALOGUE.iter().map(|spec| spec.settle_bars.max(spec.first_finite + 1)).max().unwrap_or(0)
}

/// SHA-256 over the contract's name and every column's place, name and formula; 64 lower-case hex digits.
///
/// A model carries the fingerprint of the columns it was trained on; the scorer compares it with this one.
#[must_use]
pub fn fingerprint() -> String {
    let mut hash = Sha256::new();
    hash.update(CONTRACT);
    for (column, spec) in CATALOGUE.iter().enumerate() {
        // Names and formulas hold no line break, so one line per column cannot be read in two ways.
        hash.update(format!("\n{column}\t{}\t{}", spec.name, spec.formula));
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
