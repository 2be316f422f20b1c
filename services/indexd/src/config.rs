//! Configuration, with the names and forms of the original's environment.

use std::collections::BTreeMap;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{authorizations::AuthorizationPolicy, layout::Layout};

/// A setting that cannot be used. The message names the variable and says what it should look like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {reason}")]
pub struct ConfigError {
    /// Environment variable, or `index_config` of a creds file.
    pub variable: &'static str,
    /// What is wrong.
    pub reason: String,
}

/// How new GUIDs look (`index_config` of the original).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "UPPERCASE")]
pub struct IndexConfig {
    /// For example `dg.1234/`; empty if there is none.
    pub default_prefix: String,
    /// New GUIDs begin with the prefix.
    pub prepend_prefix: bool,
    /// New records get the alias prefix + did.
    pub add_prefix_alias: bool,
}

impl IndexConfig {
    fn parse(variable: &'static str, value: Value) -> Result<Self, ConfigError> {
        let error = |reason: String| ConfigError { variable, reason };
        let config: Self = serde_json::from_value(value).map_err(|cause| error(cause.to_string()))?;
        if config.prepend_prefix && config.add_prefix_alias {
            return Err(error("PREPEND_PREFIX and ADD_PREFIX_ALIAS must not both be true".into()));
        }
        if !config.default_prefix.is_empty() && !config.default_prefix.ends_with('/') {
            tracing::warn!(config.variable = variable, "DEFAULT_PREFIX should end in a slash");
        }
        Ok(config)
    }
}

/// Another index service that is asked for GUIDs which are not found here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DistEntry {
    /// Its name.
    pub name: String,
    /// Its URL, for example `https://other.commons/index/`.
    pub host: String,
    /// Regular expressions for the beginnings of its GUIDs.
    #[serde(default)]
    pub hints: Vec<String>,
    /// `indexd`, `doi`, `dos` or `hs`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What else the configuration says; published as it is.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Cloud providers by URL scheme, or below a scheme by the beginning of `host/path`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct CloudProviders(BTreeMap<String, Providers>);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Providers {
    All(String),
    ByPrefix(BTreeMap<String, String>),
}

impl Default for CloudProviders {
    fn default() -> Self {
        let all = [("s3", "aws"), ("gs", "gcp"), ("az", "azure")];
        Self(all.map(|(scheme, cloud)| (scheme.to_owned(), Providers::All(cloud.to_owned()))).into())
    }
}

impl CloudProviders {
    /// The provider behind a storage URL.
    pub(crate) fn of(&self, url: &str) -> Option<&str> {
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        match self.0.get(scheme)? {
            Providers::All(cloud) => Some(cloud),
            Providers::ByPrefix(prefixes) => {
                let place = rest.trim_start_matches('/');
                prefixes
                    .iter()
                    .find(|(prefix, _)| place.starts_with(*prefix))
                    .map(|(_, cloud)| cloud.as_str())
            }
        }
    }
}

/// In which form DRS documents are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DrsForm {
    /// That of the original, which the clients of Gen3 read.
    #[default]
    Gen3,
    /// That of the standard, DRS 1.2, with nothing added. The public compliance suite checks it.
    Strict,
}

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// How new GUIDs look.
    pub index: IndexConfig,
    /// In which tables the records are; `None` leaves it to what the database shows.
    pub layout: Option<Layout>,
    /// Public host name, without scheme.
    pub hostname: String,
    /// Where fence answers `/data/buckets`.
    pub fence_url: String,
    /// Other index services.
    pub dist: Vec<DistEntry>,
    /// Values that replace those of the DRS service-info.
    pub service_info: Map<String, Value>,
    /// In which form DRS documents are.
    pub drs_form: DrsForm,
    /// Advertised in the DRS service-info, and kept to in the strict form.
    pub max_bulk_request_length: u32,
    /// Cloud providers of storage URLs.
    pub clouds: CloudProviders,
    /// Which issuers a DRS client should get a token of.
    pub authorizations: AuthorizationPolicy,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            index: IndexConfig::default(),
            layout: None,
            hostname: "localhost".into(),
            fence_url: "http://fence-service".into(),
            dist: Vec::new(),
            service_info: Map::new(),
            drs_form: DrsForm::default(),
            max_bulk_request_length: 100,
            clouds: CloudProviders::default(),
            authorizations: AuthorizationPolicy::default(),
        }
    }
}

