//! Records as tables of tab-separated values, as their submitters write them.

use std::collections::BTreeMap;

use dictionary::NodeType;
use serde_json::Value;

use super::records::{Record, Study, is_apart, is_system, target_key};

/// The cell of a value, if it can be read back from there: the first type that the dictionary states decides.
pub(crate) fn cell(schema: &Value, value: &Value) -> Option<String> {
    let first = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        Some(kind) => kind.as_str(),
        None => None,
    };
    let text = match (first, value) {
        (_, Value::Null) => return Some(String::new()),
        (Some("array"), Value::Array(items)) => {
            let empty = Value::Null;
            let items_schema = schema.get("items").unwrap_or(&empty);
            let cells: Option<Vec<String>> = items.iter().map(|item| cell(items_schema, item)).collect();
            cells.filter(|cells| !cells.iter().any(|cell| cell.contains(',') || cell.is_empty()))?.join(",")
        }
        (Some("integer"), Value::Number(number)) if !number.is_f64() => number.to_string(),
        (Some("number" | "float"), Value::Number(number)) => number.to_string(),
        (Some("boolean"), Value::Bool(value)) => value.to_string(),
        (Some("string" | "null") | None, Value::String(text)) => text.clone(),
        _ => return None,
    };
    let survives =
        text.trim() == text && !text.is_empty() && text != "null" && !text.contains(['\t', '\n', '\r']);
    (survives && !text.starts_with('"')).then_some(text)
}

/// Tables of a type's records, one for each set of columns, and how many values no cell can hold.
pub(crate) fn tables(study: &Study<'_>, node: &NodeType) -> (Vec<String>, Vec<(String, String)>) {
    let mut rows: BTreeMap<Vec<String>, Vec<Vec<String>>> = BTreeMap::new();
    let mut left_out = Vec::new();
    for record in &study.records[&node.id] {
        let (mut columns, mut cells) = (Vec::new(), Vec::new());
        for (name, value) in &record.document {
            if let Some(link) = node.link(name) {
                let targets = record.links.get(name).into_iter().flatten().cloned();
                columns.push(format!("{name}.{}", target_key(link)));
                cells.push(targets.collect::<Vec<_>>().join(","));
            } else if let Some(cell) = cell(&node.properties[name].schema, value) {
                columns.push(name.clone());
                cells.push(cell);
            } else {
                left_out.push((record.submitter_id.clone(), name.clone()));
            }
        }
        rows.entry(columns).or_default().push(cells);
    }
    let table = |(columns, rows): (Vec<String>, Vec<Vec<String>>)| {
        let lines = [columns].into_iter().chain(rows).map(|cells| cells.join("\t"));
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    (rows.into_iter().map(table).collect(), left_out)
}

/// Whether an exported record with a blank for everything that it lacks is still one that the schema takes,
/// and its values are what their cells say.
pub(crate) fn fits_into_a_table(study: &Study<'_>, node: &NodeType, record: &Record) -> bool {
    let mut exported = node
        .stored_properties()
        .filter(|property| !is_apart(node, &property.name) && !is_system(node, &property.name));
    exported.all(|property| match record.document.get(&property.name) {
        None | Some(Value::Null) => study.judge(node).allows(&property.name, &Value::Null),
        Some(value) => cell(&property.schema, value).is_some(),
    })
}

/// Whether the schema takes a record without its nulls.
pub(crate) fn is_whole_without_nulls(study: &Study<'_>, node: &NodeType, record: &Record) -> bool {
    let mut document = record.document.clone();
    document.retain(|_, value| !value.is_null());
    study.judge(node).faults(&document).is_empty()
}
