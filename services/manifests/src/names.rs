//! Keys in the bucket, and names of files. Pure.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Bytes of a name.
const LONGEST: usize = 255;

/// What is kept in a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Lists of files.
    Manifest,
    /// GUIDs of cohorts.
    Cohort,
    /// Exported metadata of files.
    Metadata,
}

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Self::Manifest => "",
            Self::Cohort => "cohorts/",
            Self::Metadata => "exported-metadata/",
        }
    }

    /// The name of a new file: `manifest-2026-01-02T03-04-05.678901.json`.
    pub(crate) fn file_name(self, now: DateTime<Utc>) -> String {
        let kind = if self == Self::Metadata { "metadata" } else { "manifest" };
        format!("{kind}-{}.json", now.format("%Y-%m-%dT%H-%M-%S%.6f"))
    }
}

/// What the keys of a user's files of one kind begin with.
pub(crate) fn folder(prefix: &str, user: &str, kind: Kind) -> String {
    let prefix = prefix.trim_matches('/');
    let slash = if prefix.is_empty() { "" } else { "/" };
    format!("{prefix}{slash}user-{user}/{}", kind.folder())
}

/// The name of a file by its key. Those in other folders below have none.
pub(crate) fn name_in<'k>(folder: &str, kind: Kind, key: &'k str) -> Option<&'k str> {
    let name = key.strip_prefix(folder).filter(|name| !name.is_empty() && !name.ends_with('/'))?;
    // A GUID may have a prefix with a slash.
    (kind == Kind::Cohort || !name.contains('/')).then_some(name)
}

/// Whether a file may be asked for by this name.
pub(crate) fn is_file_name(name: &str) -> bool {
    name.len() <= LONGEST && !name.contains('/') && !name.chars().any(char::is_control)
}

/// Whether a cohort may have this GUID: it ends in a UUID.
pub(crate) fn is_guid(guid: &str) -> bool {
    const UUID_LENGTH: usize = 36;
    let Some(start) = guid.len().checked_sub(UUID_LENGTH) else { return false };
    let ends_in_uuid = guid.get(start..).is_some_and(|end| Uuid::try_parse(end).is_ok());
    ends_in_uuid && guid.len() <= LONGEST && !guid.starts_with('/') && !guid.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_names_of_their_time() {
        let now = DateTime::from_timestamp(1_767_322_445, 678_901_000).unwrap();
        assert_eq!(Kind::Manifest.file_name(now), "manifest-2026-01-02T02-54-05.678901.json");
        assert_eq!(Kind::Metadata.file_name(now), "metadata-2026-01-02T02-54-05.678901.json");
    }

    #[test]
    fn a_folder_has_the_files_of_its_kind() {
        assert_eq!(folder("", "7", Kind::Manifest), "user-7/");
        assert_eq!(folder("/a/b/", "7", Kind::Cohort), "a/b/user-7/cohorts/");
        for (kind, key, expected) in [
            (Kind::Manifest, "user-7/m.json", Some("m.json")),
            (Kind::Manifest, "user-7/cohorts/x", None),
            (Kind::Manifest, "user-7/", None),
            (Kind::Manifest, "user-71/m.json", None),
            (Kind::Cohort, "user-7/cohorts/dg.1/x", Some("dg.1/x")),
            (Kind::Metadata, "user-7/exported-metadata/m.json", Some("m.json")),
        ] {
            assert_eq!(name_in(&folder("", "7", kind), kind, key), expected, "{key}");
        }
    }

    #[test]
    fn names_lead_nowhere_else() {
        for (name, expected) in [("a.json", true), ("a/b.json", false), ("a\n", false), ("", true)] {
            assert_eq!(is_file_name(name), expected, "{name}");
        }
        assert!(!is_file_name(&"x".repeat(300)));
        let uuid = "5183a350-9d56-4084-8a03-6471cafeb7fe";
        for (guid, expected) in [
            (uuid.to_owned(), true),
            (format!("dg.1/{uuid}"), true),
            (uuid.to_uppercase(), true),
            (uuid.replace('-', ""), false),
            (format!("{uuid}x"), false),
            (format!("/{uuid}"), false),
            (format!("a\0{uuid}"), false),
            (format!("{}{uuid}", "x".repeat(250)), false),
            ("é".repeat(18), false),
            (String::new(), false),
        ] {
            assert_eq!(is_guid(&guid), expected, "{guid}");
        }
    }
}
