//! An array of any length as serde reads and writes it (serde itself knows lengths up to 32): its values, no length
//! before them. For a field: `#[serde(with = "crate::rolling::array")]`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes the values in order.
///
/// # Errors
/// What the serialiser says.
pub fn serialize<S: Serializer, T: Serialize, const LEN: usize>(
    values: &[T; LEN],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut tuple = serializer.serialize_tuple(LEN)?;
    values.iter().try_for_each(|value| tuple.serialize_element(value))?;
    tuple.end()
}

/// Reads exactly `LEN` values.
///
/// # Errors
/// What the deserialiser says, or that values are missing.
pub fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>, const LEN: usize>(
    deserializer: D,
) -> Result<[T; LEN], D::Error> {
    deserializer.deserialize_tuple(LEN, Values(PhantomData))
}

struct Values<T, const LEN: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const LEN: usize> Visitor<'de> for Values<T, LEN> {
    type Value = [T; LEN];

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{LEN} values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<[T; LEN], A::Error> {
        let mut values = Vec::with_capacity(LEN);
        while values.len() < LEN {
            let Some(value) = sequence.next_element()? else { break };
            values.push(value);
        }
        values.try_into().map_err(|values: Vec<T>| A::Error::invalid_length(values.len(), &self))
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Long(#[serde(with = "super")] [u16; 40]);

    #[test]
    fn a_long_array_returns_and_a_short_one_is_refused() -> Result<(), serde_json::Error> {
        let long = Long([7; 40]);
        let text = serde_json::to_string(&long)?;
        assert_eq!(serde_json::from_str::<Long>(&text)?, long);
        let told = serde_json::from_str::<Long>("[1,2,3]").map_err(|error| error.to_string());
        assert_eq!(told, Err("invalid length 3, expected 40 values at line 1 column 7".into()));
        Ok(())
    }
}
