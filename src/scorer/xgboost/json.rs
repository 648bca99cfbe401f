//! JSON as `XGBoost` writes it: strict, except that `NaN`, `Infinity` and `-Infinity` stand for numbers.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::memory::{Items, Memory};
use super::value::{Members, Value};
use crate::scorer::excerpt::excerpt;
use crate::{Error, Result};

/// Bare words that stand for numbers, the longest first.
const WORDS: [(&str, f64); 3] = [("-Infinity", f64::NEG_INFINITY), ("Infinity", f64::INFINITY), ("NaN", f64::NAN)];

/// Begins the string that a bare word becomes; a file can write no such string by accident.
const MARK: &str = "\0";

/// Reads a whole file; nested at most 127 deep.
pub(super) fn parse(bytes: &[u8]) -> Result<Value> {
    let text = std::str::from_utf8(bytes).map_err(|fault| Error::BadModel {
        place: format!("byte {}", fault.valid_up_to()),
        problem: "not UTF-8, so not an XGBoost JSON model".to_owned(),
    })?;
    let quoted = with_words_quoted(text);
    let mut source = serde_json::Deserializer::from_str(&quoted);
    let value = AnyValue(&mut Memory::for_file(bytes.len())).deserialize(&mut source);
    value.and_then(|value| source.end().map(|()| value)).map_err(|fault| Error::BadModel {
        place: format!("JSON, line {} column {}", fault.line(), fault.column()),
        problem: match fault.classify() {
            serde_json::error::Category::Eof => "it ends too early: the file is cut off".to_owned(),
            _ => fault.to_string().chars().take(160).collect(),
        },
    })
}

/// The text with every bare word outside strings made a marked string, which a strict parser accepts.
fn with_words_quoted(text: &str) -> Cow<'_, str> {
    let mut quoted = String::new();
    let (mut copied, mut at) = (0, 0);
    let bytes = text.as_bytes();
    let mut in_string = false;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'-' | b'I' | b'N' if !in_string => {
                if let Some((word, _)) = WORDS.iter().find(|(word, _)| bytes[at..].starts_with(word.as_bytes())) {
                    quoted.push_str(&text[copied..at]);
                    quoted.push_str("\"\\u0000");
                    quoted.push_str(word);
                    quoted.push('"');
                    copied = at + word.len();
                    at = copied - 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    quoted.push_str(&text[copied..]);
    Cow::Owned(quoted)
}

/// Reads any value, and takes its memory.
struct AnyValue<'m>(&'m mut Memory);

impl<'de> DeserializeSeed<'de> for AnyValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a number, string, array or object")
    }

    fn visit_bool<E>(self, flag: bool) -> std::result::Result<Value, E> {
        Ok(Value::Number(f64::from(u8::from(flag))))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> std::result::Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Value, E> {
        let marked = text.strip_prefix(MARK);
        let number = marked.and_then(|word| WORDS.iter().find(|(known, _)| *known == word));
        if let Some((_, number)) = number {
            return Ok(Value::Number(*number));
        }
        self.0.text().map_err(E::custom)?;
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Value, A::Error> {
        self.0.array().map_err(A::Error::custom)?;
        let mut array = Items::default();
        while let Some(item) = items.next_element_seed(AnyValue(self.0))? {
            array.push(item, self.0).map_err(A::Error::custom)?;
        }
        Ok(array.finish())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Value, A::Error> {
        self.0.object().map_err(A::Error::custom)?;
        let mut members = Members::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(AnyValue(self.0))?;
            if members.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {:?} comes twice", excerpt(&key))));
            }
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}
