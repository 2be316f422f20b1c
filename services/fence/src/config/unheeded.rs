//! Keys of `fence-config.yaml` that change nothing here, each with the reason. Nobody should believe that a
//! setting counts which does not.

use serde_json::Value;

use super::settings::Config;

/// What a key is about that we do not look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Google,
    Passports,
    Mail,
    Dbgap,
    Elsewhere,
    Old,
    Testing,
    Unserved,
    Database,
    Metrics,
    Proxy,
    Retries,
}

impl Reason {
    fn text(self) -> &'static str {
        match self {
            Self::Google => "service accounts and groups of Google Cloud are not managed",
            Self::Passports => "fence makes no passports of its own",
            Self::Mail => "no mail is sent",
            Self::Dbgap => "usersync reads it, and fence itself does not",
            Self::Elsewhere => "another service or the program's command line decides it",
            Self::Old => "newer fences do not use it either, or something else has taken its place",
            Self::Testing => "it only makes the original easier to test",
            Self::Unserved => "what it is about is not served",
            Self::Database => "tables are made at every start with --migrate, one process at a time",
            Self::Proxy => "calls to other servers go through no proxy",
            Self::Metrics => "the program has metrics of its own: --metrics-port",
            Self::Retries => "calls have their own limits and are tried again as each of them allows",
        }
    }
}

/// Keys that we read.
const HEEDED: &[&str] = &[
    "ACCESS_TOKEN_COOKIE_NAME",
    "ACCESS_TOKEN_EXPIRES_IN",
    "ACCESS_TOKEN_RENEWAL_THRESHOLD",
    "ALLOWED_DATA_UPLOAD_BUCKETS",
    "ALLOW_GOOGLE_LINKING",
    "ALLOW_NEW_USER_ON_LOGIN",
    "ALLOW_SHARED_LOCATIONS",
    "APP_NAME",
    "ARBORIST",
    "ASSUME_ROLE_CACHE_SECONDS",
    "AUDIT_SERVICE",
    "AWS_CREDENTIALS",
    "BASE_URL",
    "CLIENT_ALLOWED_SCOPES",
    "DATA_UPLOAD_BUCKET",
    "DB",
    "DEFAULT_LOGIN_IDP",
    "DREAM_CHALLENGE_GROUP",
    "DREAM_CHALLENGE_TEAM",
    "DEVELOPMENT_LOGIN",
    "DEVELOPMENT_LOGIN_BEHIND_PROXY",
    "DEVELOPMENT_LOGIN_CODE",
    "DEV_LOGIN_COOKIE_NAME",
    "ENABLED_IDENTITY_PROVIDERS",
    "ENABLE_AUDIT_LOGS",
    "ENABLE_CSRF_PROTECTION",
    "GLOBAL_USERNAME_DENY_REGEX",
    "GOOGLE_WORKLOAD_IDENTITY",
    "GS_BUCKETS",
    "HIDE_IDPS",
    "INDEXD",
    "INDEXD_PASSWORD",
    "INDEXD_USERNAME",
    "ITRUST_GLOBAL_LOGOUT",
    "LOCAL_ACCOUNTS",
    "LOGIN_OPTIONS",
    "LOGIN_REDIRECT_WHITELIST",
    "LOGO_URL",
    "MAX_ACCESS_TOKEN_TTL",
    "MAX_API_KEY_TTL",
    "MAX_PRESIGNED_URL_TTL",
    "MAX_ROLE_SESSION_INCREASE",
    "MOCK_GOOGLE_AUTH",
    "OAUTH2_TOKEN_EXPIRES_IN",
    "OPENID_CONNECT",
    "PRIVACY_POLICY_FILE",
    "PRIVACY_POLICY_URL",
    "REFRESH_TOKEN_EXPIRES_IN",
    "REGISTERED_USERS_GROUP",
    "REGISTER_USERS_ON",
    "S3_BUCKETS",
    "SESSION_ALLOWED_SCOPES",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_SECURE",
    "SESSION_LIFETIME",
    "SESSION_TIMEOUT",
    "SUPPORT_EMAIL_FOR_ERRORS",
    "USER_ALLOWED_SCOPES",
    "ALLOWED_TASK_TOKEN_TYPES",
    "CLIENT_CREDENTIALS_ON_DOWNLOAD_ENABLED",
    "MAX_BULK_DRS_REQUESTS",
    "MAX_TASK_TOKEN_TTL",
    "TASK_TOKEN_DEFAULT_SCOPES",
    "ALLOWED_GEN3_EMBEDDINGS_BULK_URL_PREFIXES",
    "AZ_BLOB_CONTAINER_URL",
    "AZ_BLOB_CREDENTIALS",
    "BILLING_PROJECT_FOR_SIGNED_URLS",
    "ENABLE_VISA_UPDATE_CRON",
    "EXPIRED_AUTHZ_REMOVAL_JOB_FREQ_IN_SECONDS",
    "GA4GH_DRS_POSTED_PASSPORT_FIELD",
    "GA4GH_PASSPORTS_TO_DRS_ENABLED",
    "GA4GH_VISA_ISSUER_ALLOWLIST",
    "GA4GH_VISA_V1_CLAIM_REQUIRED_FIELDS",
    "GEN3_EMBEDDINGS_API_REGEX",
    "GLOBAL_PARSE_VISAS_ON_LOGIN",
    "MAX_BULK_CONTENT_GUIDS_COUNT",
    "RAS_REFRESH_EXPIRATION",
    "RAS_USERINFO_ENDPOINT",
    "REQUIRED_CERTIFICATES",
    "SHIBBOLETH_HEADER",
    "SHIBBOLETH_PROXY_SECRET",
    "SSO_URL",
    "SYNAPSE_AUTHZ_TTL",
    "SYNAPSE_DISCOVERY_URL",
    "SYNAPSE_JWKS_URI",
    "SYNAPSE_URI",
    "UPLOAD_INDEXING",
    "USERSYNC",
    "dbGaP",
    // Referred to by others, in the delivered file.
    "ENCRYPTION_KEY",
];

