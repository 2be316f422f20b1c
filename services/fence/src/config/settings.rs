//! fence's configuration, in the words of `fence-config.yaml`. Unknown keys are ignored: the file has
//! hundreds.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;
use storage::{AwsCredentials, BucketConfig};

use super::{
    login_options::{EnabledProviders, LoginOption},
    provider::Provider,
    switch::Switch,
};

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
    /// What login pages offer, in an older form that counts where `login_options` is empty.
    pub enabled_identity_providers: EnabledProviders,
    /// Identity providers behind a provider that no list shows.
    pub hide_idps: Vec<String>,
    /// Whether the provider `google` is a mock. Only for tests on one machine.
    pub mock_google_auth: Switch,
    /// The cookie that names whom a mock provider logs in.
    pub dev_login_cookie_name: String,
    /// Where the session of the Electronic Research Administration ends.
    pub itrust_global_logout: String,
    /// Whether who logs in for the first time must say who they are.
    pub register_users_on: Switch,
    /// arborist's group that those join who have said so.
    pub registered_users_group: String,
    /// Where the privacy policy is.
    pub privacy_policy_url: Option<String>,
    /// A file with the privacy policy, in Markdown, that is shown where there is no address of one. Ours.
    pub privacy_policy_file: Option<String>,
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
    /// Whether OAuth clients without a user may download.
    pub client_credentials_on_download_enabled: Switch,
    /// The largest number of objects of one bulk request.
    pub max_bulk_drs_requests: usize,
    /// Buckets that an upload may ask for.
    pub allowed_data_upload_buckets: Vec<String>,
    /// Whether a record decides alone about bytes that other records name too, as in the original. An adopted
    /// index may have several records of one location on purpose, for different readers.
    pub allow_shared_locations: bool,
    /// What is written down by the audit service.
    pub enable_audit_logs: AuditLogs,
    /// Shown on error pages.
    pub support_email_for_errors: Option<String>,
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
            refresh_token_expires_in: 2_592_000,
            allowed_task_token_types: Vec::new(),
            max_task_token_ttl: IndexMap::new(),
            task_token_default_scopes: ["fence", "openid", "user"].map(str::to_owned).to_vec(),
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
            enabled_identity_providers: EnabledProviders::default(),
            hide_idps: Vec::new(),
            mock_google_auth: Switch::default(),
            dev_login_cookie_name: "dev_login".into(),
            itrust_global_logout: String::new(),
            register_users_on: Switch::default(),
            registered_users_group: String::new(),
            privacy_policy_url: None,
            privacy_policy_file: None,
            login_redirect_whitelist: Vec::new(),
            development_login: false,
            development_login_code: None,
            development_login_behind_proxy: false,
            aws_credentials: IndexMap::new(),
            s3_buckets: IndexMap::new(),
            gs_buckets: IndexMap::new(),
            data_upload_bucket: String::new(),
            client_credentials_on_download_enabled: Switch::default(),
            max_bulk_drs_requests: 100,
            allowed_data_upload_buckets: Vec::new(),
            allow_shared_locations: false,
            enable_audit_logs: AuditLogs::default(),
            support_email_for_errors: None,
        }
    }
}

/// `idp` of the development login.
pub(crate) const DEVELOPMENT_IDP: &str = "dev";
/// Path of the development login; its form is protected by its own token, not by the header.
pub(crate) const DEVELOPMENT_LOGIN: &str = "/login/dev";
/// Where the page of consent sends what the user says; its form is protected by its own token, too.
pub(crate) const CONSENT: &str = "/oauth2/consent";

/// What is written down by the audit service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AuditLogs {
    /// Who asked for a signed URL.
    pub presigned_url: bool,
    /// Who logged in.
    pub login: bool,
}
/// Path of the form in which users say who they are; it is protected by its own token, too.
pub(crate) const REGISTRATION: &str = "/register";
