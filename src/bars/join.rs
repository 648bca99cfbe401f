//! The bodies of windows that follow each other, made one.

use super::{json, parse};
use crate::Result;

/// One JSON array with the rows of all bodies, in their order; rows of two bodies may repeat each other.
///
/// Each body is read once by itself, so that one that is cut short cannot borrow its end from the next.
///
/// # Errors
/// Those of [`parse`](parse::parse) for the first body that is no whole JSON array of bars.
pub fn join<B: AsRef<[u8]>>(bodies: &[B]) -> Result<Vec<u8>> {
    let mut joined = vec![b'['];
    for body in bodies {
        let text = body.as_ref().trim_ascii();
        let Some(rows) = text.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) else {
            parse::parse(text)?;
            return Err(parse::not_bars("a body that is no JSON array, which cannot be joined with others", text));
        };
        if json::parse(text)?.is_empty() {
            continue;
        }
        if joined.len() > 1 {
            joined.push(b',');
        }
        joined.extend_from_slice(rows);
    }
    joined.push(b']');
    Ok(joined)
}
