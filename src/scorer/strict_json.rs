//! A small JSON text from outside, read strictly: no key twice, no bare `NaN`, no endless nesting.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::excerpt::one_line;

/// Words that are no JSON and that Python's `json` writes all the same, the longest first.
const WORDS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// Keys told of an object.
const KEYS_SHOWN: usize = 5;

/// Characters told of a key or a text.
const CHARS_SHOWN: usize = 40;

/// Any value; the members of an object in their order.
#[derive(Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// What it is, for a message of bounded length.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(flag) => flag.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("the text {:?}", one_line(text, CHARS_SHOWN)),
            Self::Array(items) => format!("a list of {}", items.len()),
            Self::Object(members) => format!("an object with {}", keys_shown(members)),
        }
    }
}

/// The first keys of an object, for a message of bounded length.
pub(super) fn keys_shown(members: &[(String, Json)]) -> String {
    let shown: Vec<String> =
        members.iter().take(KEYS_SHOWN).map(|(key, _)| format!("{:?}", one_line(key, CHARS_SHOWN))).collect();
    match members.len() {
        0 => "no keys".to_owned(),
        1..=KEYS_SHOWN => format!("the keys {}", shown.join(", ")),
        more => format!("the keys {} and {} more", shown.join(", "), more - KEYS_SHOWN),
    }
}

/// Reads a whole text, nested at most 127 deep; the error is the problem to tell, in one line of bounded length.
pub(super) fn parse(body: &[u8]) -> Result<Json, String> {
    serde_json::from_slice(body).map_err(|fault| match bare_word(body) {
        Some((word, at)) => format!("a bare {word} stands at byte {at}, which is no JSON and no probability"),
        None => format!("it is no sound JSON: {}", one_line(&fault.to_string(), 160)),
    })
}

/// The first word outside strings that stands for a number that is not finite, and where.
fn bare_word(body: &[u8]) -> Option<(&'static str, usize)> {
    let (mut in_string, mut is_escaped) = (false, false);
    for (at, byte) in body.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            _ => {
                if let Some(word) = WORDS.into_iter().find(|word| body[at..].starts_with(word.as_bytes())) {
                    return Some((word, at));
                }
            }
        }
    }
    None
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some((key, value)) = entries.next_entry::<String, Json>()? {
            if members.iter().any(|(earlier, _)| *earlier == key) {
                return Err(A::Error::custom(format!("the key {:?} is there twice", one_line(&key, CHARS_SHOWN))));
            }
            members.push((key, value));
        }
        Ok(Json::Object(members))
    }
}
