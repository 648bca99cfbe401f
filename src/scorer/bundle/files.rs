//! The files of a bundle: their names, how large each may be, where they come from.

use crate::Result;

/// What the bundle says of itself.
pub const MANIFEST: &str = "manifest.toml";

/// Rows with known scores, replayed at every load.
pub const GOLDEN: &str = "golden.csv";

/// Who vouches for the manifest; optional.
pub const SIGNATURE: &str = "signature.toml";

/// Files in a bundle, all together.
pub(super) const ENTRIES_MAX: usize = 64;

/// Bytes of a model file.
pub const MODEL_BYTES_MAX: u64 = 512 << 20;

/// Bytes of a manifest.
pub(super) const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// Bytes of a signature.
pub(super) const SIGNATURE_BYTES_MAX: u64 = 16 << 10;

/// Bytes of any other file, the golden rows among them.
pub(super) const OTHER_BYTES_MAX: u64 = 64 << 20;

/// Where the files of a bundle come from: a directory, a zip, a test.
pub trait Source {
    /// Names of all files, in any order; more than a bundle may hold need not be told.
    ///
    /// # Errors
    /// [`crate::Error::BadBundle`] when they cannot be listed.
    fn names(&self) -> Result<Vec<String>>;

    /// Bytes of one of them.
    ///
    /// # Errors
    /// [`crate::Error::BadBundle`] naming the file: it cannot be read, or holds more than `limit` bytes, which are
    /// then not all read.
    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>>;
}

/// Whether a name is that of a file right in the bundle, on every system.
pub(super) fn is_bare_name(name: &str) -> bool {
    let is_odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '"');
    !matches!(name, "" | "." | "..") && name.len() <= 255 && !name.contains(is_odd)
}
