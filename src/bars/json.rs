//! EODHD JSON: an array of row objects, streamed straight into columns without a document tree.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::rows::{Field, RawRow, RawRows, is_absent};
use super::time;
use crate::{Error, Result};

pub(super) fn parse(body: &[u8]) -> Result<RawRows> {
    let mut reading = Reading::default();
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let outcome = (&mut reading).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    match (reading.fault, outcome) {
        (Some(fault), _) => Err(fault),
        (None, Err(error)) => Err(malformed(&error, reading.rows.len())),
        (None, Ok(())) => Ok(reading.rows),
    }
}

fn malformed(error: &serde_json::Error, rows: usize) -> Error {
    let place = format!("line {}, column {}, after {rows} whole rows", error.line(), error.column());
    let problem = if error.is_eof() { "the body ends early, it was cut short".into() } else { error.to_string() };
    Error::Malformed { format: "JSON", place, problem }
}

/// Columns so far, and the first value that could not be read.
#[derive(Default)]
struct Reading {
    rows: RawRows,
    fault: Option<Error>,
}

impl Reading {
    fn fail<E: serde::de::Error>(&mut self, fault: Error) -> E {
        let message = fault.to_string();
        self.fault = Some(fault);
        E::custom(message)
    }

    fn bad_field<E: serde::de::Error>(&mut self, field: &str, problem: String) -> E {
        let row = self.rows.len();
        self.fail(Error::BadField { row, field: field.into(), problem })
    }
}

impl<'de> DeserializeSeed<'de> for &mut Reading {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut Reading {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of bars")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        while seq.next_element_seed(RowSeed(self))?.is_some() {}
        Ok(())
    }
}

struct RowSeed<'a>(&'a mut Reading);

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bar object such as {\"timestamp\":…,\"open\":…,\"high\":…,\"low\":…,\"close\":…}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        let mut row = RawRow::default();
        let mut seen = [false; 8];
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            let Some(field) = Field::from_name(&name) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let before = std::mem::replace(&mut seen[field as usize], true).then_some(row);
            match map.next_value::<Scalar>()? {
                Scalar::Null => row.set_number(field, None),
                Scalar::Number(number) if is_time(field) && time::from_number(number).is_none() => {
                    return Err(self.0.bad_field(&name, format!("{number} is no time in seconds or milliseconds")));
                }
                Scalar::Number(number) => row.set_number(field, Some(number)),
                Scalar::Text(text) if is_absent(&text) => row.set_number(field, None),
                Scalar::Text(text) => row.set_text(field, &text).map_err(|p| self.0.bad_field(&name, p))?,
                Scalar::Other(kind) => {
                    return Err(self.0.bad_field(&name, format!("{kind} came where a number is expected")));
                }
            }
            if before.is_some_and(|before| before != row) {
                return Err(self.0.bad_field(&name, "given twice in one row, with different values".into()));
            }
        }
        if !seen[Field::Timestamp as usize] && !seen[Field::Datetime as usize] {
            return Err(self.0.bad_field("timestamp", "missing, and `datetime` is missing too".into()));
        }
        for (field, name) in
            [(Field::Open, "open"), (Field::High, "high"), (Field::Low, "low"), (Field::Close, "close")]
        {
            if !seen[field as usize] {
                return Err(self.0.bad_field(name, "missing".into()));
            }
        }
        self.0.rows.push(&row).map_err(|fault| self.0.fail(fault))
    }
}

fn is_time(field: Field) -> bool {
    matches!(field, Field::Timestamp | Field::Datetime)
}

/// A JSON scalar; containers and booleans are kept by name for the error message.
enum Scalar {
    Null,
    Number(f64),
    Text(String),
    Other(&'static str),
}

impl<'de> serde::Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, text or null")
    }

    fn visit_unit<E>(self) -> std::result::Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Scalar, E> {
        Ok(Scalar::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Scalar, E> {
        Ok(Scalar::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Scalar, E> {
        Ok(Scalar::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Scalar, E> {
        Ok(Scalar::Text(value.into()))
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Scalar, E> {
        Ok(Scalar::Other("a boolean"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other("an object"))
    }
}
