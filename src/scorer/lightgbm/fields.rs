//! `key=value` lines of one section, each key known and at most once.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::scorer::excerpt::excerpt;
use crate::{Error, Result};

/// The fields of the header or of one tree.
pub(super) struct Fields<'a> {
    place: String,
    values: BTreeMap<&'a str, &'a str>,
}

impl<'a> Fields<'a> {
    /// Reads lines `key=value`, a bare `key` being one with an empty value; empty lines are skipped.
    ///
    /// A key that is not in `known` may change what the trees mean, so it is refused, as is one that comes twice.
    pub fn read(place: String, lines: impl Iterator<Item = &'a str>, known: &[&str]) -> Result<Self> {
        let mut fields = Self { place, values: BTreeMap::new() };
        for line in lines.filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            if !known.contains(&key) {
                return Err(fields.bad(format!("unknown key {:?}", excerpt(key))));
            }
            if fields.values.insert(key, value).is_some() {
                return Err(fields.bad(format!("`{key}` comes twice")));
            }
        }
        Ok(fields)
    }

    /// The value of `key`, when the line is there.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.values.get(key).copied()
    }

    /// The value of `key`, which must be there.
    pub fn need(&self, key: &str) -> Result<&'a str> {
        self.get(key).ok_or_else(|| self.bad(format!("`{key}` is missing")))
    }

    /// The one number of `key`.
    pub fn number<T: FromStr>(&self, key: &str) -> Result<T> {
        let text = self.need(key)?;
        text.parse().map_err(|_| self.bad(format!("`{key}` cannot be {:?}", excerpt(text))))
    }

    /// The numbers of `key`, exactly `len`; a missing line is an empty list.
    pub fn list<T: FromStr>(&self, key: &str, len: usize) -> Result<Vec<T>> {
        let list = self.any_list(key)?;
        if list.len() != len {
            return Err(self.bad(format!("`{key}` has {} values, {len} are needed", list.len())));
        }
        Ok(list)
    }

    /// The numbers of `key`, however many; a missing line is an empty list.
    pub fn any_list<T: FromStr>(&self, key: &str) -> Result<Vec<T>> {
        let text = self.get(key).unwrap_or("");
        let parse = |(at, word): (usize, &str)| {
            word.parse().map_err(|_| self.bad(format!("`{key}` value {at} cannot be {:?}", excerpt(word))))
        };
        text.split_ascii_whitespace().enumerate().map(parse).collect()
    }

    /// An error at this section.
    pub fn bad(&self, problem: String) -> Error {
        Error::BadModel { place: self.place.clone(), problem }
    }
}
