//! Text as it lies in a file → UTF-8: a byte order mark says what it is. Terminals write UTF-16.

use std::borrow::Cow;

use crate::{Error, Result};

/// The text behind its byte order mark: UTF-16 of either order becomes UTF-8, anything else stays as it is.
///
/// # Errors
/// [`Error::Malformed`] when UTF-16 ends in half a character or holds half a pair.
pub(super) fn utf8(body: &[u8]) -> Result<Cow<'_, [u8]>> {
    match body {
        [0xff, 0xfe, text @ ..] => from_utf16(text, u16::from_le_bytes).map(Cow::Owned),
        [0xfe, 0xff, text @ ..] => from_utf16(text, u16::from_be_bytes).map(Cow::Owned),
        text => Ok(Cow::Borrowed(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text))),
    }
}

fn from_utf16(text: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    let malformed = |at: usize, problem: &str| Error::Malformed {
        format: "UTF-16",
        place: format!("character {at}"),
        problem: problem.into(),
    };
    let mut out = String::with_capacity(pairs.len());
    for (at, read) in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).enumerate() {
        out.push(read.map_err(|_| malformed(at, "half of a pair; the file is damaged, export it again"))?);
    }
    if !rest.is_empty() {
        return Err(malformed(out.chars().count(), "half a character; the file was cut short, export it again"));
    }
    Ok(out.into_bytes())
}
