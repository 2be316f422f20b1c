//! What an operator can set: guppy's configuration file and its variables (guppy 0.20).

use std::time::Duration;

use serde::Deserialize;

/// Who may see what of an index. The first is the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Only documents that the caller may read, in rows and in counts.
    Private,
    /// Rows of documents that the caller may read; counts of all, but none that tells of a small group.
    Regular,
    /// Everything is everybody's.
    Libre,
}

impl Tier {
    fn read(text: &str) -> Option<Self> {
        match text {
            "private" => Some(Self::Private),
            "regular" => Some(Self::Regular),
            "libre" => Some(Self::Libre),
            _ => None,
        }
    }
}

/// One configured index (an entry of `indices` in guppy's configuration file).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Name of the index or of its alias.
    pub index: String,
    /// Name of the root field in GraphQL.
    pub doc_type: String,
    /// Who may see what of it: the stricter of its own and of that of all.
    pub tier: Tier,
    /// What its own entry says of it, which shows in the names of its types.
    pub own_tier: Option<Tier>,
}

/// Documents that lack a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Whether counts by a text show them, and filters can ask for them.
    pub shown: bool,
    /// How they are called there.
    pub alias: String,
}

/// Where it is asked who may read what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// arborist is asked.
    Arborist,
    /// `GEN3_ARBORIST_ENDPOINT` is `mock`, as on a developer's machine: the graph shows private indices to
    /// everybody, and nobody may download from them.
    Mock,
}

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The indices.
    pub indices: Vec<Index>,
    /// The index that says which fields are lists.
    pub config_index: Option<String>,
    /// The field with the resource that a document belongs to. What is before its last dot is a nested path.
    pub auth_field: String,
    /// Documents that lack a field.
    pub missing: Missing,
    /// Values whose counts are never hidden, in lower case.
    pub whitelist: Vec<String>,
    /// The field that is `true` in documents which are left out of the counts of who may not read them.
    pub sensitive_field: Option<String>,
    /// Whether `/_refresh` works.
    pub refresh: bool,
    /// Groups of fewer documents are hidden from who may not read them.
    pub limit: u64,
    /// The sub-field of a text in which words are found.
    pub analyzed: String,
    /// Who is asked for rights.
    pub rights: Rights,
    /// How often it is looked whether mappings have changed.
    pub look: Duration,
    /// The version that `/_version` shows.
    pub version: String,
    /// The commit that `/_version` shows.
    pub commit: String,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not JSON, or one of its keys has a value of another type.
    #[error("guppy's configuration file cannot be read: {0}")]
    File(#[from] serde_json::Error),
    /// A tier is none.
    #[error("{place}: {value:?} is none of private, regular and libre")]
    Tier {
        /// Where it stands.
        place: String,
        /// What it says.
        value: String,
    },
    /// A variable is not a number.
    #[error("{name}: {value:?} is not a whole number")]
    Number {
        /// The variable.
        name: &'static str,
        /// What it says.
        value: String,
    },
    /// A name that GraphQL does not take.
    #[error("the type {0:?} is not a name of GraphQL, or it is configured twice")]
    Name(String),
}

#[derive(Deserialize)]
struct Entry {
    index: String,
    #[serde(rename = "type")]
    doc_type: String,
    tier_access_level: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// The file as it is written.
#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    indices: Option<Vec<Entry>>,
    config_index: Option<String>,
    auth_filter_field: Option<String>,
    aggs_include_missing_data: Option<bool>,
    missing_data_alias: Option<String>,
    enable_encrypt_whitelist: Option<bool>,
    encrypt_whitelist: Option<OneOrMany>,
    tier_access_sensitive_record_exclusion_field: Option<String>,
    #[serde(rename = "allowRefresh")]
    allow_refresh: Option<bool>,
}

/// Largest request body, as in the original.
pub(crate) const BODY_LIMIT: usize = 50 << 20;
const WHITELIST: [&str; 4] = ["__missing__", "unknown", "not reported", "no data"];
const LIMIT: u64 = 1_000;
const LOOK: Duration = Duration::from_secs(30);

impl Default for Config {
    /// What guppy has when it is given no configuration.
    fn default() -> Self {
        Self::read(None, |_| None).expect("invariant: without a file and variables there is nothing wrong")
    }
}

impl Config {
    /// Reads guppy's configuration file, if there is one, and its variables.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(file: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let file: File = file.map(serde_json::from_str).transpose()?.unwrap_or_default();
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let place = "TIER_ACCESS_LEVEL";
        let site = variable(place).map(|level| tier(place, &level)).transpose()?.unwrap_or(Tier::Private);
        let (entries, config_index) = match file.indices {
            Some(entries) => (entries, file.config_index),
            None => (default_entries(), file.config_index.or_else(|| Some("gen3-dev-config".to_owned()))),
        };
        let whitelist = match file.encrypt_whitelist {
            _ if file.enable_encrypt_whitelist != Some(true) => Vec::new(),
            None => WHITELIST.map(str::to_owned).into(),
            Some(OneOrMany::One(word)) => vec![word],
            Some(OneOrMany::Many(words)) => words,
        };
        let limit = variable("TIER_ACCESS_LIMIT").map(|text| {
            text.trim().parse().map_err(|_| ConfigError::Number { name: "TIER_ACCESS_LIMIT", value: text })
        });
        let analyzed = variable("ANALYZED_TEXT_FIELD_SUFFIX").unwrap_or_else(|| ".analyzed".to_owned());
        let is_mock = variable("GEN3_ARBORIST_ENDPOINT").is_some_and(|address| address == "mock");
        Ok(Self {
            indices: indices(entries, site)?,
            config_index,
            auth_field: file.auth_filter_field.unwrap_or_else(|| "auth_resource_path".to_owned()),
            missing: Missing {
                shown: file.aggs_include_missing_data.unwrap_or(true),
                alias: file.missing_data_alias.unwrap_or_else(|| "no data".to_owned()),
            },
            whitelist: whitelist.iter().map(|word| word.to_lowercase()).collect(),
            sensitive_field: file.tier_access_sensitive_record_exclusion_field.filter(|f| !f.is_empty()),
            refresh: file.allow_refresh.unwrap_or_default(),
            limit: limit.transpose()?.unwrap_or(LIMIT),
            analyzed: analyzed.trim_start_matches('.').to_owned(),
            rights: if is_mock { Rights::Mock } else { Rights::Arborist },
            look: LOOK,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: "unknown".to_owned(),
        })
    }

    /// The nested path of the field with the resource, and the whole name of that field.
    pub(crate) fn auth_path(&self) -> (Option<&str>, &str) {
        (self.auth_field.rsplit_once('.').map(|(path, _)| path), &self.auth_field)
    }
}

