//! What the values of a file may take in memory: a small multiple of its bytes, whatever the file is made of.
//!
//! An object of 8 bytes in the file takes some 700 in memory. What a model is made of, long arrays of numbers, costs
//! little; a file of small objects, arrays and strings is refused while it is read.

use super::value::Value;

/// Bytes of memory that may be taken for each byte of the file; by the estimates below, trees of one leaf, the worst of
/// real files, take 6.
const PER_BYTE: usize = 24;
/// Bytes of memory that a file of any size may take.
const SPARE: usize = 1 << 20;

/// The members of an object, eleven or fewer.
const OBJECT: usize = 640;
/// An array, without its items.
const ARRAY: usize = 48;
/// One item of an array that is not all numbers, in a vector half full.
const ITEM: usize = 64;
/// A string, without its bytes.
const TEXT: usize = 32;

const TOO_MUCH: &str = "more small objects, arrays and strings than a file of this size may have: not an XGBoost model";

/// What is left to take; estimates, made before the memory is taken.
pub(super) struct Memory {
    left: usize,
}

impl Memory {
    /// For a file of this many bytes.
    pub fn for_file(bytes: usize) -> Self {
        Self { left: bytes.saturating_mul(PER_BYTE).saturating_add(SPARE) }
    }

    /// Takes an object; the error is the problem to tell.
    pub fn object(&mut self) -> Result<(), &'static str> {
        self.take(OBJECT)
    }

    /// Takes an array without its items.
    pub fn array(&mut self) -> Result<(), &'static str> {
        self.take(ARRAY)
    }

    /// Takes a string.
    pub fn text(&mut self) -> Result<(), &'static str> {
        self.take(TEXT)
    }

    fn take(&mut self, bytes: usize) -> Result<(), &'static str> {
        self.left = self.left.checked_sub(bytes).ok_or(TOO_MUCH)?;
        Ok(())
    }
}

/// The items of an array as they come, 8 bytes each as long as they are numbers.
#[derive(Default)]
pub(super) struct Items {
    numbers: Vec<f64>,
    mixed: Vec<Value>,
}

impl Items {
    /// Adds an item; the error is the problem to tell.
    pub fn push(&mut self, item: Value, memory: &mut Memory) -> Result<(), &'static str> {
        match item {
            Value::Number(number) if self.mixed.is_empty() => self.numbers.push(number),
            item => {
                memory.take((self.numbers.len() + 1).saturating_mul(ITEM))?;
                self.mixed.extend(std::mem::take(&mut self.numbers).into_iter().map(Value::Number));
                self.mixed.push(item);
            }
        }
        Ok(())
    }

    /// The array.
    pub fn finish(self) -> Value {
        if self.numbers.is_empty() { Value::List(self.mixed) } else { Value::Numbers(self.numbers) }
    }
}
