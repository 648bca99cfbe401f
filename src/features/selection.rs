//! An ordered choice of columns from both catalogues.

use super::catalogue::{CATALOGUE, EXTENDED, WIDTH, all_specs, fingerprint, fingerprint_of};
use super::spec::{NEVER, Spec};
use crate::{Error, Result};

/// How many names a refusal offers instead of an unknown one.
const OFFERED: usize = 3;

/// Columns by name, in the caller's order, each once; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Places in the two catalogues, one behind the other.
    columns: Vec<usize>,
}

impl Selection {
    /// The 22 columns of the contract `sentinel-v1`, in its order.
    #[must_use]
    pub fn sentinel_v1() -> Self {
        Self { columns: (0..WIDTH).collect() }
    }

    /// The extended columns, in catalogue order.
    #[must_use]
    pub fn extended() -> Self {
        Self { columns: (WIDTH..WIDTH + EXTENDED.len()).collect() }
    }

    /// Every column: `sentinel-v1`, then the extended ones.
    #[must_use]
    pub fn all() -> Self {
        Self { columns: (0..WIDTH + EXTENDED.len()).collect() }
    }

    /// Columns by name, in the given order.
    ///
    /// # Errors
    /// [`Error::BadSetting`] for an unknown name (with the nearest names there are), a name given twice, or no name.
    pub fn named(names: &[impl AsRef<str>]) -> Result<Self> {
        let refused = |problem| Err(Error::BadSetting { field: "columns", problem });
        let mut columns = Vec::with_capacity(names.len().min(WIDTH + EXTENDED.len()));
        for name in names.iter().map(AsRef::as_ref) {
            let Some(column) = all_specs().position(|spec| spec.name == name) else {
                let problem = format!("no column is called {:?}; the nearest are {}", shown(name), nearest(name));
                return refused(problem);
            };
            if columns.contains(&column) {
                return refused(format!("`{name}` is given twice"));
            }
            columns.push(column);
        }
        if columns.is_empty() {
            return refused("no column is named; name at least one".into());
        }
        Ok(Self { columns })
    }

    /// What the columns are, in order.
    #[must_use]
    pub fn specs(&self) -> impl ExactSizeIterator<Item = &'static Spec> + '_ {
        self.columns.iter().map(|&column| spec_at(column))
    }

    /// Number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Whether these are the 22 of `sentinel-v1` in its order.
    #[must_use]
    pub fn is_sentinel_v1(&self) -> bool {
        self.columns.iter().copied().eq(0..WIDTH)
    }

    /// Bars of history below which some column of the newest row is not finite or not settled; `None` when some column
    /// never settles.
    #[must_use]
    pub fn needed_bars(&self) -> Option<usize> {
        self.specs().all(|spec| spec.settle_bars != NEVER).then(|| self.minimum_bars())
    }

    /// As [`Selection::needed_bars`], where a column that never settles counts from its first finite bar on.
    #[must_use]
    pub fn minimum_bars(&self) -> usize {
        let bars = |spec: &Spec| match spec.settle_bars {
            NEVER => spec.first_finite + 1,
            settled => settled.max(spec.first_finite + 1),
        };
        self.specs().map(bars).max().unwrap_or(0)
    }

    /// SHA-256 over every column's place, name and formula; 64 lower-case hex digits. That of `sentinel-v1` is
    /// [`fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> String {
        if self.is_sentinel_v1() { fingerprint() } else { fingerprint_of(self.specs()) }
    }

    /// Places of the columns in `CATALOGUE` followed by `EXTENDED`.
    pub(super) fn places(&self) -> &[usize] {
        &self.columns
    }
}

impl Default for Selection {
    fn default() -> Self {
        Self::sentinel_v1()
    }
}

/// The column at a place below `WIDTH + EXTENDED.len()`.
fn spec_at(place: usize) -> &'static Spec {
    if place < WIDTH { &CATALOGUE[place] } else { &EXTENDED[place - WIDTH] }
}

/// As much of a name as an error needs to repeat.
fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}

/// The names most like `name`, nearest first.
fn nearest(name: &str) -> String {
    let name = shown(name);
    let mut names: Vec<&str> = all_specs().map(|spec| spec.name).collect();
    names.sort_by_key(|known| edits(&name, known));
    names.truncate(OFFERED);
    names.join(", ")
}

/// Characters to insert, delete or replace between two texts (Levenshtein 1966), row by row.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}
