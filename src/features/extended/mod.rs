//! The columns beyond `sentinel-v1`, by family. Their order is the catalogue's: a new family goes to the end of the
//! list, a new column to the end of the last family.

use super::family::Entry;

mod roc;

/// Every extended family, in column order; append-only.
pub(super) const FAMILIES: &[Entry] = &[Entry::of::<roc::Roc>()];
