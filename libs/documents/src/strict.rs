//! JSON in which no object has a key twice, which Python's parser lets through and the original services
//! refuse.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

const DUPLICATE: &str = "The document contains duplicate keys: ";

/// Reads JSON values without duplicate keys.
#[derive(Debug, Clone, Copy)]
pub struct Strict {
    /// Whether strings may have U+0000.
    pub nul: Nul,
}

/// What to do about U+0000 in strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nul {
    /// It is read like any other character.
    Read,
    /// It is refused: the database cannot store it.
    Refused,
}

impl Strict {
    /// Reads a whole text.
    ///
    /// # Errors
    /// It is not JSON, an object has a key twice, or a string has U+0000 and may not; see [`message`].
    pub fn read(self, text: &str) -> Result<Value, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = self.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(value)
    }

    fn checked<E: de::Error>(self, text: &str) -> Result<&str, E> {
        if self.nul == Nul::Refused && text.contains('\0') {
            return Err(E::custom("the character U+0000 cannot be stored"));
        }
        Ok(text)
    }
}

/// The message of a parser's error. The original names duplicate keys without their place.
pub fn message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.split_once(" at line ") {
        Some((without_place, _)) if message.contains(DUPLICATE) => without_place.to_owned(),
        _ => message,
    }
}

/// The number of levels of lists and objects.
pub fn levels(value: &Value) -> usize {
    let below = match value {
        Value::Array(items) => items.iter().map(levels).max(),
        Value::Object(map) => map.values().map(levels).max(),
        _ => return 0,
    };
    1 + below.unwrap_or(0)
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        self.checked(value).map(|text| Value::String(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        self.checked(&value)?;
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            self.checked::<A::Error>(&key)?;
            let value = access.next_value_seed(self)?;
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("{DUPLICATE}{key}")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ANY: Strict = Strict { nul: Nul::Read };

    #[test]
    fn a_key_that_stands_twice_is_named_without_its_place() {
        let error = ANY.read(r#"[{"a at line 1": 1, "a at line 1": 2}]"#).unwrap_err();
        assert!(message(&error).starts_with("The document contains duplicate keys: a"));
        let error = ANY.read(r#"{"a": 1, "a": 2}"#).unwrap_err();
        assert_eq!(message(&error), "The document contains duplicate keys: a");
        assert!(message(&ANY.read("{").unwrap_err()).contains("line 1 column 1"));
    }

    #[test]
    fn nul_is_read_where_nobody_stores_it() {
        assert_eq!(ANY.read(r#"["\u0000"]"#).unwrap(), json!(["\0"]));
        assert!(Strict { nul: Nul::Refused }.read(r#"["\u0000"]"#).is_err());
    }

    #[test]
    fn levels_are_those_of_lists_and_objects() {
        assert_eq!([json!(1), json!([]), json!({"a": [[1], {}]})].map(|value| levels(&value)), [0, 1, 3]);
    }

    proptest::proptest! {
        #[test]
        fn it_reads_what_serde_json_reads_but_for_duplicate_keys(
            text in "(\\[|\\]|\\{|\\}|,|:|\"a\"|\"b\"|1|-2.5e3|null|true| |\"\\\\u0000\"){0,24}",
        ) {
            match (ANY.read(&text), serde_json::from_str::<Value>(&text)) {
                (Ok(strict), Ok(plain)) => proptest::prop_assert_eq!(strict, plain),
                (Err(_), Err(_)) => {}
                (Err(error), Ok(_)) => proptest::prop_assert!(message(&error).starts_with(DUPLICATE)),
                (Ok(_), Err(error)) => proptest::prop_assert!(false, "{}: {}", text, error),
            }
        }
    }
}
