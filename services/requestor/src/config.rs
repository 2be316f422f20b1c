//! What an operator can set: the original's configuration file.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// Fields of a request that redirects and calls may name.
pub(crate) const FIELDS: [&str; 6] =
    ["request_id", "username", "policy_id", "status", "resource_id", "resource_display_name"];

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It has another form.
    #[error("the configuration of requestor cannot be read")]
    Form(#[from] serde_json::Error),
    /// Something in it does not fit.
    #[error("{0}")]
    Wrong(String),
}

/// What an operator can set.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
pub struct Config {
    /// All statuses.
    pub allowed_request_statuses: Vec<String>,
    /// The status of a request that names none.
    pub default_initial_status: String,
    /// A request in one of these is used again when the same is requested again.
    pub draft_statuses: Vec<String>,
    /// With these the user gets the policy, or loses it.
    pub update_access_statuses: Vec<String>,
    /// A request in one of these is over.
    pub final_statuses: Vec<String>,
    /// How often a call to another system is tried.
    pub default_max_retries: u32,
    /// Where people are sent to, by name.
    pub redirect_configs: IndexMap<String, Redirect>,
    /// Calls to other systems, by name.
    pub external_call_configs: IndexMap<String, Call>,
    /// By the path of a resource, what follows a status of a request about it or something below it.
    pub action_on_update: IndexMap<String, IndexMap<String, Reactions>>,
    /// Logins at other systems, by name.
    pub credentials: IndexMap<String, Credentials>,
    /// Largest body of a request, in bytes.
    #[serde(skip)]
    pub body_limit: usize,
    /// The most requests of an answer, and paths of a question.
    #[serde(skip)]
    pub most: usize,
    /// The version that `/_version` shows.
    #[serde(skip)]
    pub version: String,
}

/// Where people are sent to.
#[derive(Debug, Clone, Deserialize)]
pub struct Redirect {
    /// The address.
    pub redirect_url: Url,
    /// Fields of the request that it gets as arguments.
    #[serde(default)]
    pub params: Vec<String>,
}

/// A call to another system.
#[derive(Debug, Clone, Deserialize)]
pub struct Call {
    /// The method.
    pub method: String,
    /// The address.
    pub url: Url,
    /// What it is told.
    #[serde(default)]
    pub form: Vec<FormField>,
    /// Name of the login.
    #[serde(default)]
    pub creds: Option<String>,
}

/// A field of the form that a call sends.
#[derive(Debug, Clone, Deserialize)]
pub struct FormField {
    /// Its name there.
    pub name: String,
    /// The field of the request.
    pub param: String,
}

/// What follows a status.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Reactions {
    /// Names of redirects; the first counts.
    pub redirect_configs: Vec<String>,
    /// Names of calls.
    pub external_call_configs: Vec<String>,
}

/// A login at another system.
#[derive(Clone, Deserialize)]
pub struct Credentials {
    /// `client_credentials`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The login.
    pub config: ClientCredentials,
}

/// An OAuth client.
#[derive(Clone, Deserialize)]
pub struct ClientCredentials {
    /// Its identifier.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The token endpoint.
    pub url: Url,
    /// Scopes, separated by blanks.
    #[serde(default)]
    pub scope: String,
}

// Written by hand so that a secret can never reach a log.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("client_id", &self.config.client_id).finish_non_exhaustive()
    }
}

