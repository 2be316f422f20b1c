//! fence's configuration, in the words of `fence-config.yaml`. Unknown keys are ignored: the file has
//! hundreds.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;
use storage::{AwsCredentials, BucketConfig};

use super::{
    clouds::{CirrusConfig, ConnectionString},
    local_accounts::LocalAccounts,
    login_options::{EnabledProviders, LoginOption},
    passports::VisaSettings,
    provider::Provider,
    shibboleth::ShibbolethSettings,
    switch::Switch,
    synapse::SynapseSettings,
    token_settings::TokenSettings,
    upload_indexing::UploadIndexingSettings,
};

/// What fence is told from outside. Lifetimes are in seconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
pub struct Config {
    /// Name of the commons, shown on pages.
    pub app_name: String,
    /// An image that pages show beside the name: a path of our own host, or an http address. Ours.
    pub logo_url: Option<String>,
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
    /// Sessions and tokens.
    #[serde(flatten)]
    pub tokens: TokenSettings,
    /// Longest and default lifetime of a signed URL.
    pub max_presigned_url_ttl: u32,
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
    /// Users who log in by a password that fence keeps. Ours.
    pub local_accounts: LocalAccounts,
    /// Identity providers behind a provider that no list shows.
    pub hide_idps: Vec<String>,
    /// Whether `/link/google` answers. It makes no links; those of an adopted database can be taken back.
    pub allow_google_linking: Switch,
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
    /// Logins through Shibboleth.
    #[serde(flatten)]
    pub shibboleth: ShibbolethSettings,
    /// Logins through Synapse.
    #[serde(flatten)]
    pub synapse: SynapseSettings,
    /// Passports and visas.
    #[serde(flatten)]
    pub visas: VisaSettings,
    /// The certificates that users should upload, with what each is. Ours.
    pub required_certificates: IndexMap<String, String>,
    /// Beginnings of addresses of embeddings that may be read for users.
    pub allowed_gen3_embeddings_bulk_url_prefixes: Vec<String>,
    /// What comes after such a beginning.
    pub gen3_embeddings_api_regex: String,
    /// The largest number of files whose content is read at once.
    pub max_bulk_content_guids_count: usize,
    /// Whether sessions of assumed roles last longer than signed URLs, so that one serves many.
    pub max_role_session_increase: Switch,
    /// By how many seconds.
    pub assume_role_cache_seconds: u32,
    /// Whether buckets at Google are opened by the account of the machine or the pod, where there is no key
    /// file. Ours.
    pub google_workload_identity: Switch,
    /// Files with keys of Google's service accounts.
    pub cirrus_cfg: CirrusConfig,
    /// The project at Google that pays for downloads whose caller names none.
    pub billing_project_for_signed_urls: Option<String>,
    /// The connection string of a storage account at Azure, or `*` for "never sign".
    pub az_blob_credentials: Option<ConnectionString>,
    /// The address of the container at Azure that uploads go to.
    pub az_blob_container_url: String,
    /// How records of uploads are filled. Ours.
    pub upload_indexing: UploadIndexingSettings,
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

/// What comes after the address of a service of embeddings.
const EMBEDDINGS: &str =
    "/vectorstore/collections/(?P<collection_name>[^/]+)/embeddings/(?P<embedding_uuid>[^/]+)";

impl Default for Config {
    fn default() -> Self {
        Self {
            app_name: "Gen3 Data Commons".into(),
            logo_url: None,
            base_url: "http://localhost:8080/user".into(),
            session_cookie_name: "fence".into(),
            session_cookie_domain: None,
            session_cookie_secure: None,
            access_token_cookie_name: "access_token".into(),
            tokens: TokenSettings::default(),
            max_presigned_url_ttl: 3600,
            allow_new_user_on_login: true,
            global_username_deny_regex: None,
            enable_csrf_protection: true,
            login_options: Vec::new(),
            default_login_idp: None,
            openid_connect: IndexMap::new(),
            enabled_identity_providers: EnabledProviders::default(),
            local_accounts: LocalAccounts::default(),
            hide_idps: Vec::new(),
            allow_google_linking: Switch::default(),
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
            shibboleth: ShibbolethSettings::default(),
            synapse: SynapseSettings::default(),
            visas: VisaSettings::default(),
            required_certificates: IndexMap::new(),
            allowed_gen3_embeddings_bulk_url_prefixes: Vec::new(),
            gen3_embeddings_api_regex: EMBEDDINGS.into(),
            max_bulk_content_guids_count: 500,
            max_role_session_increase: Switch::default(),
            assume_role_cache_seconds: 1800,
            google_workload_identity: Switch::default(),
            cirrus_cfg: CirrusConfig::default(),
            billing_project_for_signed_urls: None,
            az_blob_credentials: None,
            az_blob_container_url: String::new(),
            upload_indexing: UploadIndexingSettings::default(),
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
