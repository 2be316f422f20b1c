//! Manifests of uploads: which files go with which records.

use std::sync::LazyLock;

use dictionary::SchemaValidator;
use serde_json::{Map, Value, json};

/// A data file's complete record as an entry of a manifest: keys sorted, with the name of the file to upload.
pub(crate) fn entry(record: Value) -> Value {
    let Value::Object(mut record) = record else { return record };
    let name = record.get("file_name").cloned().unwrap_or_default();
    record.insert("local_file_path".to_owned(), name);
    record.sort_keys();
    Value::Object(record)
}

/// A manifest with these entries.
pub(crate) fn of(entries: Vec<Value>) -> Value {
    Value::Object(Map::from_iter([("files".to_owned(), Value::Array(entries))]))
}

/// The faults of a manifest; none if it is valid.
pub(crate) fn violations(manifest: &Value) -> Vec<String> {
    static VALIDATOR: LazyLock<SchemaValidator> = LazyLock::new(|| {
        let schema = json!({
            "type": "object",
            "properties": {
                "files": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "id": {"type": "string"},
                            "file_name": {"type": "string"},
                            "local_file_path": {"type": "string"},
                            "file_size": {"type": "integer"},
                            "md5sum": {"type": "string"},
                            "type": {"type": "string"},
                            "project_id": {"type": "string"},
                        },
                        "anyOf": [{"required": ["local_file_path"]}, {"required": ["file_name"]}],
                    },
                },
            },
        });
        SchemaValidator::compile(&schema).expect("invariant: a constant schema")
    });
    VALIDATOR.messages(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_sorted_keys_and_the_path_of_the_file() {
        let entry = entry(json!({"id": "0", "file_name": "a.bam", "aliquots": []}));
        assert_eq!(
            entry.to_string(),
            r#"{"aliquots":[],"file_name":"a.bam","id":"0","local_file_path":"a.bam"}"#
        );
    }

    #[test]
    fn a_manifest_may_be_empty() {
        assert_eq!(violations(&json!({})), Vec::<String>::new());
        assert_eq!(violations(&of(vec![entry(json!({"file_name": "a"}))])), Vec::<String>::new());
    }

    #[test]
    fn violations_are_told_one_by_one() {
        let expected = [
            "'abc' is not of type 'integer'",
            "{'id': '1', 'file_size': 'abc'} is not valid under any of the given schemas",
        ];
        assert_eq!(violations(&json!({"files": [{"id": "1", "file_size": "abc"}]})), expected);
        assert_eq!(violations(&json!([])), ["[] is not of type 'object'"]);
    }
}
