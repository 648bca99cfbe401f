//! The catalogues: what every column is, in column order. All other lists of columns are read from them.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::extended;
use super::families::FAMILIES;
use super::family::Entry;
use super::spec::Spec;

/// Name of the contract that the 22 columns of [`CATALOGUE`] fulfil; part of their fingerprint.
const CONTRACT: &str = "sentinel-v1";
/// Name under which any other selection of columns is fingerprinted.
const SELECTED: &str = "sentinel-x1";

/// Number of columns of `sentinel-v1`.
pub const WIDTH: usize = width_of(FAMILIES);

/// Every column of `sentinel-v1`, in column order; frozen.
pub static CATALOGUE: [Spec; WIDTH] = specs_of(FAMILIES);

/// Number of extended columns.
pub const EXTENDED_WIDTH: usize = width_of(extended::FAMILIES);

/// Every column beyond `sentinel-v1`, in column order; append-only.
pub static EXTENDED: [Spec; EXTENDED_WIDTH] = specs_of(extended::FAMILIES);

const fn width_of(families: &[Entry]) -> usize {
    let (mut width, mut family) = (0, 0);
    while family < families.len() {
        width += families[family].specs.len();
        family += 1;
    }
    width
}

const fn specs_of<const COLUMNS: usize>(families: &[Entry]) -> [Spec; COLUMNS] {
    let mut all = [families[0].specs[0]; COLUMNS];
    let (mut column, mut family) = (0, 0);
    while family < families.len() {
        let mut row = 0;
        while row < families[family].specs.len() {
            all[column] = families[family].specs[row];
            column += 1;
            row += 1;
        }
        family += 1;
    }
    all
}

/// The families of both catalogues, in column order.
pub(super) fn all_families() -> impl Iterator<Item = &'static Entry> {
    FAMILIES.iter().chain(extended::FAMILIES)
}

/// The columns of both catalogues, in column order.
pub(super) fn all_specs() -> impl Iterator<Item = &'static Spec> {
    CATALOGUE.iter().chain(&EXTENDED)
}

/// Column names of `sentinel-v1`, in column order.
#[must_use]
pub fn names() -> [&'static str; WIDTH] {
    std::array::from_fn(|column| CATALOGUE[column].name)
}

/// Bars of history below which some column of `sentinel-v1` is not finite in the newest row, or not settled.
#[must_use]
pub fn needed_bars() -> usize {
    CATALOGUE.iter().map(|spec| spec.settle_bars.max(spec.first_finite + 1)).max().unwrap_or(0)
}

/// SHA-256 over the name `sentinel-v1` and every column's place, name and formula; 64 lower-case hex digits.
///
/// A model carries the fingerprint of the columns it was trained on; the scorer compares it with this one.
#[must_use]
pub fn fingerprint() -> String {
    digest(CONTRACT, CATALOGUE.iter())
}

/// As [`fingerprint`], for columns that are not `sentinel-v1`.
pub(super) fn fingerprint_of<'spec>(columns: impl Iterator<Item = &'spec Spec>) -> String {
    digest(SELECTED, columns)
}

fn digest<'spec>(contract: &str, columns: impl Iterator<Item = &'spec Spec>) -> String {
    let mut hash = Sha256::new();
    hash.update(contract);
    for (column, spec) in columns.enumerate() {
        // Names and formulas hold no line break, so one line per column cannot be read in two ways.
        hash.update(format!("\n{column}\t{}\t{}", spec.name, spec.formula));
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
