//! How long sessions and tokens live, and which scopes they may have.

use indexmap::IndexMap;
use serde::Deserialize;

/// What is configured of sessions and tokens. Lifetimes are in seconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
pub struct TokenSettings {
    /// A session ends when it has not been used for this long.
    pub session_timeout: i64,
    /// A session ends this long after its login, used or not.
    pub session_lifetime: i64,
    /// Lifetime of an access token of a browser session.
    pub access_token_expires_in: i64,
    /// The access token of a session is renewed when less than this is left.
    pub access_token_renewal_threshold: i64,
    /// Longest and default lifetime of an access token made from an API key.
    pub max_access_token_ttl: i64,
    /// Longest and default lifetime of a refresh token of an OAuth client.
    pub refresh_token_expires_in: i64,
    /// Kinds of tasks for which there are tokens of their own.
    pub allowed_task_token_types: Vec<String>,
    /// Longest and default lifetimes of these tokens, by kind.
    pub max_task_token_ttl: IndexMap<String, i64>,
    /// Scopes of these tokens.
    pub task_token_default_scopes: Vec<String>,
    /// Longest and default lifetime of an API key.
    pub max_api_key_ttl: i64,
    /// Scopes that OAuth clients may have.
    pub client_allowed_scopes: Vec<String>,
    /// Scopes that API keys may have.
    pub user_allowed_scopes: Vec<String>,
    /// Scopes of the access tokens of browser sessions.
    pub session_allowed_scopes: Vec<String>,
}

impl Default for TokenSettings {
    fn default() -> Self {
        let google = ["google_credentials", "google_service_account", "google_link", "ga4gh_passport_v1"];
        let scopes = |own: &[&str]| own.iter().chain(&google).map(|scope| (*scope).to_owned()).collect();
        Self {
            session_timeout: 900,
            session_lifetime: 28_800,
            access_token_expires_in: 1200,
            access_token_renewal_threshold: 300,
            max_access_token_ttl: 3600,
            refresh_token_expires_in: 2_592_000,
            allowed_task_token_types: Vec::new(),
            max_task_token_ttl: IndexMap::new(),
            task_token_default_scopes: ["fence", "openid", "user"].map(str::to_owned).to_vec(),
            max_api_key_ttl: 2_592_000,
            client_allowed_scopes: scopes(&["openid", "user", "data"]),
            user_allowed_scopes: scopes(&["fence", "openid", "user", "data", "admin"]),
            session_allowed_scopes: scopes(&["openid", "user", "credentials", "data", "admin"]),
        }
    }
}
