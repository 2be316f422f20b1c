//! A configuration that fence can start with, and what follows from it.

use indexmap::IndexMap;
use regex::Regex;
use storage::Buckets;
use url::Url;
use web::is_loopback;

use super::{
    error::ConfigError,
    login_options::LoginOption,
    provider::Provider,
    settings::{Config, DEVELOPMENT_IDP},
};

/// What follows from a configuration.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The parsed public address.
    pub(crate) base: Url,
    pub(crate) secure_cookies: bool,
    pub(crate) deny_username: Option<Regex>,
    /// `host` or `host:port` of sites to which a login may return.
    pub(crate) redirect_sites: Vec<String>,
    /// Mock providers: name and default user.
    pub(crate) mocks: IndexMap<String, String>,
    pub(crate) default_login: Option<LoginOption>,
    pub(crate) logins: Vec<LoginOption>,
}

impl Config {
    /// The buckets, for making the object store that [`crate::Fence::build`] takes.
    ///
    /// # Errors
    /// When an entry cannot work.
    pub fn buckets(&self) -> Result<Buckets, ConfigError> {
        Ok(Buckets::new(self.s3_buckets.clone(), &self.aws_credentials)?)
    }

    /// Says loudly which uploads cannot work. The original starts with such buckets too, and is delivered
    /// with one.
    ///
    /// # Errors
    /// Those of [`Self::buckets`].
    pub(crate) fn warn_of_upload_buckets(&self) -> Result<(), ConfigError> {
        let buckets = self.buckets()?;
        let uploads = self.allowed_data_upload_buckets.iter().chain([&self.data_upload_bucket]);
        for unknown in uploads.filter(|name| !name.is_empty() && !buckets.contains(name)) {
            tracing::warn!(bucket = unknown, "uploads to this bucket fail: it is not among S3_BUCKETS");
        }
        Ok(())
    }

    /// Whether fence can start with this.
    ///
    /// # Errors
    /// Those of [`crate::Fence::build`].
    pub fn can_start(&self) -> Result<(), ConfigError> {
        self.check(&|_| true).map(drop)
    }

    /// Checks everything; `is_provider` says whether users can log in by the identity provider of this name.
    pub(crate) fn check(&self, is_provider: &dyn Fn(&str) -> bool) -> Result<Checked, ConfigError> {
        let base = self.base()?;
        let loopback = is_loopback(&base);
        let mocks = self.mocks();
        if !loopback {
            let open = self.development_login.then(|| "DEVELOPMENT_LOGIN".to_owned());
            let mock = mocks.keys().next().map(|name| format!("OPENID_CONNECT.{name}.mock"));
            if let Some(setting) = open.or(mock) {
                return Err(ConfigError::OpenLogin { setting, base_url: self.base_url.clone() });
            }
        }
        let deny_username = self.global_username_deny_regex.as_deref().filter(|text| !text.is_empty());
        let deny_username = deny_username.map(Regex::new).transpose().map_err(ConfigError::DenyRegex)?;
        let logins = self.logins(&mocks, is_provider);
        let default = self.default_login_idp.as_ref().or(self.enabled_identity_providers.default.as_ref());
        let default_login = match default {
            None => logins.first().cloned(),
            Some(idp) => {
                let default = logins.iter().find(|option| &option.idp == idp).cloned();
                if default.is_none() && !self.options().iter().any(|option| &option.idp == idp) {
                    return Err(ConfigError::DefaultLogin(idp.clone()));
                }
                default.or_else(|| logins.first().cloned())
            }
        };
        self.buckets()?;
        Ok(Checked {
            secure_cookies: self.session_cookie_secure.unwrap_or(base.scheme() == "https" || !loopback),
            redirect_sites: self.redirect_sites(&base)?,
            base,
            deny_username,
            mocks,
            default_login,
            logins,
        })
    }

    fn base(&self) -> Result<Url, ConfigError> {
        let url = || self.base_url.clone();
        let base =
            Url::parse(&self.base_url).map_err(|source| ConfigError::BaseUrl { url: url(), source })?;
        if matches!(base.scheme(), "http" | "https") && !self.base_url.ends_with('/') {
            Ok(base)
        } else {
            Err(ConfigError::BaseUrlForm(url()))
        }
    }

    fn redirect_sites(&self, base: &Url) -> Result<Vec<String>, ConfigError> {
        let mut sites: Vec<String> = site(base).into_iter().collect();
        for address in &self.login_redirect_whitelist {
            let parsed = Url::parse(address).ok().as_ref().and_then(site);
            sites.push(parsed.ok_or_else(|| ConfigError::Whitelist(address.clone()))?);
        }
        Ok(sites)
    }

