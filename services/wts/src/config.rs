//! What an operator can set: the original's settings. Pure.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::fernet::{FernetError, FernetKey};

/// The provider that is the commons' own fence.
pub(crate) const DEFAULT: &str = "default";
const SCOPE: &str = "openid data user";
/// Parameters of a login that a provider's settings do not change.
const OWN_PARAMETERS: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
];
const LONGEST_IDP: usize = 100;

/// The settings by their names as environment variables; in a file they are written in lower case.
pub const SETTINGS: [&str; 9] = [
    "FENCE_BASE_URL",
    "WTS_BASE_URL",
    "OIDC_CLIENT_ID",
    "OIDC_CLIENT_SECRET",
    "ENCRYPTION_KEY",
    "SECRET_KEY",
    "EXTERNAL_OIDC",
    "AGGREGATE_ENDPOINT_ALLOWLIST",
    "INTERNAL_COMMONS_URL",
];

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// One is missing.
    #[error("the setting {0} is missing")]
    Missing(&'static str),
    /// They have another form.
    #[error("the settings of wts cannot be read")]
    Form(#[from] serde_json::Error),
    /// The key has.
    #[error("the setting encryption_key cannot be used")]
    Key(#[from] FernetError),
    /// Something in them does not fit.
    #[error("{0}")]
    Wrong(String),
}

/// The settings as they are written.
#[derive(Deserialize)]
struct Settings {
    fence_base_url: Option<Url>,
    wts_base_url: Option<Url>,
    oidc_client_id: Option<String>,
    oidc_client_secret: Option<String>,
    encryption_key: Option<String>,
    secret_key: Option<String>,
    internal_commons_url: Option<Url>,
    #[serde(default)]
    external_oidc: Vec<External>,
    #[serde(default)]
    aggregate_endpoint_allowlist: Vec<String>,
}

/// Another commons, or another provider.
#[derive(Deserialize)]
struct External {
    base_url: String,
    oidc_client_id: String,
    oidc_client_secret: String,
    #[serde(default)]
    redirect_uri: Option<String>,
    #[serde(default)]
    login_options: IndexMap<String, LoginOption>,
}

/// A way to log in there.
#[derive(Deserialize)]
struct LoginOption {
    name: String,
    #[serde(default)]
    params: Map<String, Value>,
}

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where users reach this service, with a slash at the end.
    pub(crate) base_url: Url,
    /// Who issues the tokens of the own commons.
    issuer: String,
    /// Encrypts refresh tokens.
    pub(crate) tokens_key: FernetKey,
    /// Encrypts the cookie of a login.
    pub(crate) logins_key: FernetKey,
    /// The providers by their identifiers, the own fence first.
    pub(crate) idps: IndexMap<String, Idp>,
    /// What is told of the providers but the own fence.
    pub(crate) listed: Vec<Listed>,
    /// Where the commons are that answers are gathered from, by their hosts.
    pub(crate) commons: IndexMap<String, Url>,
    /// Paths of which answers are gathered.
    pub(crate) endpoints: Vec<String>,
    /// The version that `/_version` shows.
    pub version: String,
    /// The revision that `/_version` shows.
    pub commit: String,
}

/// An identity provider.
#[derive(Clone)]
pub(crate) struct Idp {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// Host and port of its commons.
    pub(crate) host: String,
    /// Where users log in.
    pub(crate) authorize_url: Url,
    /// Where codes and refresh tokens are exchanged.
    pub(crate) token_url: Url,
    /// Where tokens are revoked, if that is known.
    pub(crate) revoke_url: Option<Url>,
    /// Where users return to.
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    /// Begins the state of a login, so that an authorizer that sites share knows ours.
    pub(crate) state_prefix: String,
    /// It is a fence, to which PKCE can be offered.
    pub(crate) is_fence: bool,
}

// Written by hand so that a secret can never reach a log.
impl std::fmt::Debug for Idp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Idp")
            .field("host", &self.host)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// What is told of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) idp: String,
    pub(crate) name: String,
    pub(crate) base_url: String,
}

impl Config {
    /// Reads the settings of `document`, whose keys are in lower case; `variable` says those that are not in
    /// it, by their names in upper case.
    ///
    /// # Errors
    /// For missing settings, and for those that cannot be used.
    pub fn read(document: &Value, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut given = Map::new();
        for name in SETTINGS {
            let key = name.to_lowercase();
            let said = document.get(&key).filter(|value| !is_empty(value)).cloned();
            let is_json = matches!(name, "EXTERNAL_OIDC" | "AGGREGATE_ENDPOINT_ALLOWLIST");
            let value = match (said, variable(name).filter(|text| !text.is_empty())) {
                (Some(said), _) => said,
                (None, Some(text)) if is_json => serde_json::from_str(&text)?,
                (None, Some(text)) => Value::String(text),
                (None, None) => continue,
            };
            given.insert(key, value);
        }
        Self::of(serde_json::from_value(Value::Object(given))?)
    }

    /// Who issues the access tokens by which users are known: the own fence.
    pub fn issuer(&self) -> String {
        self.issuer.clone()
    }

