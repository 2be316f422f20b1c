//! What an operator can set.

use serde_json::{Value, json};
use subtle::{Choice, ConstantTimeEq as _};

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Basic logins of administrators (`ADMIN_LOGINS`).
    pub logins: Logins,
    /// `authz` of new documents (`DEFAULT_AUTHZ_STR`).
    pub default_authz: Value,
    /// Documents of one answer, at most (`METADATA_QUERY_RESULTS_LIMIT`).
    pub most_results: usize,
    /// Reading needs a right too (`FORCE_AUTHZ_CHECK_FOR_METADATA_QUERIES`).
    pub reading: Reading,
    /// Whether the aggregate is served (`USE_AGG_MDS`).
    pub aggregate: Aggregate,
    /// Largest body of a request, in bytes.
    pub body_limit: usize,
    /// Largest sum of the documents of one answer, in bytes.
    pub answer_limit: usize,
    /// The version that `/version` shows.
    pub version: String,
}

/// Who may read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reading {
    /// Anybody.
    #[default]
    Open,
    /// Who has `access` to `mds_gateway` on `/mds_metadata_queries`.
    Permitted,
}

/// Whether studies of other commons are served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Aggregate {
    /// As soon as `commons metadata sync` has brought some.
    #[default]
    WhenFilled,
    /// Always.
    On,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            logins: Logins::default(),
            default_authz: json!({ "version": 0, "_resource_paths": ["/open"] }),
            most_results: 2_000,
            reading: Reading::Open,
            aggregate: Aggregate::WhenFilled,
            body_limit: 32 << 20,
            answer_limit: 128 << 20,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A login without a password.
    #[error("ADMIN_LOGINS must be USER:PASSWORD, separated by commas")]
    Login,
    /// `DEFAULT_AUTHZ_STR` is no JSON object.
    #[error("DEFAULT_AUTHZ_STR is not a JSON object")]
    Authz,
}

/// Basic logins, each as `USER:PASSWORD`.
#[derive(Clone, Default)]
pub struct Logins(Vec<String>);

// Written by hand so that a password can never reach a log.
impl std::fmt::Debug for Logins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logins({})", self.0.len())
    }
}

impl Logins {
    /// # Errors
    /// For an item that has no user or no password.
    pub fn new(items: impl IntoIterator<Item = String>) -> Result<Self, ConfigError> {
        let items = items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty());
        let logins: Vec<String> = items.collect();
        let whole = |login: &String| {
            login.split_once(':').is_some_and(|(user, password)| !user.is_empty() && !password.is_empty())
        };
        if logins.iter().all(whole) { Ok(Self(logins)) } else { Err(ConfigError::Login) }
    }

    /// Whether `given` is one of them. How long it takes does not tell which, or how much of one is right.
    pub(crate) fn have(&self, given: &str) -> bool {
        let same = |login: &String| login.as_bytes().ct_eq(given.as_bytes());
        bool::from(self.0.iter().map(same).fold(Choice::from(0), |any, same| any | same))
    }
}

impl Config {
    /// Reads `DEFAULT_AUTHZ_STR`.
    ///
    /// # Errors
    /// For anything but a JSON object.
    pub fn authz_of(text: &str) -> Result<Value, ConfigError> {
        let read: Option<Value> = serde_json::from_str(text).ok();
        read.filter(Value::is_object).ok_or(ConfigError::Authz)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_one_of_the_given_ones_as_a_whole() {
        let logins = Logins::new(["a:b".to_owned(), " c:d:e".to_owned(), String::new()]).unwrap();
        for (given, expected) in [
            ("a:b", true),
            ("c:d:e", true),
            ("a:", false),
            ("a:bc", false),
            ("", false),
            ("a:b,c:d:e", false),
        ] {
            assert_eq!(logins.have(given), expected, "{given}");
        }
        assert!(!Logins::default().have(""));
        assert_eq!(format!("{logins:?}"), "Logins(2)");
        for wrong in ["a", ":b", "a:"] {
            assert!(Logins::new([wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_authorisation_of_new_documents_is_an_object() {
        assert!(Config::authz_of(r#"{"version": 0}"#).is_ok());
        assert!(Config::authz_of("[]").is_err() && Config::authz_of("{").is_err());
    }
}