    fn mocks(&self) -> IndexMap<String, String> {
        let is_mock = |name: &str, provider: &Provider| {
            provider.mock.is_on() || (name == "google" && self.mock_google_auth.is_on())
        };
        let user = |provider: &Provider| {
            let given = provider.mock_default_user.clone().filter(|name| !name.is_empty());
            given.unwrap_or_else(|| "test@example.com".to_owned())
        };
        let mut mocks: IndexMap<String, String> = self
            .openid_connect
            .iter()
            .filter(|(name, provider)| is_mock(name, provider))
            .map(|(name, provider)| (name.clone(), user(provider)))
            .collect();
        if self.mock_google_auth.is_on() {
            mocks.entry("google".to_owned()).or_insert_with(|| user(&Provider::default()));
        }
        mocks
    }

    /// What the configuration lists, in its newer or its older form.
    fn options(&self) -> Vec<LoginOption> {
        if self.login_options.is_empty() {
            self.enabled_identity_providers.options()
        } else {
            self.login_options.clone()
        }
    }

    /// The login options that work: identity providers, mocks, and the development login. Others are left
    /// out, loudly.
    fn logins(
        &self,
        mocks: &IndexMap<String, String>,
        is_provider: &dyn Fn(&str) -> bool,
    ) -> Vec<LoginOption> {
        let (works, others): (Vec<_>, Vec<_>) = self.options().into_iter().partition(|option| {
            mocks.contains_key(&option.idp)
                || is_provider(&option.idp)
                || (option.idp == DEVELOPMENT_IDP && self.development_login)
        });
        for option in others {
            tracing::warn!(
                login.idp = option.idp,
                "this login option is left out: its provider is not available"
            );
        }
        if works.is_empty() && self.development_login {
            return vec![LoginOption {
                name: "Development login".into(),
                idp: DEVELOPMENT_IDP.into(),
                desc: Some("no password; only on this machine".into()),
                ..LoginOption::default()
            }];
        }
        works
    }
}

/// `host` or `host:port` of an address, the port only when it is not the scheme's own.
pub(crate) fn site(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No identity provider can be used.
    fn nothing(_: &str) -> bool {
        false
    }

    fn with(base_url: &str) -> Config {
        Config { base_url: base_url.into(), ..Config::default() }
    }

    #[test]
    fn logins_without_a_password_need_a_loopback_address() {
        let open = |base: &str| Config { development_login: true, ..with(base) }.check(&nothing);
        for base in ["http://localhost:8080/user", "http://127.0.0.1/user", "http://[::1]:1/user"] {
            assert!(open(base).is_ok(), "{base}");
        }
        for base in
            ["https://commons.example/user", "http://10.0.0.1/user", "http://localhost.evil.example/user"]
        {
            assert!(matches!(open(base), Err(ConfigError::OpenLogin { .. })), "{base}");
        }
        let mock = Config { mock_google_auth: true.into(), ..with("https://commons.example/user") };
        assert!(
            mock.check(&nothing)
                .unwrap_err()
                .to_string()
                .starts_with("OPENID_CONNECT.google.mock logs anybody in")
        );
    }

    #[test]
    fn cookies_are_secure_unless_the_address_is_plain_loopback() {
        let secure = |base: &str| with(base).check(&nothing).unwrap().secure_cookies;
        assert!(!secure("http://localhost:8080/user"));
        assert!(secure("https://localhost/user"));
        assert!(secure("http://commons.example/user"));
    }

    #[test]
    fn the_historic_file_is_read_and_unknown_keys_are_ignored() {
        let config: Config = serde_json::from_value(serde_json::json!({
            "BASE_URL": "http://localhost/user", "MOCK_GOOGLE_AUTH": true, "ENCRYPTION_KEY": "x",
            "LOGIN_OPTIONS": [{"name": "G", "idp": "google"}, {"name": "O", "idp": "orcid"}],
            "AWS_CREDENTIALS": {"C": {"aws_access_key_id": "a", "aws_secret_access_key": "b"}},
            "S3_BUCKETS": {"b": {"cred": "C", "region": "us-east-1"}}, "DATA_UPLOAD_BUCKET": "b",
        }))
        .unwrap();
        let checked = config.check(&nothing).unwrap();
        assert_eq!(checked.mocks["google"], "test@example.com");
        assert_eq!(checked.default_login.unwrap().idp, "google");
        assert_eq!(checked.logins.len(), 1, "an external provider is left out");
        let unknown = Config { data_upload_bucket: "none".into(), ..config };
        assert!(unknown.check(&nothing).is_ok(), "uploads fail, everything else works");
    }
}
