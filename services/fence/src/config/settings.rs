//! fence's configuration, in the words of `fence-config.yaml`. Unknown keys are ignored: the file has
//! hundreds.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;
use storage::{AwsCredentials, BucketConfig};

/// What fence is told from outside. Lifetimes are in seconds.
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
    /// Longest and default lifetime of an API key.
    pub max_api_key_ttl: i64,
    /// Longest and default lifetime of a signed URL.
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
    pub mock_google_auth: Switch,
    /// Sites to which a login may return, beside our own and those of registered clients.
    pub login_redirect_whitelist: Vec<String>,
    /// Whether `/login/dev` logs anybody in without a password. Only for development on one machine.
    pub development_login: bool,
    /// What the development login asks for, so that not everybody who reaches this machine's loopback
    /// addresses may pick a user. Without one it asks for nothing.
    pub development_login_code: Option<LoginCode>,
    /// Whether the development login also answers requests that a proxy has passed on.
    pub development_login_behind_proxy: bool,
    /// Keys of object stores by name.
    pub aws_credentials: IndexMap<String, AwsCredentials>,
    /// Buckets by name or pattern.
    pub s3_buckets: IndexMap<String, BucketConfig>,
    /// Google buckets, only listed.
    pub gs_buckets: IndexMap<String, Value>,
    /// The bucket that uploads go to by default.
    pub data_upload_bucket: String,
    /// Buckets that an upload may ask for.
    pub allowed_data_upload_buckets: Vec<String>,
    /// Whether a record decides alone about bytes that other records name too, as in the original. An adopted
    /// index may have several records of one location on purpose, for different readers.
    pub allow_shared_locations: bool,
    /// Shown on error pages.
    pub support_email_for_errors: Option<String>,
}

/// Something that is on or off, as files write it: a boolean, or the text of one, such as a template makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SwitchText")]
pub struct Switch(bool);

#[derive(Deserialize)]
#[serde(untagged)]
enum SwitchText {
    Is(bool),
    Says(String),
}

impl Switch {
    /// Whether it is on.
    pub fn is_on(self) -> bool {
        self.0
    }
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        Self(on)
    }
}

impl TryFrom<SwitchText> for Switch {
    type Error = String;

    fn try_from(text: SwitchText) -> Result<Self, String> {
        match text {
            SwitchText::Is(on) => Ok(Self(on)),
            SwitchText::Says(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" => Ok(Self(true)),
                "" | "false" | "no" | "off" => Ok(Self(false)),
                _ => Err(format!("{text:?} is neither true nor false")),
            },
        }
    }
}

/// The code of the development login. An empty one is none at all.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct LoginCode(String);

impl LoginCode {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for LoginCode {
    fn from(code: String) -> Self {
        Self(code)
    }
}

// Written by hand so that the code can never reach a log.
impl std::fmt::Debug for LoginCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginCode(..)")
    }
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
    /// Whether the provider is a mock: it logs in the user that the cookie `dev_login` names.
    pub mock: Switch,
    /// The user that it logs in without that cookie.
    pub mock_default_user: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        let google = ["google_credentials", "google_service_account", "google_link", "ga4gh_passport_v1"];
        let scopes = |own: &[&str]| own.iter().chain(&google).map(|scope| (*scope).to_owned()).collect();
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
            client_allowed_scopes: scopes(&["openid", "user", "data"]),
            user_allowed_scopes: scopes(&["fence", "openid", "user", "data", "admin"]),
            session_allowed_scopes: scopes(&["openid", "user", "credentials", "data", "admin"]),
            allow_new_user_on_login: true,
            global_username_deny_regex: None,
            enable_csrf_protection: true,
            login_options: Vec::new(),
            default_login_idp: None,
            openid_connect: IndexMap::new(),
            mock_google_auth: Switch::default(),
            login_redirect_whitelist: Vec::new(),
            development_login: false,
            development_login_code: None,
            development_login_behind_proxy: false,
            aws_credentials: IndexMap::new(),
            s3_buckets: IndexMap::new(),
            gs_buckets: IndexMap::new(),
            data_upload_bucket: String::new(),
            allowed_data_upload_buckets: Vec::new(),
            allow_shared_locations: false,
            support_email_for_errors: None,
        }
    }
}

/// `idp` of the development login.
pub(crate) const DEVELOPMENT_IDP: &str = "dev";
/// Path of the development login; its form is protected by its own token, not by the header.
pub(crate) const DEVELOPMENT_LOGIN: &str = "/login/dev";
