//! fence's configuration, in the words of `fence-config.yaml`. Unknown keys are ignored: the file has hundreds.

use std::net::IpAddr;

use indexmap::IndexMap;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value;
use storage::{AwsCredentials, BucketConfig, Buckets};
use url::{Host, Url};

/// What fence is told from outside. Lives are in seconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
pub struct Config {
    /// Name of the commons, shown on pages.
    pub app_name: String,
    /// fence's public address, without a slash at the end. It is also the issuer of all tokens.
    pub base_url: String,
    /// Name of the cookie that holds the session.
    pub session_cookie_name: String,
    /// Domain of both cookies; the host alone when it is not given.
    pub session_cookie_domain: Option<String>,
    /// Whether both cookies are for https only. By default they are, unless the address is loopback and http.
    pub session_cookie_secure: Option<bool>,
    /// Name of the cookie that holds the access token.
    pub access_token_cookie_name: String,
    /// A session ends when it was not used for so long.
    pub session_timeout: i64,
    /// A session ends so long after its login, used or not.
    pub session_lifetime: i64,
    /// Life of an access token of a browser session.
    pub access_token_expires_in: i64,
    /// The access token of a session is renewed when less than this is left.
    pub access_token_renewal_threshold: i64,
    /// Longest and usual life of an access token made from an API key.
    pub max_access_token_ttl: i64,
    /// Longest and usual life of an API key.
    pub max_api_key_ttl: i64,
    /// Longest and usual life of a signed URL.
    pub max_presigned_url_ttl: u32,
    /// Scopes that OAuth clients may have.
    pub client_allowed_scopes: Vec<String>,
    /// Scopes that API keys may have.
    pub user_allowed_scopes: Vec<String>,
    /// Scopes of the access tokens of browser sessions.
    pub session_allowed_scopes: Vec<String>,
    /// Whether somebody who logs in for the first time becomes a user.
    pub allow_new_user_on_login: bool,
    /// User names that may not log in.
    pub global_username_deny_regex: Option<String>,
    /// Whether requests that are authenticated by the session cookie alone need a CSRF token.
    pub enable_csrf_protection: bool,
    /// What login pages offer, in this order.
    pub login_options: Vec<LoginOption>,
    /// `idp` of the default among them; the first when it is not given.
    pub default_login_idp: Option<String>,
    /// Identity providers by name.
    pub openid_connect: IndexMap<String, Provider>,
    /// Whether the provider `google` is a mock. Only for tests on one machine.
    pub mock_google_auth: bool,
    /// Sites to which a login may return, beside our own and those of registered clients.
    pub login_redirect_whitelist: Vec<String>,
    /// Whether `/login/dev` logs anybody in without a password. Only for development on one machine.
    pub development_login: bool,
    /// Keys of object stores by name.
    pub aws_credentials: IndexMap<String, AwsCredentials>,
    /// Buckets by name or pattern.
    pub s3_buckets: IndexMap<String, BucketConfig>,
    /// Google buckets, only listed.
    pub gs_buckets: IndexMap<String, Value>,
    /// Where uploads go.
    pub data_upload_bucket: String,
    /// Buckets that an upload may ask for.
    pub allowed_data_upload_buckets: Vec<String>,
    /// Shown on error pages.
    pub support_email_for_errors: Option<String>,
}

/// One line of a login page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct LoginOption {
    /// What the button says.
    pub name: String,
    /// Which provider: a key of `OPENID_CONNECT`, or `dev`.
    pub idp: String,
    /// Explanation beside the button.
    pub desc: Option<String>,
    /// Whether it is shown less prominently.
    pub secondary: bool,
}

/// What is used of one entry of `OPENID_CONNECT`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// Whether the provider is a mock: it logs in whom the cookie `dev_login` names.
    pub mock: bool,
    /// Whom it logs in without that cookie.
    pub mock_default_user: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let client = [
            "openid",
            "user",
            "data",
            "google_credentials",
            "google_service_account",
            "google_link",
            "ga4gh_passport_v1",
        ];
        Self {
            app_name: "Gen3 Data Commons".into(),
            base_url: "http://localhost:8080/user".into(),
            session_cookie_name: "fence".into(),
            session_cookie_domain: None,
            session_cookie_secure: None,
            access_token_cookie_name: "access_token".into(),
            session_timeout: 900,
            session_lifetime: 28_800,
            access_token_expires_in: 1200,
            access_token_renewal_threshold: 300,
            max_access_token_ttl: 3600,
            max_api_key_ttl: 2_592_000,
            max_presigned_url_ttl: 3600,
            client_allowed_scopes: words(&client),
            user_allowed_scopes: words(&[
                "fence",
                "openid",
                "user",
                "data",
                "admin",
                "google_credentials",
                "google_service_account",
                "google_link",
                "ga4gh_passport_v1",
            ]),
            session_allowed_scopes: words(&[
                "openid",
                "user",
                "credentials",
                "data",
                "admin",
                "google_credentials",
                "google_service_account",
                "google_link",
                "ga4gh_passport_v1",
            ]),
            allow_new_user_on_login: true,
            global_username_deny_regex: None,
            enable_csrf_protection: true,
            login_options: Vec::new(),
            default_login_idp: None,
            openid_connect: IndexMap::new(),
            mock_google_auth: false,
            login_redirect_whitelist: Vec::new(),
            development_login: false,
            aws_credentials: IndexMap::new(),
            s3_buckets: IndexMap::new(),
            gs_buckets: IndexMap::new(),
            data_upload_bucket: String::new(),
            allowed_data_upload_buckets: Vec::new(),
            support_email_for_errors: None,
        }
    }
}

