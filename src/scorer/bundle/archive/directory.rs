//! What the `zip` crate takes as it comes, and a bundle must not: a directory whose rows do not fill it, names given
//! twice, zip64, bytes after the end.

use std::io::Cursor;

use zip::ZipArchive;
use zip::read::ZipFileEntry;

use crate::Result;
use crate::scorer::bundle::{bad, shown};

/// Marks of the record at the end, and of the zip64 record that lies right before it.
pub(super) const END: &[u8] = b"PK\x05\x06";
const ZIP64: &[u8] = b"PK\x06\x07";

/// Bytes of the fixed part of a row of the directory, of the record at the end, and of the zip64 record.
const ROW_BYTES: usize = 46;
const END_BYTES: usize = 22;
const ZIP64_BYTES: usize = 20;

/// Marks of an end that are looked at: the zip's own, and the few that packed bytes or a comment hold by chance.
const ENDS_MAX: usize = 8;

/// Bytes of a directory; what the crate makes of one takes ten times its size in memory.
const DIRECTORY_BYTES_MAX: usize = 1 << 20;

/// Refuses what costs the crate memory and time far beyond what a bundle needs: zip64, which counts files without limit,
/// long directories, and many ends, for each of which it reads a directory and keeps it.
pub(super) fn check_cost(bytes: &[u8]) -> Result<()> {
    let reach = END_BYTES + ZIP64_BYTES + usize::from(u16::MAX) + END.len();
    let first = bytes.len().saturating_sub(reach);
    let tail = &bytes[first..];
    let is_zip64 = |window: &[u8]| window.starts_with(ZIP64) && window.ends_with(END);
    if tail.windows(ZIP64_BYTES + END.len()).any(is_zip64) {
        return Err(cut("it is a zip64, which a bundle needs not be"));
    }
    let ends: Vec<usize> = (0..tail.len()).filter(|at| tail[*at..].starts_with(END)).collect();
    if ends.len() > ENDS_MAX {
        return Err(cut("it has many ends"));
    }
    let start = |at: usize| tail.get(at + 16..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let length = |at: usize| (first + at).checked_sub(usize::try_from(start(at)?).ok()?);
    if ends.into_iter().filter_map(length).any(|length| length > DIRECTORY_BYTES_MAX) {
        return Err(cut("its directory is far longer than 64 files need"));
    }
    Ok(())
}

/// Whether the rows of the files lie one after another, right before the record at the end, and that ends the zip.
///
/// The crate keeps the last of two rows with one name, so the file whose row is not the next one is there twice.
pub(super) fn check_rows(bytes: &[u8], zip: &ZipArchive<Cursor<&[u8]>>) -> Result<()> {
    if zip.offset() != 0 {
        return Err(broken());
    }
    let mut at = zip.central_directory_start();
    for index in 0..zip.len() {
        let entry = zip.by_index_data(index).map_err(|_| broken())?;
        if entry.central_header_start() != at {
            return Err(bad(shown(&String::from_utf8_lossy(entry.name_raw())), "the zip holds it twice"));
        }
        let lengths = [28, 30, 32].map(|offset| field(bytes, &entry, offset).map(u64::from));
        at += ROW_BYTES as u64 + lengths.into_iter().flatten().sum::<u64>();
    }
    let end = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
    if !end.starts_with(END) {
        return Err(cut("its directory is longer than the files it counts"));
    }
    if end.get(4..6) != Some(&[0, 0]) || end.get(8..10) != end.get(10..12) {
        return Err(cut("it has several volumes"));
    }
    if end.len() != END_BYTES + zip.comment().len() {
        return Err(cut("its end is missing, or bytes follow it"));
    }
    Ok(())
}

/// The two bytes at an offset of a file's row.
pub(super) fn field(bytes: &[u8], entry: &ZipFileEntry<'_>, offset: usize) -> Option<u16> {
    let at = usize::try_from(entry.central_header_start()).ok()?.checked_add(offset)?;
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

pub(super) fn broken() -> crate::Error {
    cut("its end is missing or its directory broken")
}

fn cut(problem: &str) -> crate::Error {
    bad("the zip", format!("{problem}; it is damaged or no plain zip"))
}
