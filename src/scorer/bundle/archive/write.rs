//! Writing a zip: sorted names, one fixed date, one compressor, so that the same files give the same bytes anywhere.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::layout::{DEFLATED, END, LOCAL, REGULAR, ROW, UTF8};
use crate::Result;
use crate::scorer::bundle::{bad, shown};

/// Version of the format that a reader needs, and made on Unix, which gives the attributes their meaning.
const VERSION: u16 = 20;
const MADE_BY: u16 = 3 << 8 | VERSION;

/// 1980-01-01, the first day there is in a zip.
const DATE: u16 = 1 << 5 | 1;

/// A regular file that its owner may write and all may read.
const ATTRIBUTES: u32 = (REGULAR | 0o644) << 16;

/// One zip of files by name.
///
/// # Errors
/// [`crate::Error::BadBundle`] naming a file too large for a zip.
pub fn pack(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>> {
    let mut zip = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let packed = deflate(content).ok_or_else(|| too_large(name))?;
        let mut crc = Crc::new();
        crc.update(content);
        let start = size(zip.len(), name)?;
        let mut facts = Vec::new();
        push(&mut facts, &[VERSION, UTF8, DEFLATED, 0, DATE]);
        push_long(&mut facts, &[crc.sum(), size(packed.len(), name)?, size(content.len(), name)?]);
        push(&mut facts, &[u16::try_from(name.len()).map_err(|_| too_large(name))?, 0]);

        push_long(&mut zip, &[LOCAL]);
        zip.extend_from_slice(&facts);
        zip.extend_from_slice(name.as_bytes());
        zip.extend_from_slice(&packed);

        push_long(&mut directory, &[ROW]);
        push(&mut directory, &[MADE_BY]);
        directory.extend_from_slice(&facts);
        push(&mut directory, &[0, 0, 0]);
        push_long(&mut directory, &[ATTRIBUTES, start]);
        directory.extend_from_slice(name.as_bytes());
    }
    let (start, length) = (size(zip.len(), "the zip")?, size(directory.len(), "the zip")?);
    let count = u16::try_from(files.len()).map_err(|_| too_large("the zip"))?;
    zip.extend_from_slice(&directory);
    push_long(&mut zip, &[END]);
    push(&mut zip, &[0, 0, count, count]);
    push_long(&mut zip, &[length, start]);
    push(&mut zip, &[0]);
    Ok(zip)
}

fn deflate(content: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(content).ok()?;
    encoder.finish().ok()
}

fn push(out: &mut Vec<u8>, values: &[u16]) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn push_long(out: &mut Vec<u8>, values: &[u32]) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn size(bytes: usize, name: &str) -> Result<u32> {
    u32::try_from(bytes).map_err(|_| too_large(name))
}

fn too_large(name: &str) -> crate::Error {
    bad(shown(name), "it is too large for a zip; write a directory instead")
}