    fn of(settings: Settings) -> Result<Self, ConfigError> {
        let missing = ConfigError::Missing;
        let base_url = folder(settings.wts_base_url.ok_or(missing("wts_base_url"))?, "wts_base_url")?;
        let fence = folder(settings.fence_base_url.ok_or(missing("fence_base_url"))?, "fence_base_url")?;
        let inside = match settings.internal_commons_url {
            Some(url) => folder(url, "internal_commons_url")?,
            None => fence.clone(),
        };
        let secret = settings.secret_key.ok_or(missing("secret_key"))?;
        let mut config = Self {
            tokens_key: FernetKey::parse(&settings.encryption_key.ok_or(missing("encryption_key"))?)?,
            logins_key: FernetKey::derived("logins", &secret),
            idps: IndexMap::new(),
            listed: Vec::new(),
            commons: IndexMap::new(),
            endpoints: settings
                .aggregate_endpoint_allowlist
                .iter()
                .map(|text| endpoint(text))
                .collect::<Result<_, _>>()?,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: String::new(),
            issuer: fence.as_str().trim_end_matches('/').to_owned(),
            base_url,
        };
        let own = Idp {
            client_id: settings.oidc_client_id.ok_or(missing("oidc_client_id"))?,
            client_secret: settings.oidc_client_secret.ok_or(missing("oidc_client_secret"))?,
            host: host(&fence),
            authorize_url: below(&fence, "oauth2/authorize")?,
            token_url: moved(&below(&fence, "oauth2/token")?, &inside)?,
            revoke_url: Some(moved(&below(&fence, "oauth2/revoke")?, &inside)?),
            redirect_uri: below(&config.base_url, "oauth2/authorize")?.into(),
            scope: SCOPE.to_owned(),
            state_prefix: String::new(),
            is_fence: true,
        };
        config.commons.insert(own.host.clone(), inside);
        config.idps.insert(DEFAULT.to_owned(), own);
        for external in &settings.external_oidc {
            config.add(external)?;
        }
        Ok(config)
    }

    fn add(&mut self, external: &External) -> Result<(), ConfigError> {
        let base = Url::parse(&external.base_url)
            .map_err(|error| ConfigError::Wrong(format!("the base_url {}: {error}", external.base_url)))?;
        let base = folder(base, "base_url")?;
        let fence = below(&base, "user/")?;
        for (name, option) in &external.login_options {
            if self.idps.contains_key(name) {
                return Err(ConfigError::Wrong(format!("there are two identity providers {name}")));
            }
            if name.is_empty() || name.len() > LONGEST_IDP {
                let told = format!("the name of a login option has 1 to {LONGEST_IDP} bytes");
                return Err(ConfigError::Wrong(told));
            }
            let text = |key: &str| option.params.get(key).and_then(Value::as_str);
            let urls = match (text("auth_url"), text("token_url")) {
                (Some(authorize), Some(token)) => (below(&base, authorize)?, below(&base, token)?, None),
                _ => {
                    let authorize = with_parameters(below(&fence, "oauth2/authorize")?, &option.params);
                    (authorize, below(&fence, "oauth2/token")?, Some(below(&fence, "oauth2/revoke")?))
                }
            };
            let (authorize_url, token_url, revoke_url) = urls;
            let is_fence = revoke_url.is_some();
            let shared = external.redirect_uri.as_deref().filter(|uri| !uri.is_empty());
            let first_label = || host(&self.base_url).split('.').next().unwrap_or_default().to_owned();
            let idp = Idp {
                client_id: external.oidc_client_id.clone(),
                client_secret: external.oidc_client_secret.clone(),
                host: host(&base),
                authorize_url,
                token_url,
                revoke_url,
                redirect_uri: match shared {
                    Some(uri) => uri.to_owned(),
                    None => below(&self.base_url, "oauth2/authorize")?.into(),
                },
                scope: text("scope").filter(|_| !is_fence).unwrap_or(SCOPE).to_owned(),
                state_prefix: shared.map(|_| first_label()).unwrap_or_default(),
                is_fence,
            };
            self.commons.entry(idp.host.clone()).or_insert_with(|| base.clone());
            self.idps.insert(name.clone(), idp);
            let (idp, base_url) = (name.clone(), external.base_url.clone());
            self.listed.push(Listed { idp, name: option.name.clone(), base_url });
        }
        Ok(())
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// The address of a folder, so that names can be put below it.
fn folder(mut url: Url, setting: &str) -> Result<Url, ConfigError> {
    let is_usable = matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none();
    if !is_usable || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(ConfigError::Wrong(format!("{setting} must be an address such as https://example.org")));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn below(base: &Url, path: &str) -> Result<Url, ConfigError> {
    base.join(path).map_err(|error| ConfigError::Wrong(format!("{path:?} below {base}: {error}")))
}

/// The same path at the address of `inside`.
fn moved(url: &Url, inside: &Url) -> Result<Url, ConfigError> {
    below(inside, url.path())
}

/// Host and port, as a browser shows them.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn with_parameters(mut url: Url, parameters: &Map<String, Value>) -> Url {
    let named = parameters.iter().filter(|(name, _)| !OWN_PARAMETERS.contains(&name.as_str()));
    for (name, value) in named {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        url.query_pairs_mut().append_pair(name, &text);
    }
    url
}

/// A path that answers may be gathered of, without a slash at its end.
fn endpoint(text: &str) -> Result<String, ConfigError> {
    let path = format!("/{}", text.trim_matches('/'));
    let is_plain = |part: &str| !part.is_empty() && !matches!(part, "." | "..");
    let is_usable = path[1..].split('/').all(is_plain)
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte));
    if is_usable {
        return Ok(path);
    }
    Err(ConfigError::Wrong(format!(
        "{text:?} of aggregate_endpoint_allowlist is not a path such as /user/user"
    )))
}

#[cfg(test)]
mod tests;
