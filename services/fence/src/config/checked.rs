//! A configuration that fence can start with, and what follows from it.

use std::time::Duration;

use indexmap::IndexMap;
use regex::Regex;
use storage::Buckets;
use url::Url;
use web::is_loopback;

use super::{
    error::ConfigError,
    local_accounts::LOCAL_IDP,
    login_options::LoginOption,
    passports::ParseVisas,
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
    /// What comes after the beginning of the address of an embedding.
    pub(crate) embeddings: Regex,
    pub(crate) logo: Option<Logo>,
    /// The queues in which stores tell of uploads, each with what its client is told.
    pub(crate) queues: Vec<(Url, aws::Settings)>,
}

/// The image beside the name of the commons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logo {
    pub(crate) address: String,
    /// What a page's policy names to let it be loaded.
    pub(crate) source: String,
}

impl Config {
    /// The buckets of S3. Sessions of roles outlive the longest signed URL.
    ///
    /// # Errors
    /// When an entry cannot work.
    pub fn buckets(&self) -> Result<Buckets, ConfigError> {
        let increase =
            if self.max_role_session_increase.is_on() { self.assume_role_cache_seconds } else { 0 };
        let session = Duration::from_secs(u64::from(self.max_presigned_url_ttl) + u64::from(increase));
        Ok(Buckets::with_role_sessions(self.s3_buckets.clone(), &self.aws_credentials, session)?)
    }

