//! Records of the file index that stored nodes name and that are lost.

use dictionary::NodeType;
use indexclient::NewRecord;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::files::FileContext;

fn text<'a>(props: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    props.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The GUID of the record that a stored file node names.
pub(crate) fn guid<'a>(
    node_type: &NodeType,
    node_id: &'a str,
    props: &'a Map<String, Value>,
) -> Option<&'a str> {
    if node_type.has_object_id() { text(props, "object_id") } else { Some(node_id) }
}

/// The record `did`, as far as the node tells; where its bytes are only the lost record told. `None` when the
/// node does not tell size and hash.
pub(crate) fn restored(
    context: &FileContext<'_>,
    node_type: &NodeType,
    did: &str,
    props: &Map<String, Value>,
) -> Option<NewRecord> {
    let md5 = text(props, "md5sum")?.to_owned();
    let size = props.get("file_size")?.as_i64()?;
    let mut authz = vec![context.resource()];
    if node_type.properties.contains_key("consent_codes") {
        let codes = props.get("consent_codes").and_then(Value::as_array).into_iter().flatten();
        authz.extend(codes.filter_map(Value::as_str).map(|code| format!("/consents/{code}")));
    }
    Some(NewRecord {
        did: Some(did.to_owned()),
        form: "object".to_owned(),
        size,
        hashes: IndexMap::from([("md5".to_owned(), md5)]),
        acl: context.acl(),
        authz,
        ..NewRecord::default()
    })
}
