//! What an index looks like: its fields and their types.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The type of a single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scalar {
    /// Text: `keyword`, analysed beside.
    Text,
    /// A number: `float`.
    Float,
    /// A whole number: `long`.
    Integer,
    /// `true` or `false`, as texts: guppy knows no booleans.
    Boolean,
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Of each value.
    pub scalar: Scalar,
    /// Whether there may be several.
    pub is_list: bool,
}

impl Shape {
    /// One text.
    pub const TEXT: Self = Self { scalar: Scalar::Text, is_list: false };

    /// Several of them.
    #[must_use]
    pub fn list(self) -> Self {
        Self { is_list: true, ..self }
    }
}

/// A field of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// Values.
    Values(Shape),
    /// Values that are lists, of which guppy is not told so (see `--compat`).
    Untold(Shape),
    /// Objects with these fields.
    Objects(Vec<Field>),
}

/// What an index looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// The name of its alias.
    pub name: String,
    /// Its type in guppy.
    pub doc_type: String,
    /// Its fields.
    pub fields: Vec<Field>,
}

impl Outline {
    /// The index mapping, `{"mappings": {"properties": ...}}`.
    pub fn mapping(&self) -> Value {
        let mut properties = properties(&self.fields);
        properties.insert("node_id".to_owned(), json!({ "type": "keyword" }));
        json!({ "mappings": { "properties": properties } })
    }

    /// The paths of fields that hold lists: the array configuration.
    pub fn arrays(&self) -> Vec<String> {
        let mut paths = Vec::new();
        arrays("", &self.fields, &mut paths);
        paths
    }
}

fn properties(fields: &[Field]) -> Map<String, Value> {
    let one = |field: &Field| (field.name.clone(), property(&field.kind));
    fields.iter().map(one).collect()
}

fn property(kind: &FieldKind) -> Value {
    match kind {
        FieldKind::Objects(fields) => json!({ "type": "nested", "properties": properties(fields) }),
        FieldKind::Values(shape) | FieldKind::Untold(shape) => match shape.scalar {
            Scalar::Float => json!({ "type": "float" }),
            Scalar::Integer => json!({ "type": "long" }),
            Scalar::Text | Scalar::Boolean => {
                json!({ "type": "keyword", "fields": { "analyzed": { "type": "text" } } })
            }
        },
    }
}

fn arrays(before: &str, fields: &[Field], paths: &mut Vec<String>) {
    for field in fields {
        let path = format!("{before}{}", field.name);
        match &field.kind {
            FieldKind::Values(shape) if shape.is_list => paths.push(path),
            FieldKind::Values(_) | FieldKind::Untold(_) => {}
            FieldKind::Objects(inner) => {
                paths.push(path.clone());
                arrays(&format!("{path}."), inner, paths);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_told_by_their_paths() {
        let field = |name: &str, kind| Field { name: name.to_owned(), kind };
        let inner = vec![field("tags", FieldKind::Values(Shape::TEXT.list()))];
        let fields = vec![
            field("sex", FieldKind::Values(Shape::TEXT)),
            field("codes", FieldKind::Values(Shape::TEXT.list())),
            field("hidden", FieldKind::Untold(Shape::TEXT.list())),
            field("visits", FieldKind::Objects(inner)),
        ];
        let outline = Outline { name: "a".to_owned(), doc_type: "case".to_owned(), fields };
        assert_eq!(outline.arrays(), ["codes", "visits", "visits.tags"]);
        let mapping = outline.mapping();
        assert_eq!(mapping["mappings"]["properties"]["visits"]["type"], "nested");
        assert_eq!(mapping["mappings"]["properties"]["sex"]["fields"]["analyzed"]["type"], "text");
    }
}
