//! The type of a property's values.

use serde_json::Value;

use crate::outline::{Scalar, Shape};

/// Deeper alternatives are not looked at.
const DEPTH: usize = 20;

/// What a property with this schema holds: of several types the widest, in the order number, whole number,
/// boolean, text.
pub(super) fn of(schema: &Value) -> Shape {
    let mut found = Found::default();
    found.look(schema, DEPTH);
    let scalar = if found.is_list { found.items.or(found.scalar) } else { found.scalar };
    Shape { scalar: scalar.unwrap_or(Scalar::Text), is_list: found.is_list }
}

#[derive(Default)]
struct Found {
    scalar: Option<Scalar>,
    items: Option<Scalar>,
    is_list: bool,
}

impl Found {
    fn look(&mut self, schema: &Value, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().for_each(|kind| self.take(kind)),
            Some(kind) => self.take(kind),
            None if schema.get("enum").is_some() => self.scalar = widest(self.scalar, Scalar::Text),
            None => {}
        }
        if let Some(items) = schema.get("items") {
            let mut inner = Self::default();
            inner.look(items, depth);
            if let Some(scalar) = inner.scalar {
                self.items = widest(self.items, scalar);
            }
        }
        for key in ["oneOf", "anyOf", "allOf"] {
            for schema in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
                self.look(schema, depth);
            }
        }
    }

    fn take(&mut self, kind: &Value) {
        let scalar = match kind.as_str() {
            Some("array") => {
                self.is_list = true;
                return;
            }
            Some("number" | "float") => Scalar::Float,
            Some("integer") => Scalar::Integer,
            Some("boolean") => Scalar::Boolean,
            Some("string") => Scalar::Text,
            _ => return,
        };
        self.scalar = widest(self.scalar, scalar);
    }
}

/// A type that has room for both.
pub(super) fn wider(one: Shape, other: Shape) -> Shape {
    let scalar = widest(Some(one.scalar), other.scalar).unwrap_or(other.scalar);
    Shape { scalar, is_list: one.is_list || other.is_list }
}

fn widest(one: Option<Scalar>, other: Scalar) -> Option<Scalar> {
    let rank = |scalar: Scalar| match scalar {
        Scalar::Text => 0,
        Scalar::Boolean => 1,
        Scalar::Integer => 2,
        Scalar::Float => 3,
    };
    Some(one.filter(|one| rank(*one) >= rank(other)).unwrap_or(other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_several_types_the_widest_counts() {
        let scalar = |schema: Value| of(&schema).scalar;
        assert_eq!(scalar(json!({ "type": ["null", "integer"] })), Scalar::Integer);
        assert_eq!(scalar(json!({ "oneOf": [{ "type": "string" }, { "type": "number" }] })), Scalar::Float);
        assert_eq!(scalar(json!({ "enum": ["a"] })), Scalar::Text);
        assert_eq!(scalar(json!({})), Scalar::Text);
        let list = of(&json!({ "type": "array", "items": { "type": "integer" } }));
        assert_eq!(list, Shape { scalar: Scalar::Integer, is_list: true });
        assert_eq!(of(&json!({ "type": ["array", "null"] })), Shape::TEXT.list());
    }
}