impl Config {
    /// What `USE_SINGLE_TABLE` says; `None` when it is unset or empty.
    ///
    /// # Errors
    /// When it says neither true nor false.
    pub fn layout_from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Layout>, ConfigError> {
        let Some(text) = lookup("USE_SINGLE_TABLE").filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(Some(Layout::Single)),
            "false" => Ok(Some(Layout::Multi)),
            _ => {
                let reason = format!("'{text}' is neither true nor false");
                Err(ConfigError { variable: "USE_SINGLE_TABLE", reason })
            }
        }
    }

    /// Reads the environment (or whatever `lookup` looks into): `INDEX_CONFIG` (JSON object with
    /// `DEFAULT_PREFIX`, `PREPEND_PREFIX`, `ADD_PREFIX_ALIAS`), `HOSTNAME`, `FENCE_SERVICE_URL`, `DIST`,
    /// `DRS_SERVICE_INFO`, `MAX_BULK_REQUEST_LENGTH`, `CLOUD_PROVIDER_MAP`, `DRS_AUTHORIZATION_METADATA`,
    /// `DEFAULT_BEARER_ISSUER`, `DEFAULT_PASSPORT_ISSUER`, `DEFAULT_PREFERRED_TYPE`. An empty value counts as
    /// unset. `USE_SINGLE_TABLE` says in which tables the records are; without it the database shows that.
    ///
    /// # Errors
    /// The first variable that cannot be used.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let get = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let mut config = Self { layout: Self::layout_from_env(&lookup)?, ..Self::default() };
        if let Some(value) = json_of(&get, "INDEX_CONFIG")? {
            config.index = IndexConfig::parse("INDEX_CONFIG", value)?;
        }
        if let Some(host) = get("HOSTNAME") {
            config.hostname = host;
        }
        if let Some(url) = get("FENCE_SERVICE_URL") {
            config.fence_url = url.trim_end_matches('/').to_owned();
        }
        if let Some(dist) = typed(&get, "DIST")? {
            config.dist = dist;
            check_hints(&config.dist)?;
        }
        if let Some(info) = typed(&get, "DRS_SERVICE_INFO")? {
            config.service_info = info;
        }
        if let Some(text) = get("MAX_BULK_REQUEST_LENGTH") {
            let error = |_| ConfigError {
                variable: "MAX_BULK_REQUEST_LENGTH",
                reason: format!("'{text}' is not a whole number"),
            };
            config.max_bulk_request_length = text.trim().parse().map_err(error)?;
        }
        if let Some(clouds) = typed(&get, "CLOUD_PROVIDER_MAP")? {
            config.clouds = clouds;
        }
        config.authorizations = AuthorizationPolicy {
            by_path: typed(&get, "DRS_AUTHORIZATION_METADATA")?.unwrap_or_default(),
            default_bearer_issuer: get("DEFAULT_BEARER_ISSUER"),
            default_passport_issuer: get("DEFAULT_PASSPORT_ISSUER"),
            default_preferred: match get("DEFAULT_PREFERRED_TYPE") {
                None => Default::default(),
                Some(text) => from_value("DEFAULT_PREFERRED_TYPE", json!(text))?,
            },
        };
        Ok(config)
    }

    /// Takes `index_config` from `creds`, the content of a `creds.json` as the original's deployments have
    /// it; the database settings in it are not used here.
    ///
    /// # Errors
    /// When `creds` is not a JSON object or its `index_config` cannot be used.
    pub fn with_creds(mut self, creds: &str) -> Result<Self, ConfigError> {
        let mut creds: Map<String, Value> = serde_json::from_str(creds)
            .map_err(|cause| ConfigError { variable: "creds.json", reason: cause.to_string() })?;
        if let Some(value) = creds.remove("index_config") {
            self.index = IndexConfig::parse("index_config", value)?;
        }
        Ok(self)
    }
}

