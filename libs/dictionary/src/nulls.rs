//! Null tolerance: lets records set properties to `null`, in validation only.

use serde_json::{Value, json};

use crate::NodeType;

impl NodeType {
    /// The resolved schema in which every property accepts `null`, except those in `required` and required
    /// links. Records are validated with it; `_dictionary` shows [`NodeType::schema`].
    pub fn nullable_schema(&self) -> Value {
        let mut schema = self.schema.clone();
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
            return schema;
        };
        for (name, property) in properties {
            let required = self.required.iter().any(|required| required == name)
                || self.all_links().iter().any(|link| link.required && link.name == *name);
            if !required {
                accept_null(property);
            }
        }
        schema
    }
}

/// Adds null to the first of `type` and `enum` that does not accept it yet, else to `anyOf`, else to `oneOf`,
/// else to each schema of `allOf`.
fn accept_null(property: &mut Value) {
    let Some(property) = property.as_object_mut() else { return };
    let null_word = json!("null");
    let lacks = |list: Option<&Value>, null: &Value| match list {
        Some(Value::Array(list)) => !list.contains(null),
        Some(other) => other != null,
        None => false,
    };
    if lacks(property.get("type"), &null_word) {
        let kind = &mut property["type"];
        if let Value::String(single) = kind {
            *kind = json!([single]);
        }
        push_missing(kind, null_word);
    } else if lacks(property.get("enum"), &Value::Null) {
        push_missing(&mut property["enum"], Value::Null);
    } else if let Some(schemas) = property.get_mut("anyOf") {
        push_missing(schemas, json!({"type": "null"}));
    } else if let Some(schemas) = property.get_mut("oneOf") {
        push_missing(schemas, json!({"type": "null"}));
    } else if let Some(schemas) = property.get_mut("allOf").and_then(Value::as_array_mut) {
        schemas.iter_mut().for_each(accept_null);
    }
}

fn push_missing(list: &mut Value, item: Value) {
    if let Some(list) = list.as_array_mut()
        && !list.contains(&item)
    {
        list.push(item);
    }
}