/// Keys, or beginnings of keys where a star follows, that we do not look at.
const OTHERS: &[(&str, Reason)] = &[
    ("ALLOWED_USER_SERVICE_ACCOUNT_DOMAINS", Reason::Google),
    ("APPLICATION_ROOT", Reason::Old),
    ("ARBORIST_TIMEOUT", Reason::Retries),
    ("AUTHLIB_INSECURE_TRANSPORT", Reason::Testing),
    ("BILLING_PROJECT_*", Reason::Google),
    ("CIRRUS_CFG", Reason::Google),
    ("DBGAP_ACCESSION_WITH_CONSENT_REGEX", Reason::Dbgap),
    ("DB_MIGRATION_*", Reason::Database),
    ("DEBUG", Reason::Testing),
    ("DEFAULT_BACKOFF_*", Reason::Retries),
    ("DEFAULT_LOGIN_URL", Reason::Old),
    ("DEFAULT_REFRESH_TOKEN_EXP", Reason::Old),
    ("EMAIL_SERVER", Reason::Mail),
    ("ENABLE_AUTOMATIC_BILLING_*", Reason::Google),
    ("ENABLE_DB_MIGRATION", Reason::Database),
    ("ENABLE_PROMETHEUS_METRICS", Reason::Metrics),
    ("GEN3_PASSPORT_EXPIRES_IN", Reason::Passports),
    ("GOOGLE_*", Reason::Google),
    ("GUN_MAIL", Reason::Mail),
    ("HTTP_PROXY", Reason::Proxy),
    ("MOCK_AUTH", Reason::Testing),
    ("MOCK_STORAGE", Reason::Testing),
    ("OVERRIDE_NGINX_RATE_LIMIT", Reason::Elsewhere),
    ("PROBLEM_USER_EMAIL_NOTIFICATION", Reason::Mail),
    ("PUSH_AUDIT_LOGS_CONFIG", Reason::Unserved),
    ("REMOVE_SERVICE_ACCOUNT_EMAIL_NOTIFICATION", Reason::Mail),
    ("RENEW_ACCESS_TOKEN_BEFORE_EXPIRATION", Reason::Old),
    ("SEND_FROM", Reason::Mail),
    ("SEND_TO", Reason::Mail),
    ("SERVICE_ACCOUNT_LIMIT", Reason::Google),
    ("STORAGE_CREDENTIALS", Reason::Old),
    ("TOKEN_PROJECTS_CUTOFF", Reason::Old),
    ("VERIFY_CLEVERSAFE_CERT", Reason::Old),
    ("WHITE_LISTED_*", Reason::Google),
    ("WTF_CSRF_SECRET_KEY", Reason::Old),
    ("CLIENT_SECRET_*", Reason::Old),
    ("CSRF_*", Reason::Old),
    ("HMAC_ENCRYPTION_KEY", Reason::Old),
    ("NGINX_*", Reason::Elsewhere),
    ("USER_SERVICE_ACCOUNT_*", Reason::Google),
];

