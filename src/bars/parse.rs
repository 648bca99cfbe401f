//! A body → [`RawRows`]: which format it is, and every row as it came. Nothing is judged here but the form.

use std::borrow::Cow;
use std::io::Read;

use super::rows::RawRows;
use super::{csv, json};
use crate::{Error, Result};

/// Decompressed size no bars file comes near; a larger one is refused instead of filling the memory.
const INFLATED_BYTES_MAX: u64 = 1 << 30;

/// Characters of a foreign body quoted in an error.
const EXCERPT_CHARS: usize = 60;

/// Reads a body of any format known here: EODHD JSON, CSV with a header (EODHD's or plain OHLCV), either of them gzipped.
///
/// An empty array or a header without rows gives no rows and no error.
///
/// # Errors
/// [`Error::NotBars`] when the body is something else (HTML, plain text, an error object), [`Error::Malformed`]
/// when it breaks off or is damaged, [`Error::BadField`] when one value cannot be read.
pub fn parse(body: &[u8]) -> Result<RawRows> {
    parse_plain(&inflated(body)?)
}

/// A body as it is, or unpacked where it is gzipped; never more than 1 GiB.
///
/// # Errors
/// [`Error::Malformed`] when the compressed stream is damaged, cut off or larger.
pub fn inflated(body: &[u8]) -> Result<Cow<'_, [u8]>> {
    if body.starts_with(&[0x1f, 0x8b]) { inflate(body).map(Cow::Owned) } else { Ok(Cow::Borrowed(body)) }
}

fn parse_plain(body: &[u8]) -> Result<RawRows> {
    let text = trim(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    let what = match text.trim_ascii_start().first() {
        Some(b'[') => return json::parse(text),
        Some(b'{') => "a JSON object where an array of bars is expected",
        Some(b'<') => "an HTML or XML page",
        None => "an empty body",
        Some(_) if csv::has_header(text) => return csv::parse(text),
        Some(_) => "neither a JSON array nor CSV with the columns timestamp or datetime, open, high, low, close",
    };
    Err(not_bars(what, text))
}

/// The refusal of a body, with its beginning.
pub(super) fn not_bars(what: &'static str, text: &[u8]) -> Error {
    Error::NotBars { what, excerpt: excerpt(text) }
}

/// Without blanks and line ends around; tabs stay, at the end of a line one may close an empty field.
fn trim(text: &[u8]) -> &[u8] {
    let is_kept = |byte: &u8| !matches!(byte, b' ' | b'\r' | b'\n');
    let start = text.iter().position(is_kept).unwrap_or(text.len());
    let end = text.iter().rposition(is_kept).map_or(start, |last| last + 1);
    &text[start..end]
}

fn inflate(body: &[u8]) -> Result<Vec<u8>> {
    let mut inflated = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(body).take(INFLATED_BYTES_MAX + 1);
    let malformed =
        |problem: String| Error::Malformed { format: "gzip", place: "the compressed stream".into(), problem };
    reader.read_to_end(&mut inflated).map_err(|error| malformed(format!("{error}; the file may be cut short")))?;
    if inflated.len() as u64 > INFLATED_BYTES_MAX {
        return Err(malformed(format!("it inflates to more than {INFLATED_BYTES_MAX} bytes")));
    }
    Ok(inflated)
}

fn excerpt(body: &[u8]) -> String {
    let head = &body[..body.len().min(EXCERPT_CHARS * 4)];
    String::from_utf8_lossy(head).chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXCERPT_CHARS).collect()
}
