//! The objects of a list in JSON, one after another: the list may be larger than memory.

use std::{fmt, io::Read};

use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Takes an object.
pub(super) type Take<'a> = &'a mut dyn FnMut(Map<String, Value>) -> anyhow::Result<()>;

/// Gives `take` the objects of the list `name` of an object, and returns the other members that are no lists.
///
/// # Errors
/// When it is no JSON object, and those of `take`.
pub(super) fn read(input: impl Read, name: &str, take: Take<'_>) -> anyhow::Result<Map<String, Value>> {
    let mut failure = None;
    let mut json = serde_json::Deserializer::from_reader(input);
    let read = json.deserialize_map(Whole { name, take, failure: &mut failure });
    match (failure, read) {
        (Some(failure), _) => Err(failure),
        (None, read) => Ok(read?),
    }
}

struct Whole<'a> {
    name: &'a str,
    take: Take<'a>,
    failure: &'a mut Option<anyhow::Error>,
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a list {:?}", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut others = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == self.name {
                map.next_value_seed(Items { take: self.take, failure: self.failure })?;
            } else {
                others.insert(name, map.next_value()?);
            }
        }
        Ok(others)
    }
}

struct Items<'a> {
    take: Take<'a>,
    failure: &'a mut Option<anyhow::Error>,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<Map<String, Value>>()? {
            if self.failure.is_none()
                && let Err(failure) = (self.take)(item)
            {
                *self.failure = Some(failure);
                while items.next_element::<IgnoredAny>()?.is_some() {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_come_one_by_one_and_the_rest_is_returned() {
        let text = r#"{"success": true, "data": [{"a": 1}, {"a": 2}], "code": 200}"#;
        let mut seen = Vec::new();
        let others = read(text.as_bytes(), "data", &mut |item| {
            seen.push(item["a"].clone());
            Ok(())
        });
        assert_eq!(Value::Object(others.unwrap()), serde_json::json!({ "success": true, "code": 200 }));
        assert_eq!(seen, [1, 2]);
        let failed = read(text.as_bytes(), "data", &mut |_| anyhow::bail!("full"));
        assert_eq!(failed.unwrap_err().to_string(), "full");
        assert!(read(&b"[1]"[..], "data", &mut |_| Ok(())).is_err());
        assert!(read(&br#"{"data": [{"a": 1}, "#[..], "data", &mut |_| Ok(())).is_err(), "cut off");
    }
}
