//! A study and its parts.

use std::collections::HashSet;

use dictionary::LoadError;
use serde_json::{Map, Value};

/// A whole study, in the order in which it can be submitted.
#[derive(Debug, Clone)]
pub struct Study {
    /// Name of the program.
    pub program_name: String,
    /// Code of the project.
    pub project_code: String,
    /// The program record.
    pub program: Map<String, Value>,
    /// The project record.
    pub project: Map<String, Value>,
    /// The records below the project; the targets of a record's links come before it.
    pub records: Vec<Record>,
    /// Values that the dictionary did not take; each property is named once.
    pub unfit: Vec<Unfit>,
    /// Types of which some record could not be made, with the first reason.
    pub skipped: Vec<Skipped>,
    /// File types of old dictionaries, which have no `object_id`: a record's own id is the GUID of its file.
    pub(super) same_id: HashSet<String>,
}

/// A record of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its type.
    pub node: String,
    /// The submitted document; for files without the `object_id`, which the upload gives.
    pub document: Map<String, Value>,
    /// The file that it describes.
    pub file: Option<DemoFile>,
}

/// A file of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoFile {
    /// Its name, which no other file of the study has.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// MD5 in hexadecimal digits.
    pub md5: String,
}

/// A value that the dictionary does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Type of the record.
    pub node: String,
    /// Name of the property.
    pub property: String,
    /// The value, as JSON.
    pub value: String,
}

/// A type of which some record could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The type.
    pub node: String,
    /// The reason.
    pub reason: String,
}

/// Why a study cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The schemas cannot be used.
    #[error(transparent)]
    Dictionary(#[from] LoadError),
    /// The dictionary lacks a type that every project needs.
    #[error("the dictionary has no node type {0}")]
    MissingType(&'static str),
    /// The dictionary requires values of the program or project record that cannot be made up.
    #[error("no {node} record can be made that fits the dictionary: {reason}")]
    Unmakeable {
        /// `program` or `project`.
        node: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl Record {
    /// The name that its submitter gives it.
    pub fn submitter_id(&self) -> &str {
        self.document.get("submitter_id").and_then(Value::as_str).unwrap_or("")
    }
}

impl Study {
    /// The property that has the GUID of a record's file: `object_id`, or `id` in old dictionaries.
    pub fn guid_property(&self, node: &str) -> &'static str {
        if self.same_id.contains(node) { "id" } else { "object_id" }
    }
}