fn default_entries() -> Vec<Entry> {
    let entry = |index: &str, doc_type: &str| Entry {
        index: index.into(),
        doc_type: doc_type.into(),
        tier_access_level: None,
    };
    vec![entry("gen3-dev-subject", "subject"), entry("gen3-dev-file", "file")]
}

fn tier(place: &str, level: &str) -> Result<Tier, ConfigError> {
    Tier::read(level).ok_or_else(|| ConfigError::Tier { place: place.to_owned(), value: level.to_owned() })
}

/// The indices with their tiers. Where each has one of its own, that of all does not count.
fn indices(entries: Vec<Entry>, site: Tier) -> Result<Vec<Index>, ConfigError> {
    let all_have_one = entries.iter().all(|entry| entry.tier_access_level.is_some());
    let mut indices: Vec<Index> = Vec::with_capacity(entries.len());
    for Entry { index, doc_type, tier_access_level } in entries {
        let own_tier = tier_access_level.map(|level| tier(&index, &level)).transpose()?;
        let tier = match own_tier {
            Some(own) if all_have_one => own,
            Some(own) => own.min(site),
            None => site,
        };
        if !is_name(&doc_type) || indices.iter().any(|other| other.doc_type == doc_type) {
            return Err(ConfigError::Name(doc_type));
        }
        indices.push(Index { index, doc_type, tier, own_tier });
    }
    Ok(indices)
}

/// Whether GraphQL takes it as a name that is not its own.
pub(crate) fn is_name(text: &str) -> bool {
    !text.starts_with("__")
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Config::read(Some(file), variable)
    }

    #[test]
    fn without_anything_it_is_that_of_a_developer() {
        let config = Config::default();
        let names: Vec<_> = config.indices.iter().map(|index| index.index.as_str()).collect();
        assert_eq!(names, ["gen3-dev-subject", "gen3-dev-file"]);
        assert_eq!(config.config_index.as_deref(), Some("gen3-dev-config"));
        assert_eq!((config.limit, config.indices[0].tier), (1_000, Tier::Private));
        assert!(config.whitelist.is_empty());
        assert_eq!(
            (config.auth_path(), config.analyzed.as_str()),
            ((None, "auth_resource_path"), "analyzed")
        );
    }

    #[test]
    fn the_strictest_tier_counts_unless_each_index_has_its_own() {
        let tiers = |file: &str, site: &str| -> Vec<Tier> {
            let config = read(file, &[("TIER_ACCESS_LEVEL", site)]).unwrap();
            config.indices.iter().map(|index| index.tier).collect()
        };
        let both = r#"{"indices": [{"index": "a", "type": "a", "tier_access_level": "libre"},
                                   {"index": "b", "type": "b", "tier_access_level": "regular"}]}"#;
        assert_eq!(tiers(both, "private"), [Tier::Libre, Tier::Regular]);
        let one = r#"{"indices": [{"index": "a", "type": "a", "tier_access_level": "libre"},
                                  {"index": "b", "type": "b"}]}"#;
        assert_eq!(tiers(one, "regular"), [Tier::Regular, Tier::Regular]);
        let strict = one.replace("libre", "private");
        assert_eq!(tiers(&strict, "regular"), [Tier::Private, Tier::Regular]);
    }

    #[test]
    fn what_cannot_be_used_is_refused_at_the_start() {
        let wrong = [
            ("{", vec![]),
            ("{}", vec![("TIER_ACCESS_LEVEL", "open")]),
            ("{}", vec![("TIER_ACCESS_LIMIT", "many")]),
            (r#"{"indices": [{"index": "a", "type": "a", "tier_access_level": "x"}]}"#, vec![]),
            (r#"{"indices": [{"index": "a", "type": "a-b"}]}"#, vec![]),
            (r#"{"indices": [{"index": "a", "type": "a"}, {"index": "b", "type": "a"}]}"#, vec![]),
        ];
        for (file, variables) in wrong {
            assert!(read(file, &variables).is_err(), "{file} {variables:?}");
        }
    }

    #[test]
    fn the_whitelist_is_a_list_or_one_word_and_off_by_default() {
        let words = |file: &str| read(file, &[]).unwrap().whitelist;
        assert_eq!(words(r#"{"encrypt_whitelist": ["A"]}"#), Vec::<String>::new());
        assert_eq!(
            words(r#"{"enable_encrypt_whitelist": true, "encrypt_whitelist": "Unknown"}"#),
            ["unknown"]
        );
        assert_eq!(words(r#"{"enable_encrypt_whitelist": true}"#), WHITELIST);
    }
}
