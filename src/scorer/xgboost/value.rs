//! What JSON and UBJSON have in common: a small tree of values, and the questions a reader asks it.

use std::collections::BTreeMap;

use crate::scorer::excerpt::excerpt;
use crate::{Error, Result};

/// Members of an object by their keys.
pub(super) type Members = BTreeMap<String, Value>;

/// One value of a model file; an array of numbers costs 8 bytes a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A number; `true` is 1, `false` is 0.
    Number(f64),
    /// A string.
    Text(String),
    /// An array of numbers only, at least one.
    Numbers(Vec<f64>),
    /// Any other array, the empty one too.
    List(Vec<Value>),
    /// An object.
    Object(Members),
}

/// An object of the file, and where it stands there.
pub(super) struct Object<'a> {
    place: String,
    members: &'a Members,
}

impl<'a> Object<'a> {
    /// The value at `place`, which must be an object.
    pub fn of(value: &'a Value, place: String) -> Result<Self> {
        match value {
            Value::Object(members) => Ok(Self { place, members }),
            _ => Err(Error::BadModel { place, problem: "it is not an object".to_owned() }),
        }
    }

    /// A refusal that names this place.
    pub fn bad(&self, problem: impl Into<String>) -> Error {
        Error::BadModel { place: self.place.clone(), problem: problem.into() }
    }

    /// Refuses a member outside `known`: what a newer version adds may change what the rest means.
    pub fn check_keys(&self, known: &[&str]) -> Result<()> {
        match self.members.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                Err(self.bad(format!("unknown key {:?}: written by a version this build does not know?", excerpt(key))))
            }
        }
    }

    /// The member, if it is there.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.members.get(key)
    }

    fn need(&self, key: &str) -> Result<&'a Value> {
        self.get(key).ok_or_else(|| self.bad(format!("`{key}` is missing")))
    }

    /// A member that is an object.
    pub fn object(&self, key: &str) -> Result<Self> {
        Self::of(self.need(key)?, format!("{}, `{key}`", self.place))
    }

    /// A member that is a string.
    pub fn text(&self, key: &str) -> Result<&'a str> {
        match self.need(key)? {
            Value::Text(text) => Ok(text),
            _ => Err(self.bad(format!("`{key}` is not a string"))),
        }
    }

    /// A count written as a string of digits, as the parameters of a model are.
    pub fn count(&self, key: &str) -> Result<usize> {
        let text = self.text(key)?;
        text.parse().map_err(|_| self.bad(format!("`{key}` cannot be {:?}", excerpt(text))))
    }

    /// [`Object::count`], or `default` when the key is missing.
    pub fn count_or(&self, key: &str, default: usize) -> Result<usize> {
        if self.get(key).is_some() { self.count(key) } else { Ok(default) }
    }

    /// A member that is a whole number.
    pub fn integer(&self, key: &str) -> Result<i32> {
        match self.need(key)? {
            Value::Number(number) => integer(*number),
            _ => None,
        }
        .ok_or_else(|| self.bad(format!("`{key}` is not a whole number of 32 bits")))
    }

    /// A member that is an array of numbers.
    pub fn numbers(&self, key: &str) -> Result<&'a [f64]> {
        match self.need(key)? {
            Value::Numbers(numbers) => Ok(numbers),
            Value::List(items) if items.is_empty() => Ok(&[]),
            _ => Err(self.bad(format!("`{key}` is not an array of numbers"))),
        }
    }

    /// An array of `length` numbers.
    pub fn numbers_of(&self, key: &str, length: usize) -> Result<&'a [f64]> {
        let numbers = self.numbers(key)?;
        if numbers.len() == length {
            return Ok(numbers);
        }
        Err(self.bad(format!("`{key}` has {} values, {length} are needed", numbers.len())))
    }

    /// An array of whole numbers from `least` to `most`.
    pub fn integers(&self, key: &str, least: i32, most: i32) -> Result<Vec<i32>> {
        let read = |(at, number): (usize, &f64)| {
            integer(*number).filter(|number| (least..=most).contains(number)).ok_or_else(|| {
                self.bad(format!("`{key}` value {at} is {number:?}, not a whole number in {least}..={most}"))
            })
        };
        self.numbers(key)?.iter().enumerate().map(read).collect()
    }

    /// [`Object::integers`], `length` of them.
    pub fn integers_of(&self, key: &str, length: usize, least: i32, most: i32) -> Result<Vec<i32>> {
        self.numbers_of(key, length)?;
        self.integers(key, least, most)
    }

    /// An array of anything but numbers.
    pub fn list(&self, key: &str) -> Result<&'a [Value]> {
        match self.need(key)? {
            Value::List(items) => Ok(items),
            _ => Err(self.bad(format!("`{key}` is not an array of objects or strings"))),
        }
    }
}

/// The number as an integer, if it is one.
fn integer(number: f64) -> Option<i32> {
    let is_exact = number.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
    #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
    is_exact.then_some(number as i32)
}
