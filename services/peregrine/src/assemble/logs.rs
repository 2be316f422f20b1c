//! Transaction logs and other small objects. They are JSON values first, of which what is selected is
//! written.

use serde_json::{Value, json};

use super::json::{Commas, write_string};
use crate::ir::KeyTree;

/// Writes what `keys` select of `value`, or of each item of a list. Without keys it writes the value itself.
pub(crate) fn write_selected(value: &Value, keys: Option<&[KeyTree]>, out: &mut Vec<u8>) {
    match (value, keys) {
        (Value::Array(items), Some(_)) => {
            out.push(b'[');
            let mut commas = Commas::default();
            for item in items {
                commas.before_item(out);
                write_selected(item, keys, out);
            }
            out.push(b']');
        }
        (Value::Object(object), Some(keys)) => {
            out.push(b'{');
            let mut commas = Commas::default();
            for tree in keys {
                commas.before_item(out);
                write_string(&tree.key, out);
                out.push(b':');
                match tree.name.as_str() {
                    "__typename" => write_string(&tree.parent, out),
                    name => {
                        write_selected(object.get(name).unwrap_or(&Value::Null), tree.sub.as_deref(), out)
                    }
                }
            }
            out.push(b'}');
        }
        // Writing to a vector does not fail.
        (value, None) => drop(serde_json::to_writer(out, value)),
        _ => out.extend_from_slice(b"null"),
    }
}

/// A transaction log as GraphQL shows it, from the object that the database made.
pub(crate) fn show_log(mut log: Value) -> Value {
    let role = log["role"].as_str().unwrap_or_default().to_owned();
    log["type"] = match role.as_str() {
        "create" | "update" => json!("upload"),
        other => json!(other),
    };
    for key in ["id", "committed_by"] {
        as_id(&mut log[key]);
    }
    as_python(&mut log["canonical_json"]);
    for snapshot in items(&mut log["snapshots"]) {
        as_id(&mut snapshot["id"]);
        as_python(&mut snapshot["old_props"]);
        as_python(&mut snapshot["new_props"]);
    }
    let mut related = Vec::new();
    for document in items(&mut log["documents"]) {
        show_document(document);
        for entity in document["response"]["entities"].as_array().into_iter().flatten() {
            related.extend(entity["related_cases"].as_array().into_iter().flatten().cloned());
        }
    }
    related.dedup();
    log["related_cases"] = Value::Array(related);
    log
}

fn show_document(document: &mut Value) {
    for key in ["id", "transaction_id"] {
        as_id(&mut document[key]);
    }
    if document["doc_size"].is_null() {
        document["doc_size"] = json!(0);
    }
    let mut response = document["response_json"].take();
    document["response_json"] = match &response {
        Value::Null => Value::Null,
        response => json!(python::dumps(response)),
    };
    if response.is_object() {
        as_id(&mut response["transaction_id"]);
        if let Value::Array(errors) = &response["transactional_errors"] {
            response["transactional_errors"] = json!(errors.len());
        }
        for entity in items(&mut response["entities"]) {
            for key in ["unique_keys", "warnings"] {
                let text = python::dumps(&entity[key]);
                entity[key] = json!(text);
            }
            if entity["related_cases"].is_null() {
                entity["related_cases"] = json!([]);
            }
        }
    }
    document["response"] = response;
}

fn items(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_array_mut().into_iter().flatten()
}

/// A GraphQL ID is a string.
fn as_id(value: &mut Value) {
    if let Value::Number(number) = value {
        *value = Value::String(number.to_string());
    }
}

/// Makes it the string that Python writes for a document, because the original shows that.
fn as_python(value: &mut Value) {
    if !value.is_null() {
        *value = Value::String(python::repr(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_shows_texts_and_ids_as_the_original_does() {
        let log = show_log(json!({
            "id": 3, "role": "update", "committed_by": null, "canonical_json": [{"a": true}],
            "documents": [{"id": 1, "transaction_id": 3, "doc": "{}", "doc_size": 2, "response_json":
                {"code": 200, "transaction_id": 3,
                 "entities": [{"unique_keys": [{"code": "x"}], "warnings": []}]}}],
        }));
        assert_eq!(
            (&log["id"], &log["type"], &log["canonical_json"]),
            (&json!("3"), &json!("upload"), &json!("[{'a': True}]"))
        );
        let document = &log["documents"][0];
        assert_eq!((&document["doc_size"], &document["id"]), (&json!(2), &json!("1")));
        assert_eq!(document["response"]["entities"][0]["unique_keys"], json!("[{\"code\": \"x\"}]"));
    }
}
