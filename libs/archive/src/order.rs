//! What is asked for: which files, and what is to become of them. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// GUIDs that parameters of a run may list; longer lists are kept as sets.
pub(crate) const MOST_LISTED: usize = 5_000;
/// GUIDs of a set.
pub(crate) const MOST_IN_SET: usize = 1_000_000;
const LONGEST_TEXT: usize = 1_000;
const MOST_DAYS: u16 = 3_650;

/// Which files. Exactly one of them is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Selector {
    /// These GUIDs.
    Guids(Vec<String>),
    /// The entries of a manifest: objects with `object_id`, `guid`, `did` or `id`.
    Manifest(Vec<Map<String, Value>>),
    /// A list that was kept, by its digest.
    Set(String),
    /// The files of a project, as in `program-project`.
    Project(String),
    /// The files that this resource guards, or one below it.
    Authz(String),
    /// The files of a bundle of the index, and of the bundles in it.
    Bundle(String),
    /// What a query of the index finds: names and values as `GET /index` takes them.
    Query(std::collections::BTreeMap<String, String>),
}

/// What becomes of the source of an archived file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteSource {
    /// It stays.
    #[default]
    Never,
    /// It goes when the copy has been read back and the days of grace are over.
    AfterVerification,
}

/// Parameters of `archive`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArchiveOrder {
    /// Which files.
    pub selector: Selector,
    /// Where to; the default tier without a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// What becomes of the sources.
    #[serde(default)]
    pub delete_source: DeleteSource,
    /// Days of grace, in the place of those of the tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_days: Option<u16>,
}

/// Parameters of `retrieve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetrieveOrder {
    /// Which files.
    pub selector: Selector,
    /// Days after which the copy goes again; for good without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u16>,
}

/// Parameters of `verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyOrder {
    /// Which files.
    pub selector: Selector,
}

impl Selector {
    /// Its files as one sorted list without repeats, where it is a list.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn normal(self) -> Result<Self, String> {
        let guids = match self {
            Self::Manifest(entries) => entries
                .iter()
                .enumerate()
                .map(|(place, entry)| {
                    let named = ["object_id", "guid", "did", "id"].iter().find_map(|name| entry.get(*name));
                    let guid = named.and_then(Value::as_str);
                    guid.map(str::to_owned).ok_or_else(|| format!("selector: entry {place} has no object_id"))
                })
                .collect::<Result<_, _>>()?,
            Self::Guids(guids) => guids,
            other => return other.checked(),
        };
        let mut guids: Vec<String> = guids;
        guids.sort_unstable();
        guids.dedup();
        if guids.len() > MOST_IN_SET {
            return Err(format!("selector: at most {MOST_IN_SET} files are named at once"));
        }
        if let Some(wrong) = guids.iter().find(|guid| guid.is_empty() || guid.len() > 255) {
            let shown: String = wrong.chars().take(40).collect();
            return Err(format!("selector: {shown:?} is no GUID"));
        }
        Ok(Self::Guids(guids))
    }

    fn checked(self) -> Result<Self, String> {
        let refused = |told: &str| Err(format!("selector: {told}"));
        match &self {
            Self::Project(project) if !project.contains('-') => {
                refused("project: it is like program-project")
            }
            Self::Authz(resource) if !resource.starts_with('/') => refused("authz: it begins with /"),
            Self::Query(query) if query.is_empty() => {
                refused("query: it is empty; {\"authz\": …} names what guards the files")
            }
            Self::Query(query) => match query.keys().find(|name| PAGING.contains(&name.as_str())) {
                Some(name) => refused(&format!("query: {name} is not for a selector")),
                None => Ok(self),
            },
            Self::Project(text) | Self::Authz(text) | Self::Bundle(text) | Self::Set(text)
                if text.is_empty() || text.len() > LONGEST_TEXT =>
            {
                refused("it is empty or too long")
            }
            _ => Ok(self),
        }
    }

    /// A digest of a normal selector: the same files have the same.
    pub fn digest(&self) -> String {
        if let Self::Set(id) = self {
            return id.clone();
        }
        let mut digest = Sha256::new();
        match self {
            Self::Guids(guids) => guids.iter().for_each(|guid| {
                digest.update(guid.as_bytes());
                digest.update(b"\n");
            }),
            other => digest.update(serde_json::to_vec(other).unwrap_or_default()),
        }
        hex::encode(digest.finalize())
    }
}

/// What a page is asked for with.
const PAGING: [&str; 6] = ["limit", "start", "page", "ids", "form", "expand"];

/// The resource that guards the files of a project.
pub(crate) fn project_resource(project: &str) -> String {
    let (program, code) = project.split_once('-').unwrap_or((project, ""));
    format!("/programs/{program}/projects/{code}")
}

