//! Writing a zip: sorted names, one fixed date, one compressor, so that the same files give the same bytes anywhere.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::Result;
use crate::scorer::bundle::{bad, shown};

/// A regular file that its owner may write and all may read.
const PERMISSIONS: u32 = 0o644;

/// Level of the compressor.
const LEVEL: i64 = 6;

/// One zip of files by name.
///
/// # Errors
/// [`crate::Error::BadBundle`] naming a file that a zip cannot hold.
pub fn pack(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>> {
    let cannot = |name: &str| bad(shown(name), "it does not fit into a zip; write a directory instead");
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        add(&mut zip, name, content).map_err(|_| cannot(name))?;
    }
    zip.finish().map(Cursor::into_inner).map_err(|_| cannot("the zip"))
}

fn add(zip: &mut ZipWriter<Cursor<Vec<u8>>>, name: &str, content: &[u8]) -> ZipResult<()> {
    // All is said here: the crate's own choices differ between systems and from version to version.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::default())
        .system(System::Unix)
        .unix_permissions(PERMISSIONS);
    zip.start_file(name, options)?;
    zip.write_all(content)?;
    Ok(())
}
