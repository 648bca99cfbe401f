//! A body → [`RawRows`]: which format it is, and every row as it came. Nothing is judged here but the form.

use std::borrow::Cow;
use std::io::Read;

use super::rows::RawRows;
use super::{csv, header, json, npy, unicode};
use crate::{Error, Result};

/// Decompressed size no bars file comes near; a larger one is refused instead of filling the memory.
const INFLATED_BYTES_MAX: u64 = 1 << 30;

/// Characters of a foreign body or field quoted in an error.
const EXCERPT_CHARS: usize = 60;

/// Reads a body of any format known here, gzipped or not: EODHD JSON; CSV with a header (EODHD's, plain OHLCV, dumps
/// of `copy_rates`); what a terminal exports, with a header (MT5) or without (MT4), in UTF-16 or UTF-8; `copy_rates`
/// stored by numpy.
///
/// An empty array or a header without rows gives no rows and no error. Text that breaks off is an error or whole rows,
/// with one exception that cannot be seen: a cut inside the last number of the last line, which then is a shorter
/// number. Every writer known here puts the volume or the spread last.
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
    if body.starts_with(npy::MAGIC) {
        return npy::parse(body);
    }
    let text = unicode::utf8(body)?;
    let text = trim(&text);
    let what = match text.trim_ascii_start().first() {
        Some(b'[') => return json::parse(text),
        Some(b'{') => "a JSON object where an array of bars is expected",
        Some(b'<') if !header::is_export(text) => "an HTML or XML page",
        None => "an empty body",
        Some(_) if header::has_header(text) || header::is_headerless(text) => return csv::parse(text),
        Some(_) => {
            "neither a JSON array, nor CSV with the columns timestamp or datetime, open, high, low, close, nor lines such \
             as 2015.03.02,00:00,open,high,low,close,volume"
        }
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

/// The beginning of a text, on one line.
pub(super) fn excerpt(body: &[u8]) -> String {
    let head = &body[..body.len().min(EXCERPT_CHARS * 4)];
    String::from_utf8_lossy(head).chars().map(|c| if c.is_control() { ' ' } else { c }).take(EXCERPT_CHARS).collect()
}
