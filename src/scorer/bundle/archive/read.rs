//! Reading a zip: the directory at the end is all there is, and every file's own header must agree with it.
//!
//! What a bundle needs none of is refused by name: folders, links, encryption, several volumes, names given twice,
//! files that share bytes, sizes that are not true. Nothing is allocated from a number the zip states.

use std::io::Read;
use std::ops::Range;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::layout::{
    DEFLATED, ENCRYPTED, END, END_BYTES, KIND, LINK, LOCAL, LOCAL_BYTES, REGULAR, ROW, ROW_BYTES, STORED, length_at,
    u16_at, u32_at,
};
use crate::Result;
use crate::scorer::bundle::files::{ENTRIES_MAX, MODEL_BYTES_MAX, OTHER_BYTES_MAX, Source, is_bare_name};
use crate::scorer::bundle::{bad, shown};

/// Bytes of all files together, unpacked.
const UNPACKED_MAX: u64 = MODEL_BYTES_MAX + OTHER_BYTES_MAX;

/// A zip in memory, its directory read and found sound.
pub struct Archive {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    is_deflated: bool,
    crc: u32,
    packed: Range<usize>,
    size: u64,
}

impl Archive {
    /// Whether bytes begin as a zip does.
    #[must_use]
    pub fn is_zip(bytes: &[u8]) -> bool {
        [LOCAL, END].into_iter().any(|mark| u32_at(bytes, 0) == Some(mark))
    }

    /// Reads the directory of a zip; no file is unpacked yet.
    ///
    /// # Errors
    /// [`crate::Error::BadBundle`] naming the file in it, or what is wrong with the zip as a whole.
    pub fn open(bytes: Vec<u8>) -> Result<Self> {
        let (count, mut at, end) = directory(&bytes)?;
        let mut entries: Vec<Entry> = Vec::new();
        for _ in 0..count {
            let (entry, next) = row(&bytes, at, end)?;
            if entries.iter().any(|other| other.name == entry.name) {
                return Err(bad(shown(&entry.name), "the zip holds it twice"));
            }
            entries.push(entry);
            at = next;
        }
        if at != end {
            return Err(cut("its directory is longer than the files it counts"));
        }
        entries.sort_by_key(|entry| entry.packed.start);
        if let Some(pair) = entries.windows(2).find(|pair| pair[1].packed.start < pair[0].packed.end) {
            return Err(bad(shown(&pair[1].name), "it shares bytes with another file of the zip"));
        }
        if entries.iter().map(|entry| entry.size).sum::<u64>() > UNPACKED_MAX {
            return Err(bad("the zip", format!("it unpacks to more than {UNPACKED_MAX} bytes")));
        }
        Ok(Self { bytes, entries })
    }
}

impl Source for Archive {
    fn names(&self) -> Result<Vec<String>> {
        Ok(self.entries.iter().map(|entry| entry.name.clone()).collect())
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == name) else {
            return Err(bad(shown(name), "it is missing"));
        };
        if entry.size > limit {
            return Err(bad(name, format!("it unpacks to {} bytes, {limit} at most are read", entry.size)));
        }
        let packed = &self.bytes[entry.packed.clone()];
        let unpacked = if entry.is_deflated { inflate(packed, entry.size) } else { Some(packed.to_vec()) };
        let is_whole = |bytes: &Vec<u8>| {
            let mut crc = Crc::new();
            crc.update(bytes);
            bytes.len() as u64 == entry.size && crc.sum() == entry.crc
        };
        unpacked.filter(is_whole).ok_or_else(|| bad(name, "it is damaged in the zip; pack or copy the bundle again"))
    }
}

/// Deflated bytes unpacked; `None` when they are broken, or are not `size` bytes that use up `packed`.
fn inflate(packed: &[u8], size: u64) -> Option<Vec<u8>> {
    let mut decoder = DeflateDecoder::new(packed);
    let mut bytes = Vec::new();
    // One byte more than stated ends the reading of a zip that lies about its size.
    decoder.by_ref().take(size + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 == size && decoder.total_in() == packed.len() as u64).then_some(bytes)
}

