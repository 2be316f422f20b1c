//! What may be asked of the fields of an index.

use serde_json::{Map, Value, json};

/// The kind of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text that is compared as a whole.
    Keyword,
    /// Text that is cut into words.
    Text,
    /// Whole numbers: `long`, `integer`, `short` or `byte`, as written.
    Integer(String),
    /// Numbers: `double`, `float`, `half_float` or `scaled_float`, as written.
    Float(String),
    /// `true` and `false`.
    Boolean,
    /// A point in time.
    Date,
    /// A list of objects, each of which is found by itself.
    Nested(Mapping),
    /// An object, whose fields are as those of the document.
    Object(Mapping),
    /// Something else, by its name in Elasticsearch.
    Other(String),
}

/// A field of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, without those of the objects around it.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Other readings of the same value (`analyzed`), by name.
    pub subfields: Vec<Field>,
    /// Everything else that its definition says (`scaling_factor`, `analyzer`, …).
    pub options: Map<String, Value>,
}

/// The fields of an index, or of objects in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// In their order.
    pub fields: Vec<Field>,
}

/// A mapping that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the definition of field {field:?} is not an object with a type or with properties")]
pub struct MappingError {
    /// The whole path.
    pub field: String,
}

impl Mapping {
    /// Reads `{"properties": {…}}`, as Elasticsearch 7 and later write it. Other keys beside `properties`
    /// are not kept.
    ///
    /// # Errors
    /// A field is not defined by an object.
    pub fn read(mapping: &Value) -> Result<Self, MappingError> {
        Self::properties(mapping.get("properties"), "")
    }

    fn properties(properties: Option<&Value>, path: &str) -> Result<Self, MappingError> {
        let fields = match properties {
            None => Vec::new(),
            Some(properties) => Field::several(properties, path)?,
        };
        Ok(Self { fields })
    }

    /// Writes what [`read`](Mapping::read) reads.
    pub fn write(&self) -> Value {
        json!({ "properties": Field::write_several(&self.fields) })
    }

    /// The field at a whole path, and the nested path that it is in.
    pub fn find(&self, path: &str) -> Option<(&Field, Option<String>)> {
        let mut mapping = self;
        let mut within = None;
        let mut rest = path;
        loop {
            // Names may have dots themselves, so the longest that is a field wins.
            let field = mapping
                .fields
                .iter()
                .filter(|field| begins(rest, &field.name))
                .max_by_key(|f| f.name.len())?;
            let passed = path.len() - rest.len() + field.name.len();
            // What is behind a dot may be empty, which is the name of no field.
            let Some(below) = rest[field.name.len()..].strip_prefix('.') else {
                return Some((field, within));
            };
            rest = below;
            match &field.kind {
                Kind::Nested(inner) => {
                    within = Some(path[..passed].to_owned());
                    mapping = inner;
                }
                Kind::Object(inner) => mapping = inner,
                _ => return field.subfields.iter().find(|sub| sub.name == rest).map(|sub| (sub, within)),
            }
        }
    }
}

/// Whether `path` is `name`, or leads below it.
fn begins(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Field {
    fn several(properties: &Value, path: &str) -> Result<Vec<Self>, MappingError> {
        let fault = |field: &str| MappingError { field: field.to_owned() };
        let properties = properties.as_object().ok_or_else(|| fault(path))?;
        properties
            .iter()
            .map(|(name, definition)| {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let definition = definition.as_object().ok_or_else(|| fault(&path))?;
                Self::read(name, definition, &path)
            })
            .collect()
    }

    fn read(name: &str, definition: &Map<String, Value>, path: &str) -> Result<Self, MappingError> {
        let properties = definition.get("properties");
        let kind = match definition.get("type").and_then(Value::as_str) {
            Some("keyword") => Kind::Keyword,
            Some("text") => Kind::Text,
            Some(kind @ ("long" | "integer" | "short" | "byte")) => Kind::Integer(kind.to_owned()),
            Some(kind @ ("double" | "float" | "half_float" | "scaled_float")) => Kind::Float(kind.to_owned()),
            Some("boolean") => Kind::Boolean,
            Some("date") => Kind::Date,
            Some("nested") => Kind::Nested(Mapping::properties(properties, path)?),
            Some("object") | None => Kind::Object(Mapping::properties(properties, path)?),
            Some(other) => Kind::Other(other.to_owned()),
        };
        let subfields = match definition.get("fields") {
            None => Vec::new(),
            Some(fields) => Self::several(fields, path)?,
        };
        let told = ["type", "properties", "fields"];
        let options = definition.iter().filter(|(key, _)| !told.contains(&key.as_str()));
        let options = options.map(|(key, value)| (key.clone(), value.clone())).collect();
        Ok(Self { name: name.to_owned(), kind, subfields, options })
    }

    fn write_several(fields: &[Self]) -> Value {
        fields.iter().map(|field| (field.name.clone(), field.write())).collect::<Map<_, _>>().into()
    }

    fn write(&self) -> Value {
        let mut definition = Map::new();
        definition.insert("type".to_owned(), self.kind.name().into());
        if let Kind::Nested(inner) | Kind::Object(inner) = &self.kind {
            definition.insert("properties".to_owned(), Self::write_several(&inner.fields));
        }
        if !self.subfields.is_empty() {
            definition.insert("fields".to_owned(), Self::write_several(&self.subfields));
        }
        definition.extend(self.options.clone());
        definition.into()
    }
}

impl Kind {
    /// Its name in Elasticsearch.
    pub fn name(&self) -> &str {
        match self {
            Self::Keyword => "keyword",
            Self::Text => "text",
            Self::Integer(name) | Self::Float(name) | Self::Other(name) => name,
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Nested(_) => "nested",
            Self::Object(_) => "object",
        }
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Integer(_) | Self::Float(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visits() -> Mapping {
        let keyword = json!({"type": "keyword", "fields": {"analyzed": {"type": "text"}}});
        let mapping = json!({"properties": {
            "gender": keyword,
            "visits": {"type": "nested", "properties": {
                "year": {"type": "long"},
                "follow_ups": {"type": "nested", "properties": {"kind": keyword}},
            }},
            "ratio": {"type": "scaled_float", "scaling_factor": 100},
        }});
        let read = Mapping::read(&mapping).unwrap();
        assert_eq!(read.write(), mapping);
        read
    }

    #[test]
    fn finds_fields_sub_fields_and_the_nested_paths_they_are_in() {
        let mapping = visits();
        let kind =
            |path: &str| mapping.find(path).map(|(field, within)| (field.kind.name().to_owned(), within));
        assert_eq!(kind("gender"), Some(("keyword".into(), None)));
        assert_eq!(kind("gender.analyzed"), Some(("text".into(), None)));
        assert_eq!(kind("visits.year"), Some(("long".into(), Some("visits".into()))));
        let within = Some("visits.follow_ups".to_owned());
        assert_eq!(kind("visits.follow_ups.kind"), Some(("keyword".into(), within)));
        assert_eq!(kind("visits.follow_ups"), Some(("nested".into(), Some("visits".into()))));
        for unknown in ["", "gend", "visits.", "visits.years", "gender.raw", "gender.analyzed.more"] {
            assert_eq!(kind(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_definition_that_is_no_object_is_named() {
        let mapping = json!({"properties": {"a": {"properties": {"b": "keyword"}}}});
        assert_eq!(Mapping::read(&mapping), Err(MappingError { field: "a.b".into() }));
    }
}
