//! GUIDs and revisions.

use std::{fmt, sync::LazyLock};

use regex::Regex;
use serde::Serialize;
use uuid::Uuid;

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^.*[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}$")
        .expect("invariant: the pattern is a constant that compiles")
});

/// A name in the index: the did of a record, the baseid of its versions, or the id of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Guid(String);

impl Guid {
    /// A fresh baseid, which never has a prefix.
    pub(crate) fn new_baseid() -> Self {
        Self(Uuid::new_v4().to_string())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a client may give this did or baseid to a new record: it must end in a UUID.
    pub(crate) fn is_valid(&self) -> bool {
        PATTERN.is_match(&self.0)
    }
}

impl From<String> for Guid {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Guid> for String {
    fn from(guid: Guid) -> Self {
        guid.0
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A fresh revision: eight hex digits, to be compared as an opaque string.
pub(crate) fn new_rev() -> String {
    Uuid::new_v4().simple().to_string().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guid(text: &str) -> Guid {
        Guid(text.to_owned())
    }

    #[test]
    fn a_did_ends_in_a_uuid() {
        let uuid = "072c30d2-c70a-5145-aaa6-62ebceaa64f8";
        for valid in [uuid.to_owned(), format!("dg.1/{}", uuid.to_uppercase())] {
            assert!(guid(&valid).is_valid(), "{valid}");
        }
        for invalid in [uuid[1..].to_owned(), format!("{uuid}/x"), format!("{{{uuid}}}")] {
            assert!(!guid(&invalid).is_valid(), "{invalid}");
        }
    }
}