/// Number of files, and first byte and end of the directory.
fn directory(bytes: &[u8]) -> Result<(usize, usize, usize)> {
    let latest = bytes.len().checked_sub(END_BYTES).ok_or_else(|| cut("it is too short to be one"))?;
    let earliest = latest.saturating_sub(usize::from(u16::MAX));
    let reaches_end =
        |at: &usize| u16_at(bytes, at + 20).is_some_and(|n| at + END_BYTES + usize::from(n) == bytes.len());
    let end = (earliest..=latest).rev().find(|at| u32_at(bytes, *at) == Some(END) && reaches_end(at));
    let end = end.ok_or_else(|| cut("its end is missing"))?;
    let counts = [4, 6, 8, 10].map(|offset| u16_at(bytes, end + offset).unwrap_or(u16::MAX));
    let (size, start) = (length_at(bytes, end + 12).unwrap_or(0), length_at(bytes, end + 16).unwrap_or(usize::MAX));
    if counts[0] != 0 || counts[1] != 0 || counts[2] != counts[3] {
        return Err(cut("it has several volumes"));
    }
    let count = usize::from(counts[3]);
    if count > ENTRIES_MAX {
        return Err(bad("the zip", format!("it holds {count} files, {ENTRIES_MAX} at most are read")));
    }
    if start.checked_add(size) != Some(end) {
        return Err(cut("its directory is not where it says; zip64 and bytes before the zip are not read"));
    }
    Ok((count, start, end))
}

/// One row of the directory, checked against the file's own header, and where the next row begins.
fn row(bytes: &[u8], at: usize, end: usize) -> Result<(Entry, usize)> {
    let row = bytes.get(at..end).filter(|row| row.len() >= ROW_BYTES && u32_at(row, 0) == Some(ROW));
    let row = row.ok_or_else(|| cut("its directory breaks off"))?;
    let short = |offset: usize| u16_at(row, offset).unwrap_or(u16::MAX);
    let lengths = [28, 30, 32].map(|offset| usize::from(short(offset)));
    let next = at + ROW_BYTES + lengths.iter().sum::<usize>();
    let name = row.get(ROW_BYTES..ROW_BYTES + lengths[0]).filter(|_| next <= end);
    let raw_name = name.ok_or_else(|| cut("its directory breaks off"))?;
    let name = String::from_utf8_lossy(raw_name).into_owned();
    let refuse = |problem: String| Err(bad(shown(&name), problem));
    let (flags, method) = (short(8), short(10));
    let kind = u32_at(row, 38).unwrap_or(0) >> 16 & KIND;
    if kind == LINK {
        return refuse("it is a symbolic link; a bundle holds files".to_owned());
    }
    if !is_bare_name(&name) || std::str::from_utf8(raw_name).is_err() {
        return refuse("it is no bare file name; the files of a bundle lie at the top of the zip".to_owned());
    }
    if kind != 0 && kind != REGULAR {
        return refuse("it is no regular file".to_owned());
    }
    if flags & ENCRYPTED != 0 {
        return refuse("it is encrypted".to_owned());
    }
    if method != STORED && method != DEFLATED {
        return refuse(format!("it is packed by method {method}; deflated and stored files are read"));
    }
    let (packed_size, size) = (length_at(row, 20).unwrap_or(usize::MAX), u32_at(row, 24).unwrap_or(u32::MAX));
    let start = length_at(row, 42).unwrap_or(usize::MAX);
    let Some(data) = own_header(bytes, start, raw_name, flags & ENCRYPTED, method) else {
        return refuse("its own header in the zip does not agree with the directory".to_owned());
    };
    let Some(packed) = data.checked_add(packed_size).filter(|past| *past <= end).map(|past| data..past) else {
        return refuse("it reaches beyond the files of the zip".to_owned());
    };
    let is_deflated = method == DEFLATED;
    Ok((Entry { name, is_deflated, crc: u32_at(row, 16).unwrap_or(0), packed, size: size.into() }, next))
}

/// Where the bytes of a file begin, when its own header names the same file, packed the same way.
fn own_header(bytes: &[u8], at: usize, name: &[u8], encrypted: u16, method: u16) -> Option<usize> {
    let header = bytes.get(at..)?;
    let lengths = [usize::from(u16_at(header, 26)?), usize::from(u16_at(header, 28)?)];
    let agrees = u32_at(header, 0)? == LOCAL
        && u16_at(header, 6)? & ENCRYPTED == encrypted
        && u16_at(header, 8)? == method
        && header.get(LOCAL_BYTES..LOCAL_BYTES + lengths[0])? == name;
    agrees.then_some(at + LOCAL_BYTES + lengths[0] + lengths[1])
}

fn cut(problem: &str) -> crate::Error {
    bad("the zip", format!("{problem}; it is damaged or no plain zip"))
}
