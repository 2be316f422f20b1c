//! Rows of another index that are kept while an index is made.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Map, Value};

use super::outcome::MOST_VARIANTS;

/// The joined fields of a row.
pub(super) type Row = Arc<Vec<Value>>;

/// Rows of another index by their keys.
pub(super) struct Kept {
    /// The fields of this index that must be equal to them.
    keys: Vec<String>,
    rows: HashMap<String, Vec<Row>>,
}

impl Kept {
    pub(super) fn new(keys: Vec<String>) -> Self {
        Self { keys, rows: HashMap::new() }
    }

    /// Adds a row; `there` are the fields of its document that are its key.
    pub(super) fn add(&mut self, document: &Map<String, Value>, there: &[&str], row: &Row) {
        for key in all_keys(document, there) {
            self.rows.entry(key).or_default().push(row.clone());
        }
    }

    /// The rows that belong to a document of this index.
    pub(super) fn of(&self, document: &Map<String, Value>) -> Vec<Row> {
        let names: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        let keys = all_keys(document, &names);
        keys.iter().filter_map(|key| self.rows.get(key)).flatten().cloned().collect()
    }
}

/// The keys of a document. A list has each of its values as a key.
fn all_keys(document: &Map<String, Value>, fields: &[&str]) -> Vec<String> {
    let mut keys = vec![String::new()];
    for field in fields {
        let values = match document.get(*field) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(values)) => values.clone(),
            Some(value) => vec![value.clone()],
        };
        let with = |key: &String| values.iter().map(|value| format!("{key}{value}\n")).collect::<Vec<_>>();
        keys = keys.iter().flat_map(with).take(MOST_VARIANTS).collect();
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}
