//! UBJSON as `XGBoost` writes it: big-endian, counted arrays, plain objects.
//!
//! **Counts are never trusted**: an array of numbers must lie in the file before memory is taken for it, every other
//! array grows as its items are read.

use super::memory::{Items, Memory};
use super::value::{Members, Value};
use crate::scorer::excerpt::excerpt;
use crate::{Error, Result};

/// How deep values may be nested; a model needs about 8.
const DEPTH_MAX: usize = 64;

/// Reads a whole file.
pub(super) fn parse(bytes: &[u8]) -> Result<Value> {
    let mut reader = Reader { bytes, at: 0, memory: Memory::for_file(bytes.len()) };
    let value = reader.value(0)?;
    if reader.at != bytes.len() {
        return Err(reader.bad(format!("{} bytes follow the model", bytes.len() - reader.at)));
    }
    Ok(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    memory: Memory,
}

impl<'a> Reader<'a> {
    fn bad(&self, problem: impl Into<String>) -> Error {
        Error::BadModel { place: format!("UBJSON, byte {}", self.at), problem: problem.into() }
    }

    /// The next `length` bytes.
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let left = self.bytes.len() - self.at;
        if length > left {
            return Err(self.bad(format!("{length} bytes are promised, {left} are left: the file is cut off")));
        }
        let taken = &self.bytes[self.at..][..length];
        self.at += length;
        Ok(taken)
    }

    fn marker(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Steps over the marker if it comes next.
    fn skip(&mut self, marker: u8) -> bool {
        let is_next = self.peek() == Some(marker);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Value> {
        if depth > DEPTH_MAX {
            return Err(self.bad(format!("nested more than {DEPTH_MAX} deep")));
        }
        match self.marker()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'S' => {
                self.memory.text().map_err(|problem| self.bad(problem))?;
                Ok(Value::Text(self.text()?))
            }
            b'T' => Ok(Value::Number(1.0)),
            b'F' => Ok(Value::Number(0.0)),
            kind => {
                let number = self.numbers(kind, 1)?;
                Ok(Value::Number(number[0]))
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value> {
        if matches!(self.peek(), Some(b'$' | b'#')) {
            return Err(self.bad("an object with a type or a count, which XGBoost does not write"));
        }
        self.memory.object().map_err(|problem| self.bad(problem))?;
        let mut members = Members::new();
        while !self.skip(b'}') {
            let key = self.text()?;
            if members.contains_key(&key) {
                return Err(self.bad(format!("the key {:?} comes twice", excerpt(&key))));
            }
            let value = self.value(depth + 1)?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }

    fn array(&mut self, depth: usize) -> Result<Value> {
        let kind = if self.skip(b'$') { Some(self.marker()?) } else { None };
        let count = if self.skip(b'#') { Some(self.count()?) } else { None };
        self.memory.array().map_err(|problem| self.bad(problem))?;
        let mut items = Items::default();
        match (kind, count) {
            (Some(kind), Some(count)) => {
                let numbers = self.numbers(kind, count)?;
                return Ok(if numbers.is_empty() { items.finish() } else { Value::Numbers(numbers) });
            }
            (Some(_), None) => return Err(self.bad("an array with a type and no count")),
            (None, Some(count)) => {
                for _ in 0..count {
                    self.item(&mut items, depth)?;
                }
            }
            (None, None) => {
                while !self.skip(b']') {
                    self.item(&mut items, depth)?;
                }
            }
        }
        Ok(items.finish())
    }

    fn item(&mut self, items: &mut Items, depth: usize) -> Result<()> {
        let item = self.value(depth + 1)?;
        items.push(item, &mut self.memory).map_err(|problem| self.bad(problem))
    }

    /// `count` numbers of one type, without their markers.
    fn numbers(&mut self, kind: u8, count: usize) -> Result<Vec<f64>> {
        match kind {
            b'i' => self.fixed(count, |bytes| f64::from(i8::from_be_bytes(bytes))),
            b'U' => self.fixed(count, |bytes| f64::from(u8::from_be_bytes(bytes))),
            b'I' => self.fixed(count, |bytes| f64::from(i16::from_be_bytes(bytes))),
            b'l' => self.fixed(count, |bytes| f64::from(i32::from_be_bytes(bytes))),
            b'L' => self.fixed(count, |bytes| i64::from_be_bytes(bytes) as f64),
            b'd' => self.fixed(count, |bytes| f64::from(f32::from_be_bytes(bytes))),
            b'D' => self.fixed(count, f64::from_be_bytes),
            other => Err(self.bad(format!("unknown marker {:?}", char::from(other)))),
        }
    }

    fn fixed<const SIZE: usize>(&mut self, count: usize, read: impl Fn([u8; SIZE]) -> f64) -> Result<Vec<f64>> {
        // A product that overflows is more than any file holds, and `take` says so.
        let (items, _) = self.take(count.saturating_mul(SIZE))?.as_chunks::<SIZE>();
        Ok(items.iter().map(|bytes| read(*bytes)).collect())
    }

    /// A length: an integer of any type, not negative.
    fn count(&mut self) -> Result<usize> {
        let kind = self.marker()?;
        if !matches!(kind, b'i' | b'U' | b'I' | b'l' | b'L') {
            return Err(self.bad(format!("a length was expected, not the marker {:?}", char::from(kind))));
        }
        let count = self.numbers(kind, 1)?[0];
        if count < 0.0 {
            return Err(self.bad(format!("the length {count} is negative")));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "what does not fit is refused later"
        )]
        Ok(count as usize)
    }

    fn text(&mut self) -> Result<String> {
        let length = self.count()?;
        let text = std::str::from_utf8(self.take(length)?);
        text.map(str::to_owned).map_err(|_| self.bad("a string that is not UTF-8"))
    }
}
