//! Errors and warnings of entities.

use dictionary::{Violation, ViolationKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The `type` of an error or warning; clients that are programs read only this and `keys`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ErrorType {
    InvalidType,
    InvalidValue,
    MissingProperty,
    InvalidProperty,
    InvalidLink,
    InvalidPermissions,
    NotUnique,
    NotFound,
    Error,
}

impl ErrorType {
    /// The word in the answer.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidType => "INVALID_TYPE",
            Self::InvalidValue => "INVALID_VALUE",
            Self::MissingProperty => "MISSING_PROPERTY",
            Self::InvalidProperty => "INVALID_PROPERTY",
            Self::InvalidLink => "INVALID_LINK",
            Self::InvalidPermissions => "INVALID_PERMISSIONS",
            Self::NotUnique => "NOT_UNIQUE",
            Self::NotFound => "NOT_FOUND",
            Self::Error => "ERROR",
        }
    }
}

/// An error or a warning of an entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub kind: ErrorType,
    pub message: String,
    pub keys: Vec<String>,
    /// Further keys of the JSON form: `dependents`, `id`.
    pub more: Map<String, Value>,
}

impl Problem {
    pub(crate) fn new(kind: ErrorType, message: impl Into<String>, keys: &[&str]) -> Self {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Self { kind, message: message.into(), keys, more: Map::new() }
    }

    /// The form in the answer, with another message and without what may be long beside it.
    pub(crate) fn json_saying(&self, message: &str) -> Value {
        json!({ "keys": self.keys, "message": message, "type": self.kind.as_str() })
    }

    /// The form in the answer.
    pub(crate) fn json(&self) -> Value {
        let mut map = self.more.clone();
        map.insert("keys".to_owned(), json!(self.keys));
        map.insert("message".to_owned(), json!(self.message));
        map.insert("type".to_owned(), json!(self.kind.as_str()));
        Value::Object(map)
    }
}

impl From<Violation> for Problem {
    fn from(violation: Violation) -> Self {
        let kind = match violation.kind {
            ViolationKind::InvalidValue => ErrorType::InvalidValue,
            ViolationKind::MissingProperty => ErrorType::MissingProperty,
            ViolationKind::Error => ErrorType::Error,
        };
        Self { kind, message: violation.message, keys: violation.keys, more: Map::new() }
    }
}
