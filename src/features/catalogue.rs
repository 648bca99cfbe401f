//! The catalogue: what every column is, in column order. All other lists of columns are read from it.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::families::FAMILIES;
use super::spec::Spec;

/// Name of the contract that the catalogue's first 22 rows fulfil; part of the fingerprint.
const CONTRACT: &str = "sentinel-v1";

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
