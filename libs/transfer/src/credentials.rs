//! Who the user is at a commons.

use std::{fmt, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use url::Url;

use crate::error::TransferError;

/// Larger files have no credentials in them.
const MAX_BYTES: u64 = 1024 * 1024;

/// What a user shows to a commons.
#[derive(Clone)]
pub enum Credentials {
    /// An API key, for which the commons gives access tokens.
    ApiKey(ApiKey),
    /// An access token; nothing renews it.
    AccessToken(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiKey(_) => "ApiKey",
            Self::AccessToken(_) => "AccessToken",
        })
    }
}

/// An API key as its owner downloaded it.
#[derive(Clone, Deserialize)]
pub struct ApiKey {
    pub(crate) api_key: String,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey")
    }
}

impl Credentials {
    /// Reads a file: JSON with `api_key`, as the profile page of a commons gives it, or an access token
    /// alone.
    ///
    /// # Errors
    /// When it cannot be read, or is neither.
    pub fn read(file: &Path) -> Result<Self, TransferError> {
        let failed = |reason: String| {
            TransferError::Unusable(format!("cannot use the credentials in {}: {reason}", file.display()))
        };
        let length = fs::metadata(file).map_err(|error| failed(error.to_string()))?.len();
        if length > MAX_BYTES {
            return Err(failed("it is too large to be an API key".to_owned()));
        }
        let text = fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
        Self::from_text(&text)
            .ok_or_else(|| failed("it is neither JSON with a string api_key nor an access token".to_owned()))
    }

    /// The text of such a file; none if it is something else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with('{') {
            // The parser's own message might show a part of the key.
            return serde_json::from_str(text).ok().map(Self::ApiKey);
        }
        claims(text).map(|claims| match claims.purpose.as_deref() {
            Some("api_key") => Self::ApiKey(ApiKey { api_key: text.to_owned() }),
            _ => Self::AccessToken(text.to_owned()),
        })
    }

    /// Those of a profile of gen3-client's file `gen3_client_config.ini`, and the address that it has for
    /// them.
    ///
    /// # Errors
    /// When the file cannot be read, or has no such profile with an API key.
    pub fn of_profile(file: &Path, profile: &str) -> Result<(Self, Option<String>), TransferError> {
        let failed = |reason: String| {
            TransferError::Unusable(format!(
                "cannot use the profile {profile:?} of {}: {reason}",
                file.display()
            ))
        };
        let text = fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
        let value = |wanted: &str| in_section(&text, profile, wanted);
        let api_key = value("api_key").ok_or_else(|| {
            failed("it is not there or has no api_key; `gen3-client configure` makes one".to_owned())
        })?;
        let endpoint = value("api_endpoint").map(str::to_owned);
        Ok((Self::ApiKey(ApiKey { api_key: api_key.to_owned() }), endpoint))
    }

    /// The address of the commons that gave them, which is in the token that they are (RFC 7519, `iss`).
    #[must_use]
    pub fn commons(&self) -> Option<Url> {
        let (Self::ApiKey(ApiKey { api_key: token }) | Self::AccessToken(token)) = self;
        let mut url = Url::parse(&claims(token)?.iss?).ok()?;
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        matches!(url.scheme(), "http" | "https").then_some(url)
    }
}

/// The claims of a token that are of use to its owner.
#[derive(Default, Deserialize)]
pub(crate) struct Claims {
    iss: Option<String>,
    #[serde(rename = "pur")]
    purpose: Option<String>,
    exp: Option<f64>,
    iat: Option<f64>,
}

impl Claims {
    /// How many seconds the token is valid from when it was made.
    pub(crate) fn life(&self) -> Option<f64> {
        Some(self.exp? - self.iat?)
    }
}

/// Reads the claims of a token and checks nothing: that is the business of those who are shown it.
pub(crate) fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

/// The value of a key in a section of a file in the INI form.
fn in_section<'t>(text: &'t str, section: &str, key: &str) -> Option<&'t str> {
    let mut is_inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            is_inside = name.trim() == section;
        } else if is_inside
            && let Some((name, value)) = line.split_once('=')
            && name.trim() == key
        {
            let value = value.trim().trim_matches('"').trim_matches('`');
            return Some(value).filter(|value| !value.is_empty());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_key_knows_its_commons_and_a_text_what_it_is() {
        let key = token(r#"{"iss":"https://a.example:8443/user","pur":"api_key"}"#);
        let whole = Credentials::from_text(&format!(r#"{{"key_id":"k","api_key":"{key}"}}"#)).unwrap();
        assert_eq!(whole.commons().unwrap().as_str(), "https://a.example:8443/");
        assert!(matches!(Credentials::from_text(&key), Some(Credentials::ApiKey(_))));
        let access = token(r#"{"iss":"https://a.example/user","pur":"access","iat":10,"exp":70}"#);
        assert!(matches!(Credentials::from_text(&access), Some(Credentials::AccessToken(_))));
        assert_eq!(claims(&access).unwrap().life(), Some(60.0));
        for bad in ["", "{}", "a.b", "a.b.c", "{\"api_key\": 1}"] {
            assert!(Credentials::from_text(bad).is_none(), "{bad}");
        }
        let shown = format!("{whole:?}");
        assert_eq!(shown, "ApiKey");
    }

    #[test]
    fn profiles_are_found_by_their_name() {
        let text =
            "[one]\nkey_id = a\napi_key=K1=\napi_endpoint=https://one.example\n\n[ two ]\napi_key =  K2\n";
        assert_eq!(in_section(text, "one", "api_key"), Some("K1="));
        assert_eq!(in_section(text, "two", "api_key"), Some("K2"));
        assert_eq!(in_section(text, "two", "api_endpoint"), None);
        assert_eq!(in_section(text, "three", "api_key"), None);
    }
}