impl Config {
    /// The keys of a configuration that ask for something which we do not do, each with the reason. What is
    /// empty or off asks for nothing.
    pub fn unheeded(document: &Value) -> Vec<(String, &'static str)> {
        let keys = document.as_object().into_iter().flatten();
        let asked = |key: &str, value: &Value| match key {
            // The delivered file has a port, and no host.
            "HTTP_PROXY" => value.get("host").is_some_and(is_something),
            // Two of its keys are read.
            "CIRRUS_CFG" => value.as_object().into_iter().flatten().any(|(key, value)| {
                !matches!(key.as_str(), "GOOGLE_STORAGE_CREDS" | "GOOGLE_APPLICATION_CREDENTIALS")
                    && is_something(value)
            }),
            _ => is_something(value),
        };
        let asks = keys.filter(|(key, value)| !HEEDED.contains(&key.as_str()) && asked(key, value));
        asks.map(|(key, _)| (key.clone(), reason(key))).collect()
    }
}

fn reason(key: &str) -> &'static str {
    let fits = |(name, _): &&(&str, Reason)| match name.strip_suffix('*') {
        Some(beginning) => key.starts_with(beginning),
        None => *name == key,
    };
    OTHERS.iter().find(fits).map_or("fence has no such setting", |(_, reason)| reason.text())
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_something),
        Value::Object(fields) => fields.values().any(is_something),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_nothing_is_named_with_the_reason() {
        let told = Config::unheeded(&json!({
            "BASE_URL": "http://localhost/user", "MOCK_STORAGE": true, "GUN_MAIL": {"x": {"y": ""}},
            "CIRRUS_CFG": {"GOOGLE_API_KEY": "k"}, "GOOGLE_GROUP_PREFIX": "", "HMAC_ENCRYPTION_KEY": "x",
            "BASE_ULR": "typo", "dbGaP": [{"parse_consent_code": true}], "AZ_BLOB_CREDENTIALS": "*",
        }));
        let keys: Vec<&str> = told.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["MOCK_STORAGE", "CIRRUS_CFG", "HMAC_ENCRYPTION_KEY", "BASE_ULR"]);
        let read = json!({"CIRRUS_CFG": {"GOOGLE_STORAGE_CREDS": "/key.json", "GOOGLE_ADMIN_EMAIL": ""}});
        assert!(Config::unheeded(&read).is_empty());
        assert_eq!(told[3].1, "fence has no such setting");
        assert_eq!(told[1].1, Reason::Google.text());
    }

    #[test]
    fn no_key_is_both() {
        for (name, _) in OTHERS {
            assert!(!HEEDED.contains(name), "{name}");
        }
    }
}