/// A configuration with which fence does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The address is no http address.
    #[error("BASE_URL {url:?} is no http or https address: {reason}")]
    BaseUrl {
        /// What was given.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A login without a password would be open to the network.
    #[error(
        "{setting} logs anybody in without a password and is allowed only while BASE_URL is a loopback address \
         such as http://localhost:8080/user, but it is {base_url}"
    )]
    OpenLogin {
        /// Which setting.
        setting: String,
        /// The address.
        base_url: String,
    },
    /// The pattern is none.
    #[error("GLOBAL_USERNAME_DENY_REGEX: {0}")]
    DenyRegex(String),
    /// A whitelisted address is none.
    #[error("LOGIN_REDIRECT_WHITELIST: {0:?} is no address")]
    Whitelist(String),
    /// The default login is not among the options.
    #[error("DEFAULT_LOGIN_IDP is {0:?}, which LOGIN_OPTIONS does not have")]
    DefaultLogin(String),
    /// A bucket that uploads use is not configured.
    #[error("the upload bucket {0:?} is not among S3_BUCKETS")]
    UploadBucket(String),
    /// A bucket cannot work.
    #[error(transparent)]
    Buckets(#[from] storage::ConfigError),
}

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
    /// When an entry cannot work, or uploads name a bucket that does not exist.
    pub fn buckets(&self) -> Result<Buckets, ConfigError> {
        let buckets = Buckets::new(self.s3_buckets.clone(), &self.aws_credentials)?;
        let uploads = self.allowed_data_upload_buckets.iter().chain([&self.data_upload_bucket]);
        match uploads.into_iter().find(|name| !name.is_empty() && !buckets.contains(name)) {
            Some(unknown) => Err(ConfigError::UploadBucket(unknown.clone())),
            None => Ok(buckets),
        }
    }

    pub(crate) fn check(&self) -> Result<Checked, ConfigError> {
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
        let deny_username = deny_username
            .map(Regex::new)
            .transpose()
            .map_err(|error| ConfigError::DenyRegex(error.to_string()))?;
        let logins = self.logins(&mocks);
        let default_login = match &self.default_login_idp {
            None => logins.first().cloned(),
            Some(idp) if logins.is_empty() => return Err(ConfigError::DefaultLogin(idp.clone())),
            Some(idp) => match logins.iter().find(|option| &option.idp == idp) {
                Some(option) => Some(option.clone()),
                None => return Err(ConfigError::DefaultLogin(idp.clone())),
            },
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
        let wrong =
            |reason: &str| ConfigError::BaseUrl { url: self.base_url.clone(), reason: reason.to_owned() };
        let base = Url::parse(&self.base_url).map_err(|error| wrong(&error.to_string()))?;
        match base.scheme() {
            "http" | "https" if self.base_url.ends_with('/') => Err(wrong("it must not end in a slash")),
            "http" | "https" => Ok(base),
            _ => Err(wrong("its scheme is another")),
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
        let is_mock =
            |name: &str, provider: &Provider| provider.mock || (name == "google" && self.mock_google_auth);
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
        if self.mock_google_auth {
            mocks.entry("google".to_owned()).or_insert_with(|| user(&Provider::default()));
        }
        mocks
    }

    /// The login options that work: mocks and the development login. Others are left out, loudly.
    fn logins(&self, mocks: &IndexMap<String, String>) -> Vec<LoginOption> {
        let (works, others): (Vec<_>, Vec<_>) = self.login_options.iter().cloned().partition(|option| {
            mocks.contains_key(&option.idp) || (option.idp == DEVELOPMENT_IDP && self.development_login)
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
                secondary: false,
            }];
        }
        works
    }
}

/// `idp` of the development login.
pub(crate) const DEVELOPMENT_IDP: &str = "dev";

/// `host` or `host:port` of an address, the port only when it is not the scheme's own.
pub(crate) fn site(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Whether an address can only mean this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(base_url: &str) -> Config {
        Config { base_url: base_url.into(), ..Config::default() }
    }

    #[test]
    fn logins_without_a_password_need_a_loopback_address() {
        let open = |base: &str| Config { development_login: true, ..with(base) }.check();
        for base in ["http://localhost:8080/user", "http://127.0.0.1/user", "http://[::1]:1/user"] {
            assert!(open(base).is_ok(), "{base}");
        }
        for base in
            ["https://commons.example/user", "http://10.0.0.1/user", "http://localhost.evil.example/user"]
        {
            assert!(matches!(open(base), Err(ConfigError::OpenLogin { .. })), "{base}");
        }
        let mock = Config { mock_google_auth: true, ..with("https://commons.example/user") };
        assert!(
            mock.check().unwrap_err().to_string().starts_with("OPENID_CONNECT.google.mock logs anybody in")
        );
    }

    #[test]
    fn cookies_are_secure_unless_the_address_is_plain_loopback() {
        let secure = |base: &str| with(base).check().unwrap().secure_cookies;
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
        let checked = config.check().unwrap();
        assert_eq!(checked.mocks["google"], "test@example.com");
        assert_eq!(checked.default_login.unwrap().idp, "google");
        assert_eq!(checked.logins.len(), 1, "an external provider is left out");
        assert!(Config { data_upload_bucket: "none".into(), ..config }.check().is_err());
    }
}
