//! What an index says of the run that filled it: it stands beside the array configuration, where guppy does
//! not look.

use chrono::{DateTime, SecondsFormat, Utc};
use search::{Definition, Mapping, MappingError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Outline, sink::Mark};

/// The longest text that is found as a whole, in characters. Elasticsearch refuses a document with a longer
/// one (of 32,766 bytes).
const LONGEST_KEYWORD: u64 = 8191;

/// What an index says of the run that filled it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Digest of the mapping, the dictionary and all else that the documents depend on.
    pub digest: String,
    /// Up to where the database's history is in the documents.
    pub mark: Mark,
    /// The time of the newest submission in them.
    pub as_of: Option<DateTime<Utc>>,
    /// How many documents the last full run wrote.
    pub documents: u64,
    /// When the last full run ended.
    pub built: DateTime<Utc>,
}

impl Record {
    /// The document of the array configuration.
    pub(super) fn document(&self, outline: &Outline) -> String {
        let time = self.as_of.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true));
        let run = serde_json::to_string(self).unwrap_or_default();
        json!({ "timestamp": time, "array": outline.arrays(), "run": run }).to_string()
    }

    /// What stands in a document. `None` for one of the original's.
    pub(super) fn read(document: &Map<String, Value>) -> Option<Self> {
        serde_json::from_str(document.get("run")?.as_str()?).ok()
    }
}

/// The definition of an index of documents.
pub(super) fn definition(outline: &Outline) -> Result<Definition, MappingError> {
    let mut mapping = outline.mapping();
    limit(&mut mapping["mappings"]["properties"]);
    Ok(Definition { mapping: Mapping::read(&mapping["mappings"])?, settings: Map::new() })
}

/// Longer texts stay in the documents and are not found as a whole.
fn limit(properties: &mut Value) {
    for field in properties.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
        if field["type"] == "keyword" {
            field["ignore_above"] = LONGEST_KEYWORD.into();
        }
        if let Some(inner) = field.get_mut("properties") {
            limit(inner);
        }
    }
}

/// The definition of an index of an array configuration.
pub(super) fn config_definition() -> Result<Definition, MappingError> {
    let mapping = json!({ "properties": {
        "timestamp": { "type": "date" },
        "array": { "type": "keyword" },
        "run": { "type": "keyword", "index": false, "doc_values": false },
    } });
    Ok(Definition { mapping: Mapping::read(&mapping)?, settings: Map::new() })
}