fn read<T: serde::de::DeserializeOwned>(params: &Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(params.clone())).map_err(|error| error.to_string())
}

fn within(days: Option<u16>, name: &str) -> Result<(), String> {
    match days {
        Some(days) if days > MOST_DAYS => Err(format!("{name}: at most {MOST_DAYS}")),
        _ => Ok(()),
    }
}

impl ArchiveOrder {
    /// The order of parameters.
    ///
    /// # Errors
    /// With what is wrong.
    pub(crate) fn read(params: &Map<String, Value>) -> Result<Self, String> {
        let mut order: Self = read(params)?;
        within(order.grace_days, "grace_days")?;
        order.selector = order.selector.normal()?;
        Ok(order)
    }
}

impl RetrieveOrder {
    /// The order of parameters.
    ///
    /// # Errors
    /// With what is wrong.
    pub(crate) fn read(params: &Map<String, Value>) -> Result<Self, String> {
        let mut order: Self = read(params)?;
        within(order.days, "days")?;
        if order.days == Some(0) {
            return Err("days: at least 1; leave it away for good".to_owned());
        }
        order.selector = order.selector.normal()?;
        Ok(order)
    }
}

impl VerifyOrder {
    /// The order of parameters.
    ///
    /// # Errors
    /// With what is wrong.
    pub(crate) fn read(params: &Map<String, Value>) -> Result<Self, String> {
        let mut order: Self = read(params)?;
        order.selector = order.selector.normal()?;
        Ok(order)
    }
}

/// Whether parameters list too many files for a run; `commons archive` and `POST /ops/v1/archive` keep such
/// lists as sets.
pub(crate) fn too_long(selector: &Selector) -> Result<(), String> {
    match selector {
        Selector::Guids(guids) if guids.len() > MOST_LISTED => Err(format!(
            "selector: parameters list at most {MOST_LISTED} files; POST /ops/v1/archive, /retrieve and \
             /verify take longer lists"
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(value: Value) -> Result<ArchiveOrder, String> {
        ArchiveOrder::read(value.as_object().unwrap())
    }

    #[test]
    fn the_same_files_are_the_same_selector() {
        let one = order(json!({"selector": {"guids": ["b", "a", "b"]}})).unwrap();
        let entries = json!([{"object_id": "a", "file_name": "x"}, {"guid": "b"}]);
        let other = order(json!({"selector": {"manifest": entries}, "delete_source": "after_verification"}));
        let other = other.unwrap();
        assert_eq!(one.selector, Selector::Guids(vec!["a".into(), "b".into()]));
        assert_eq!(one.selector.digest(), other.selector.digest());
        assert_eq!(
            (one.delete_source, other.delete_source),
            (DeleteSource::Never, DeleteSource::AfterVerification)
        );
        let query = |value| order(json!({"selector": {"query": value}})).unwrap().selector.digest();
        assert_eq!(query(json!({"a": "1", "b": "2"})), query(json!({"b": "2", "a": "1"})));
        assert_ne!(query(json!({"a": "1"})), query(json!({"a": "2"})));
        assert_eq!(project_resource("P-a-b"), "/programs/P/projects/a-b");
    }

    #[test]
    fn what_is_no_order_is_refused_with_the_reason() {
        for (wrong, told) in [
            (json!({}), "selector"),
            (json!({"selector": {"guids": ["a"], "project": "a-b"}}), "map with a single key"),
            (json!({"selector": {"all": true}}), "unknown variant"),
            (json!({"selector": {"guids": [""]}}), "is no GUID"),
            (json!({"selector": {"manifest": [{"x": 1}]}}), "entry 0 has no object_id"),
            (json!({"selector": {"project": "P"}}), "program-project"),
            (json!({"selector": {"authz": "programs"}}), "begins with /"),
            (json!({"selector": {"query": {}}}), "it is empty"),
            (json!({"selector": {"query": {"limit": "1"}}}), "limit is not for a selector"),
            (json!({"selector": {"bundle": ""}}), "empty or too long"),
            (json!({"selector": {"guids": ["a"]}, "delete": true}), "unknown field"),
            (json!({"selector": {"guids": ["a"]}, "delete_source": "now"}), "unknown variant"),
            (json!({"selector": {"guids": ["a"]}, "grace_days": 4000}), "at most 3650"),
        ] {
            let error = order(wrong.clone()).unwrap_err();
            assert!(error.contains(told), "{wrong}: {error}");
        }
        let none = json!({"selector": {"guids": ["a"]}, "days": 0});
        assert!(RetrieveOrder::read(none.as_object().unwrap()).unwrap_err().contains("at least 1"));
    }
}
