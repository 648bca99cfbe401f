//! Reading a zip: the `zip` crate finds and unpacks the files, and what a bundle needs none of is refused by name.
//!
//! That is folders, links, encryption, names given twice, files that share bytes, sizes that are not true. No memory is
//! set aside for what the zip only claims to hold.

use std::io::{Cursor, Read};
use std::ops::Range;
use std::sync::Arc;

use zip::read::{ZipArchiveMetadata, ZipFileEntry, ZipReadOptions};
use zip::{CompressionMethod, ZipArchive};

use super::directory::{END, broken, check_cost, check_rows, field};
use crate::Result;
use crate::scorer::bundle::files::{ENTRIES_MAX, MODEL_BYTES_MAX, OTHER_BYTES_MAX, Source, is_bare_name};
use crate::scorer::bundle::{bad, shown};

/// Bytes of all files together, unpacked.
const UNPACKED_MAX: u64 = MODEL_BYTES_MAX + OTHER_BYTES_MAX;

/// Mark of a file's own header, with which a zip begins that is not empty.
const LOCAL: &[u8] = b"PK\x03\x04";

/// Flags of encryption: of the bytes, strong, of the directory.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;

/// Kind of a file in the upper half of its attributes, as Unix has it: the mask, regular, symbolic link.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// A zip in memory, its directory read and found sound.
pub struct Archive {
    bytes: Vec<u8>,
    directory: Arc<ZipArchiveMetadata>,
    names: Vec<String>,
}

impl Archive {
    /// Whether bytes begin as a zip does.
    #[must_use]
    pub fn is_zip(bytes: &[u8]) -> bool {
        bytes.starts_with(LOCAL) || bytes.starts_with(END)
    }

    /// Reads the directory of a zip; no file is unpacked yet.
    ///
    /// # Errors
    /// [`crate::Error::BadBundle`] naming the file in it, or what is wrong with the zip as a whole.
    pub fn open(bytes: Vec<u8>) -> Result<Self> {
        check_cost(&bytes)?;
        let mut zip = ZipArchive::new(Cursor::new(bytes.as_slice())).map_err(|_| broken())?;
        if zip.len() > ENTRIES_MAX {
            return Err(bad("the zip", format!("it holds {} files, {ENTRIES_MAX} at most are read", zip.len())));
        }
        check_rows(&bytes, &zip)?;
        let directory = zip.metadata();
        let mut names = Vec::new();
        let (mut total, mut taken) = (0_u64, Vec::new());
        for index in 0..directory.len() {
            let entry = directory.entry(index).map_err(|_| broken())?;
            let name = checked_name(&bytes, &entry)?;
            total = total.saturating_add(entry.size());
            taken.push((place(&mut zip, index, &name)?, name.clone()));
            names.push(name);
        }
        taken.sort_by_key(|(place, _)| place.start);
        if let Some(pair) = taken.windows(2).find(|pair| pair[1].0.start < pair[0].0.end) {
            return Err(bad(shown(&pair[1].1), "it shares bytes with another file of the zip"));
        }
        if total > UNPACKED_MAX {
            return Err(bad("the zip", format!("it unpacks to more than {UNPACKED_MAX} bytes")));
        }
        Ok(Self { bytes, directory, names })
    }
}

impl Source for Archive {
    fn names(&self) -> Result<Vec<String>> {
        Ok(self.names.clone())
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let index = self.names.iter().position(|other| other == name);
        let entry = index.and_then(|index| self.directory.entry(index).ok());
        let Some(entry) = entry else {
            return Err(bad(shown(name), "it is missing"));
        };
        let size = entry.size();
        if size > limit {
            return Err(bad(name, format!("it unpacks to {size} bytes, {limit} at most are read")));
        }
        let damaged = || bad(name, "it is damaged in the zip; pack or copy the bundle again");
        let mut reader = Cursor::new(self.bytes.as_slice());
        let file = entry.with_reader(&mut reader, ZipReadOptions::new()).map_err(|_| damaged())?;
        let mut content = Vec::new();
        // One byte more than stated ends the reading of a zip that lies about its size.
        file.take(size + 1).read_to_end(&mut content).map_err(|_| damaged())?;
        if content.len() as u64 == size { Ok(content) } else { Err(damaged()) }
    }
}

/// A file's name, when a bundle may hold such a file.
fn checked_name(bytes: &[u8], entry: &ZipFileEntry<'_>) -> Result<String> {
    let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
    let refuse = |problem: &str| Err(bad(shown(&name), problem));
    let kind = entry.external_attributes() >> 16 & KIND;
    if kind == LINK {
        return refuse("it is a symbolic link; a bundle holds files");
    }
    if !is_bare_name(&name) || name.as_bytes() != entry.name_raw() {
        return refuse("it is no bare file name; the files of a bundle lie at the top of the zip");
    }
    if kind != 0 && kind != REGULAR {
        return refuse("it is no regular file");
    }
    let (flags, method) = (field(bytes, entry, 8), field(bytes, entry, 10).unwrap_or(u16::MAX));
    if flags.is_none_or(|flags| flags & ENCRYPTED != 0) {
        return refuse("it is encrypted");
    }
    if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return refuse(&format!("it is packed by method {method}; deflated and stored files are read"));
    }
    Ok(name)
}

/// Where a file's header and packed bytes lie, when its own header agrees with the directory.
fn place(zip: &mut ZipArchive<Cursor<&[u8]>>, index: usize, name: &str) -> Result<Range<u64>> {
    let end = zip.central_directory_start();
    let strict = ZipReadOptions::new().enforce_header_consistency(true);
    let disagrees = || bad(shown(name), "its own header in the zip does not agree with the directory");
    let file = zip.by_index_with_options(index, strict).map_err(|_| disagrees())?;
    let past = file.data_start().and_then(|start| start.checked_add(file.compressed_size()));
    match past.filter(|past| *past <= end) {
        Some(past) => Ok(file.header_start()..past),
        None => Err(bad(shown(name), "it reaches beyond the files of the zip")),
    }
}
