//! What the database says when a value must be unique and is not.

use serde_json::{Value, json};

/// The error of a transaction for a value that another record has; `detail` is the database's, such as
/// `Key ((_props ->> 'pmid'::text))=(12) already exists.`
pub(crate) fn error(detail: &str) -> Value {
    let (columns, rest) = detail.split_once(")=(").unwrap_or((detail, ""));
    let mut keys: Vec<&str> =
        columns.split("_props ->> '").skip(1).filter_map(|part| part.split('\'').next()).collect();
    if keys.is_empty() && columns.contains("node_id") {
        keys.push("id");
    }
    let values = rest.rsplit_once(") already exists").map_or("", |(values, _)| values);
    let message = if keys.is_empty() {
        "Entity is not unique: another record has the same key".to_owned()
    } else {
        format!("Entity is not unique: another record has the same {}: {values}", keys.join(", "))
    };
    json!({ "keys": keys, "message": message, "type": "NOT_UNIQUE" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_properties_are_named() {
        let cases = [
            ("Key ((_props ->> 'pmid'::text))=(12) already exists.", json!(["pmid"]), "the same pmid: 12"),
            (
                "Key (lower(_props ->> 'project_id'::text), lower(_props ->> 'submitter_id'::text))\
                 =(p-q, s)=(x) already exists.",
                json!(["project_id", "submitter_id"]),
                "project_id, submitter_id: p-q, s)=(x",
            ),
            ("Key (node_id)=(11) already exists.", json!(["id"]), "the same id: 11"),
            ("", json!([]), "another record has the same key"),
        ];
        for (detail, keys, message) in cases {
            let error = error(detail);
            assert_eq!((&error["keys"], &error["type"]), (&keys, &json!("NOT_UNIQUE")));
            assert!(error["message"].as_str().unwrap().ends_with(message), "{error}");
        }
    }
}