    /// Says loudly which uploads to S3 cannot work. The original starts with such buckets too, and is
    /// delivered with one.
    ///
    /// # Errors
    /// Those of [`Self::buckets`].
    pub(crate) fn warn_of_upload_buckets(&self) -> Result<(), ConfigError> {
        let buckets = self.buckets()?;
        let uploads = self.allowed_data_upload_buckets.iter().chain([&self.data_upload_bucket]);
        let is_at_s3 = |name: &&String| !name.is_empty() && !name.contains("://");
        for unknown in uploads.filter(is_at_s3).filter(|name| !buckets.contains(name)) {
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
        self.check_local_accounts()?;
        if let Some(problem) = self.upload_indexing.problem() {
            return Err(ConfigError::UploadIndexing(problem));
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
        if self.visas.global_parse_visas_on_login != ParseVisas::Never
            && !self.visas.enable_visa_update_cron.is_on()
        {
            return Err(ConfigError::VisasWithoutUpdates);
        }
        self.shibboleth.check()?;
        self.buckets()?;
        let embeddings = format!("^(?:{})$", self.gen3_embeddings_api_regex);
        let embeddings = Regex::new(&embeddings).map_err(ConfigError::EmbeddingsRegex)?;
        Ok(Checked {
            embeddings,
            secure_cookies: self.session_cookie_secure.unwrap_or(base.scheme() == "https" || !loopback),
            redirect_sites: self.redirect_sites(&base)?,
            base,
            deny_username,
            mocks,
            default_login,
            logins,
            logo: self.logo()?,
            queues: self.queues()?,
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

    fn check_local_accounts(&self) -> Result<(), ConfigError> {
        if !self.local_accounts.enabled.is_on() {
            return Ok(());
        }
        let taken = self.openid_connect.keys().any(|name| name.eq_ignore_ascii_case(LOCAL_IDP));
        let taken = taken.then(|| format!("OPENID_CONNECT has a provider of the name {LOCAL_IDP}"));
        match self.local_accounts.problem().or(taken) {
            Some(problem) => Err(ConfigError::LocalAccounts(problem)),
            None => Ok(()),
        }
    }

    fn logo(&self) -> Result<Option<Logo>, ConfigError> {
        let Some(given) = self.logo_url.as_deref().map(str::trim).filter(|address| !address.is_empty())
        else {
            return Ok(None);
        };
        let refused = || ConfigError::Logo(given.to_owned());
        if given.starts_with('/') && !given.starts_with("//") && !given.contains('\\') {
            return Ok(Some(Logo { address: given.to_owned(), source: "'self'".into() }));
        }
        let url = Url::parse(given).map_err(|_| refused())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(refused());
        }
        let source = url.origin().ascii_serialization();
        Ok(Some(Logo { address: url.into(), source }))
    }

    fn queues(&self) -> Result<Vec<(Url, aws::Settings)>, ConfigError> {
        let queues = self.upload_indexing.queues.iter();
        queues.map(|queue| Ok((queue.url.clone(), queue.client(&self.aws_credentials)?))).collect()
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
    pub(crate) fn options(&self) -> Vec<LoginOption> {
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
        let local = self.local_accounts.enabled.is_on();
        let (mut works, others): (Vec<_>, Vec<_>) = self.options().into_iter().partition(|option| {
            mocks.contains_key(&option.idp)
                || is_provider(&option.idp)
                || (option.idp == DEVELOPMENT_IDP && self.development_login)
                || (option.idp == LOCAL_IDP && local)
        });
        for option in others {
            tracing::warn!(
                login.idp = option.idp,
                "this login option is left out: its provider is not available"
            );
        }
        if works.is_empty() && self.development_login {
            works.push(LoginOption {
                name: "Development login".into(),
                idp: DEVELOPMENT_IDP.into(),
                desc: Some("no password; only on this machine".into()),
                ..LoginOption::default()
            });
        }
        if local && !works.iter().any(|option| option.idp == LOCAL_IDP) {
            let (name, idp) = (self.local_accounts.name.clone(), LOCAL_IDP.to_owned());
            works.push(LoginOption { name, idp, ..LoginOption::default() });
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
    fn local_accounts_are_one_more_way_to_log_in_where_they_are_on() {
        let read = |document: serde_json::Value| Config::from_document(&document).unwrap();
        let logins = |config: &Config| -> Vec<String> {
            config.check(&nothing).unwrap().logins.into_iter().map(|option| option.idp).collect()
        };
        let mut document = serde_json::json!({
            "BASE_URL": "https://commons.example/user", "LOCAL_ACCOUNTS": { "enabled": "true" },
        });
        assert_eq!(logins(&read(document.clone())), ["local"]);
        document["BASE_URL"] = "http://localhost/user".into();
        document["DEVELOPMENT_LOGIN"] = true.into();
        assert_eq!(logins(&read(document.clone())), ["dev", "local"]);
        document["LOGIN_OPTIONS"] =
            serde_json::json!([{ "name": "Members", "idp": "local", "secondary": true }]);
        let config = read(document.clone());
        assert_eq!(logins(&config), ["local"]);
        assert!(config.check(&nothing).unwrap().logins[0].secondary.is_on());
        document["LOCAL_ACCOUNTS"]["enabled"] = false.into();
        assert_eq!(logins(&read(document.clone())), ["dev"], "off, it is left out");
        document["LOCAL_ACCOUNTS"] = serde_json::json!({ "enable": true });
        assert!(Config::from_document(&document).unwrap_err().to_string().contains("unknown field `enable`"));
        for settings in [
            serde_json::json!({ "enabled": true, "shortest_password": 7 }),
            serde_json::json!({ "enabled": true, "invitation_life": 0 }),
            serde_json::json!({ "enabled": true, "name": " " }),
        ] {
            document["LOCAL_ACCOUNTS"] = settings;
            assert!(matches!(read(document.clone()).check(&nothing), Err(ConfigError::LocalAccounts(_))));
        }
        document["LOCAL_ACCOUNTS"] = serde_json::json!({ "enabled": true });
        document["OPENID_CONNECT"] = serde_json::json!({ "local": { "client_id": "x" } });
        assert!(matches!(read(document).check(&nothing), Err(ConfigError::LocalAccounts(_))));
    }

    #[test]
    fn a_logo_is_a_path_of_our_own_or_an_address() {
        let logo = |address: &str| {
            let config = Config { logo_url: Some(address.into()), ..with("https://commons.example/user") };
            config.check(&nothing).map(|checked| checked.logo.map(|logo| logo.source))
        };
        assert_eq!(logo("/logo.svg").unwrap().as_deref(), Some("'self'"));
        assert_eq!(logo("https://a.example:8/b.png").unwrap().as_deref(), Some("https://a.example:8"));
        assert_eq!(logo("").unwrap(), None);
        for bad in ["logo.svg", "//evil.example/x", "/\\evil.example", "javascript:x", "data:image/png,x"] {
            assert!(matches!(logo(bad), Err(ConfigError::Logo(_))), "{bad}");
        }
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