fn json_of(
    get: &impl Fn(&str) -> Option<String>,
    variable: &'static str,
) -> Result<Option<Value>, ConfigError> {
    let parse = |text: String| {
        serde_json::from_str(&text)
            .map_err(|cause| ConfigError { variable, reason: format!("this is not JSON: {cause}") })
    };
    get(variable).map(parse).transpose()
}

fn typed<T: serde::de::DeserializeOwned>(
    get: &impl Fn(&str) -> Option<String>,
    variable: &'static str,
) -> Result<Option<T>, ConfigError> {
    json_of(get, variable)?.map(|value| from_value(variable, value)).transpose()
}

fn from_value<T: serde::de::DeserializeOwned>(
    variable: &'static str,
    value: Value,
) -> Result<T, ConfigError> {
    serde_json::from_value(value).map_err(|cause| ConfigError { variable, reason: cause.to_string() })
}

fn check_hints(dist: &[DistEntry]) -> Result<(), ConfigError> {
    for hint in dist.iter().flat_map(|entry| &entry.hints) {
        let reason = |cause: regex::Error| format!("the hint '{hint}' is not a regular expression: {cause}");
        Regex::new(hint).map_err(|cause| ConfigError { variable: "DIST", reason: reason(cause) })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_env(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_empty_environment_gives_the_defaults() {
        assert_eq!(read(&[("DIST", " ")]), Ok(Config::default()));
    }

    #[test]
    fn a_cloud_is_found_by_scheme_or_by_the_beginning_of_the_place() {
        let map = r#"{"s3": "aws", "https": {"acct.blob.core.windows.net/": "azure"}}"#;
        let clouds = read(&[("CLOUD_PROVIDER_MAP", map)]).expect("a valid map").clouds;
        assert_eq!(clouds.of("s3://b/k"), Some("aws"));
        assert_eq!(clouds.of("https://acct.blob.core.windows.net/c/k"), Some("azure"));
        assert_eq!(clouds.of("https://elsewhere/c/k"), None);
        assert_eq!(clouds.of("S3://b/k"), None);
        assert_eq!(clouds.of("plain/path"), None);
    }

    #[test]
    fn the_layout_is_named_as_in_the_original_or_left_to_the_database() {
        let layout = |value: &str| read(&[("USE_SINGLE_TABLE", value)]).expect("a valid value").layout;
        assert_eq!(layout("True"), Some(Layout::Single));
        assert_eq!(layout("false"), Some(Layout::Multi));
        assert_eq!(layout(""), None);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (variable, value, part) in [
            ("DIST", "{", "not JSON"),
            ("DIST", r#"[{"name": "x"}]"#, "host"),
            ("DIST", r#"[{"name": "x", "host": "h", "type": "indexd", "hints": ["("]}]"#, "hint '('"),
            ("MAX_BULK_REQUEST_LENGTH", "many", "'many' is not a whole number"),
            ("INDEX_CONFIG", r#"{"PREPEND_PREFIX": true, "ADD_PREFIX_ALIAS": true}"#, "must not both"),
            ("DEFAULT_PREFERRED_TYPE", "Basic", "BearerAuth"),
            ("USE_SINGLE_TABLE", "perhaps", "neither true nor false"),
        ] {
            let error = read(&[(variable, value)]).expect_err(variable);
            assert!(error.variable == variable && error.reason.contains(part), "{error}");
        }
    }

    #[test]
    fn a_creds_file_gives_the_prefix() {
        let creds =
            r#"{"db_host": "x", "index_config": {"DEFAULT_PREFIX": "dg.1/", "PREPEND_PREFIX": true}}"#;
        let config = Config::default().with_creds(creds).expect("valid creds");
        assert_eq!(
            config.index,
            IndexConfig { default_prefix: "dg.1/".into(), prepend_prefix: true, add_prefix_alias: false }
        );
    }
}
