//! Settings of logins through Shibboleth, which a proxy in front of fence speaks.

use serde::Deserialize;

use super::{error::ConfigError, provider::ClientSecret};

/// The shortest secret: who guesses it is anybody.
const SHORTEST: usize = 16;

/// What is configured of Shibboleth.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
pub struct ShibbolethSettings {
    /// The header in which the proxy says who it is where it does not say `eppn`.
    pub shibboleth_header: String,
    /// Where browsers are sent; our own address is written behind it.
    pub sso_url: String,
    /// By this secret fence knows the proxy. Without one, nobody logs in by headers. Ours.
    pub shibboleth_proxy_secret: ClientSecret,
}

impl Default for ShibbolethSettings {
    fn default() -> Self {
        Self {
            shibboleth_header: "persistent_id".into(),
            sso_url: String::new(),
            shibboleth_proxy_secret: ClientSecret::default(),
        }
    }
}

impl ShibbolethSettings {
    /// Whether users can log in this way.
    pub(crate) fn is_on(&self) -> bool {
        !self.shibboleth_proxy_secret.as_str().is_empty()
    }

    /// # Errors
    /// For a secret that is too short, and without an address to send browsers to.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let secret = self.shibboleth_proxy_secret.as_str();
        if !self.is_on() {
            return Ok(());
        }
        if secret.len() < SHORTEST {
            return Err(ConfigError::Shibboleth("SHIBBOLETH_PROXY_SECRET is shorter than 16 characters"));
        }
        if !self.sso_url.starts_with("https://") && !self.sso_url.starts_with("http://") {
            return Err(ConfigError::Shibboleth("SSO_URL is no address"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Config;

    #[test]
    fn a_proxy_needs_a_secret_that_nobody_guesses_and_an_address() {
        let start = |secret: &str, url: &str| {
            let document = json!({"SHIBBOLETH_PROXY_SECRET": secret, "SSO_URL": url});
            Config::from_document(&document).unwrap().can_start()
        };
        let url = "https://auth.example/sso?RelayState=";
        assert!(start("", url).is_ok() && start("", "").is_ok(), "it is off");
        assert!(start("0123456789abcdef", url).is_ok());
        for (secret, url) in [("short", url), ("0123456789abcdef", ""), ("0123456789abcdef", "javascript:x")]
        {
            assert!(matches!(start(secret, url), Err(ConfigError::Shibboleth(_))), "{secret} {url}");
        }
    }
}