impl Default for Config {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            allowed_request_statuses: words(&["DRAFT", "SUBMITTED", "APPROVED", "SIGNED", "REJECTED"]),
            default_initial_status: "DRAFT".to_owned(),
            draft_statuses: words(&["DRAFT"]),
            update_access_statuses: words(&["SIGNED"]),
            final_statuses: words(&["SIGNED", "REJECTED"]),
            default_max_retries: 5,
            redirect_configs: IndexMap::new(),
            external_call_configs: IndexMap::new(),
            action_on_update: IndexMap::new(),
            credentials: IndexMap::new(),
            body_limit: 1 << 20,
            most: 10_000,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl Config {
    /// Reads the document of a configuration file. Keys that are null count as absent, and keys that only
    /// the original's server needs are ignored.
    ///
    /// # Errors
    /// For another form, and for names that nothing has.
    pub fn from_document(document: &Value) -> Result<Self, ConfigError> {
        let mut document = document.clone();
        if let Value::Object(keys) = &mut document {
            keys.retain(|_, value| !value.is_null());
        } else if document.is_null() {
            return Ok(Self::default());
        }
        let read: Self = serde_json::from_value(document)?;
        let usual = Self::default();
        let config = Self { body_limit: usual.body_limit, most: usual.most, version: usual.version, ..read };
        config.check()?;
        Ok(config)
    }

    /// Whether giving a request this status changes the user's access.
    pub(crate) fn updates_access(&self, status: &str) -> bool {
        self.update_access_statuses.iter().any(|known| known == status)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |text: String| Err(ConfigError::Wrong(text));
        let is_allowed = |status: &String| self.allowed_request_statuses.contains(status);
        let lists = [&self.draft_statuses, &self.update_access_statuses, &self.final_statuses];
        let named = lists.into_iter().flatten().chain([&self.default_initial_status]);
        if let Some(status) = named.into_iter().find(|status| !is_allowed(status)) {
            return wrong(format!("the status {status} is not among ALLOWED_REQUEST_STATUSES"));
        }
        let fields = self.redirect_configs.values().flat_map(|redirect| &redirect.params);
        let params =
            self.external_call_configs.values().flat_map(|call| &call.form).map(|field| &field.param);
        if let Some(field) = fields.chain(params).find(|field| !FIELDS.contains(&field.as_str())) {
            return wrong(format!(
                "a request has no field {field}; redirects and calls know {}",
                FIELDS.join(", ")
            ));
        }
        for (name, call) in &self.external_call_configs {
            if call.method.parse::<reqwest::Method>().is_err() {
                return wrong(format!("EXTERNAL_CALL_CONFIGS.{name} has no HTTP method"));
            }
            if let Some(creds) = call.creds.as_ref().filter(|creds| !creds.is_empty())
                && self.credentials.get(creds).is_none_or(|creds| creds.kind != "client_credentials")
            {
                return wrong(format!("CREDENTIALS has no {creds} of the type client_credentials"));
            }
        }
        for (status, reactions) in self.action_on_update.values().flatten() {
            if !is_allowed(status) {
                return wrong(format!(
                    "the status {status} of ACTION_ON_UPDATE is not among ALLOWED_REQUEST_STATUSES"
                ));
            }
            let redirect =
                reactions.redirect_configs.iter().find(|name| !self.redirect_configs.contains_key(*name));
            let mut calls = reactions.external_call_configs.iter();
            let call = calls.find(|name| !self.external_call_configs.contains_key(*name));
            if let Some(name) = redirect.or(call) {
                return wrong(format!("ACTION_ON_UPDATE names {name}, which is not configured"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_originals_default_configuration_is_the_default() {
        let document = json!({
            "DEBUG": true, "ARBORIST_URL": null, "DB_HOST": null, "REDIRECT_CONFIGS": {}, "CREDENTIALS": {},
            "DRAFT_STATUSES": ["DRAFT"],
        });
        let read = Config::from_document(&document).unwrap();
        assert_eq!(read.final_statuses, Config::default().final_statuses);
        assert!(read.updates_access("SIGNED") && !read.updates_access("DRAFT"));
        assert!(Config::from_document(&Value::Null).is_ok());
    }

    #[test]
    fn names_that_nothing_has_are_refused() {
        for (document, told) in [
            (json!({"DEFAULT_INITIAL_STATUS": "NEW"}), "the status NEW"),
            (
                json!({"REDIRECT_CONFIGS": {"r": {"redirect_url": "https://a", "params": ["revoke"]}}}),
                "no field revoke",
            ),
            (
                json!({"EXTERNAL_CALL_CONFIGS": {"c": {"method": "POST", "url": "https://a", "creds": "x"}}}),
                "no x of",
            ),
            (
                json!({"REDIRECT_CONFIGS": {"r": {"redirect_url": "https://a", "params": ["created_time"]}}}),
                "no field created_time",
            ),
            (json!({"ACTION_ON_UPDATE": {"/a": {"DRAFT": {"redirect_configs": ["r"]}}}}), "names r"),
            (json!({"ACTION_ON_UPDATE": {"/a": {"NEW": {}}}}), "status NEW"),
            (json!({"REDIRECT_CONFIGS": {"r": {"redirect_url": "no address"}}}), "cannot be read"),
        ] {
            let error = Config::from_document(&document).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
