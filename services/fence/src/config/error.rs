//! Why fence does not start.

/// A configuration with which fence does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The address cannot be read.
    #[error("BASE_URL {url:?} is not an address")]
    BaseUrl {
        /// What was given.
        url: String,
        /// What is wrong.
        source: url::ParseError,
    },
    /// The address can be read and cannot be used.
    #[error("BASE_URL {0:?} is not an http or https address without a slash at the end")]
    BaseUrlForm(String),
    /// A login without a password would be open to the network.
    #[error(
        "{setting} logs anybody in without a password and is allowed only while BASE_URL is a loopback \
         address such as http://localhost:8080/user, but it is {base_url}"
    )]
    OpenLogin {
        /// Which setting.
        setting: String,
        /// The address.
        base_url: String,
    },
    /// The pattern is not a regular expression.
    #[error("GLOBAL_USERNAME_DENY_REGEX is not a regular expression")]
    DenyRegex(#[source] regex::Error),
    /// A whitelisted address cannot be read.
    #[error("LOGIN_REDIRECT_WHITELIST: {0:?} is not an address")]
    Whitelist(String),
    /// The image cannot be shown.
    #[error("LOGO_URL: {0:?} is neither a path of this host, such as /logo.svg, nor an http address")]
    Logo(String),
    /// Local accounts cannot be had with these settings.
    #[error("LOCAL_ACCOUNTS: {0}")]
    LocalAccounts(String),
    /// Records of uploads cannot be filled with these settings.
    #[error("UPLOAD_INDEXING: {0}")]
    UploadIndexing(String),
    /// The document is a list or a single value.
    #[error("the configuration is not a mapping of keys to values")]
    NoMapping,
    /// A key has a value of the wrong kind.
    #[error("{0}")]
    Value(#[from] serde_json::Error),
    /// The default login is not among the options.
    #[error("DEFAULT_LOGIN_IDP is {0:?}, which LOGIN_OPTIONS does not have")]
    DefaultLogin(String),
    /// Rights of visas would outlive what the visas say.
    #[error(
        "GLOBAL_PARSE_VISAS_ON_LOGIN is on, or null, and ENABLE_VISA_UPDATE_CRON is off: nothing would \
         refresh the rights that visas give"
    )]
    VisasWithoutUpdates,
    /// The file is no key of a service account.
    #[error("CIRRUS_CFG: {file}: {error}")]
    GoogleKey {
        /// Which file.
        file: String,
        /// What is wrong.
        error: storage::GoogleKeyError,
    },
    /// The connection string cannot be used.
    #[error("AZ_BLOB_CREDENTIALS: {0}")]
    AzureKey(storage::AzureKeyError),
    /// What comes after the beginning of an address cannot be read.
    #[error("GEN3_EMBEDDINGS_API_REGEX is not a regular expression")]
    EmbeddingsRegex(#[source] regex::Error),
    /// Nobody could log in through Shibboleth, or anybody.
    #[error("logins through Shibboleth: {0}")]
    Shibboleth(&'static str),
    /// A bucket cannot work.
    #[error(transparent)]
    Buckets(#[from] storage::ConfigError),
}
