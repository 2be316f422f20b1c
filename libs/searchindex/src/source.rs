//! What of a document is wanted.

use std::{collections::BTreeMap, fmt};

use search::Source;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What of a document is wanted, in the form in which it is read.
pub(crate) enum Wanted {
    All,
    None,
    Some(Tree),
}

/// Wanted names, below one.
#[derive(Default, Debug)]
pub(crate) struct Tree {
    whole: bool,
    below: BTreeMap<String, Tree>,
}

impl Wanted {
    pub(crate) fn new(source: &Source) -> Self {
        match source {
            Source::All => Self::All,
            Source::None => Self::None,
            Source::Fields(fields) => {
                let mut tree = Tree::default();
                for field in fields {
                    let end = field
                        .split('.')
                        .fold(&mut tree, |tree, name| tree.below.entry(name.into()).or_default());
                    end.whole = true;
                }
                Self::Some(tree)
            }
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// It is no JSON object.
    pub(crate) fn read(&self, body: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
        match self {
            Self::All => serde_json::from_slice(body),
            Self::None => Ok(Map::new()),
            Self::Some(tree) => {
                let mut reader = serde_json::Deserializer::from_slice(body);
                match Below(tree).deserialize(&mut reader)? {
                    Some(Value::Object(object)) => Ok(object),
                    _ => Ok(Map::new()),
                }
            }
        }
    }
}

/// Reads what is wanted of a value; `None` if that is nothing.
struct Below<'t>(&'t Tree);

impl<'de> DeserializeSeed<'de> for Below<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Below<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut kept = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            // A key with dots stands for objects in objects.
            let tree = match self.0.below.get(&key) {
                Some(tree) => Some(tree),
                None if key.contains('.') => {
                    let mut names = key.split('.');
                    names.try_fold(
                        self.0,
                        |tree, name| if tree.whole { Some(tree) } else { tree.below.get(name) },
                    )
                }
                None => None,
            };
            match tree {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(Tree { whole: true, .. }) => drop(kept.insert(key, map.next_value()?)),
                Some(tree) => {
                    if let Some(value) = map.next_value_seed(Below(tree))? {
                        kept.insert(key, value);
                    }
                }
            }
        }
        Ok((!kept.is_empty()).then_some(Value::Object(kept)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        while let Some(value) = list.next_element_seed(Below(self.0))? {
            kept.extend(value);
        }
        Ok((!kept.is_empty()).then_some(Value::Array(kept)))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_keep_their_structure() {
        let document = json!({
            "a": 1, "b": {"c": [1, 2], "d": 2, "e": {}}, "dotted.name": 3,
            "visits": [{"year": 1, "kind": "x"}, {"kind": "y"}, 5, null, [{"year": 2}]],
        });
        let read = |fields: &[&str]| {
            let source = Source::Fields(fields.iter().map(|field| (*field).to_owned()).collect());
            Value::Object(Wanted::new(&source).read(document.to_string().as_bytes()).unwrap())
        };
        assert_eq!(read(&["a", "b.c", "no.such"]), json!({"a": 1, "b": {"c": [1, 2]}}));
        assert_eq!(read(&["b", "b.c"]), json!({"b": {"c": [1, 2], "d": 2, "e": {}}}));
        assert_eq!(read(&["visits.year"]), json!({"visits": [{"year": 1}, [{"year": 2}]]}));
        assert_eq!(read(&["dotted.name", "a.b"]), json!({"dotted.name": 3}));
        assert_eq!(read(&[]), json!({}));
    }
}
