//! Tokens that others have signed (RFC 7515, compact).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{JsonWebKey as _, JsonWebKeyId, core::CoreJsonWebKeySet, core::CoreJwsSigningAlgorithm};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::providers::ALGORITHMS;

/// The longest token that is read.
pub(crate) const LONGEST_TOKEN: usize = 512 * 1024;

/// Why a passport or a visa does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("it is no signed token")]
    Form,
    #[error("its issuer is not among those whose passports count")]
    Issuer,
    #[error("the keys of its issuer cannot be read")]
    NoKeys,
    #[error("its signature is not that of its issuer")]
    Signature,
    #[error("{0}")]
    Claims(&'static str),
}

/// A token, not yet believed.
#[derive(Debug)]
pub(super) struct Token<'t> {
    signed: &'t str,
    signature: Vec<u8>,
    header: Header,
    pub(super) claims: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: Value,
    #[serde(default)]
    kid: Option<String>,
    /// Where the key would be: never looked at, and a visa with it is refused.
    #[serde(default)]
    jku: Option<Value>,
    /// What must be understood, and is not.
    #[serde(default)]
    crit: Option<Value>,
}

impl<'t> Token<'t> {
    /// # Errors
    /// For anything but a token of three parts.
    pub(super) fn parse(text: &'t str) -> Result<Self, Refused> {
        if text.len() > LONGEST_TOKEN {
            return Err(Refused::Form);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Refused::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(Refused::Form)?;
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Form);
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| Refused::Form)?;
        let claims = serde_json::from_slice(&decoded(claims)?).map_err(|_| Refused::Form)?;
        if header.crit.is_some() {
            return Err(Refused::Form);
        }
        Ok(Self { signed, signature: decoded(signature)?, header, claims })
    }

    /// Who says that they have signed it.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// Whether it says itself where its key is.
    pub(super) fn names_its_keys(&self) -> bool {
        self.header.jku.is_some()
    }

    /// Whether one of `keys` has signed it, with a method whose keys can be public.
    pub(super) fn is_signed_by(&self, keys: &CoreJsonWebKeySet) -> bool {
        let Ok(algorithm) = serde_json::from_value::<CoreJwsSigningAlgorithm>(self.header.alg.clone()) else {
            return false;
        };
        if !ALGORITHMS.contains(&algorithm) {
            return false;
        }
        let named = self.header.kid.as_deref();
        let may_be = |id: Option<&JsonWebKeyId>| match (named, id) {
            (Some(named), Some(id)) => id.as_str() == named,
            _ => true,
        };
        keys.keys()
            .iter()
            .filter(|key| may_be(key.key_id()))
            .any(|key| key.verify_signature(&algorithm, self.signed.as_bytes(), &self.signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(header: &str, claims: &str) -> String {
        format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let long = "x".repeat(LONGEST_TOKEN + 1);
        let critical = encoded(r#"{"alg":"RS256","crit":["b64"]}"#, "{}");
        for text in ["", ".", "..", "a.b.c", "e30.e30", "e30.W10.", &long, &critical] {
            assert_eq!(Token::parse(text).unwrap_err(), Refused::Form, "{}", &text[..text.len().min(40)]);
        }
        assert!(Token::parse(&encoded(r#"{"alg":"RS256"}"#, r#"{"iss":"x"}"#)).is_ok());
    }

    #[test]
    fn nothing_unsigned_and_nothing_signed_by_a_shared_secret_counts() {
        let keys = CoreJsonWebKeySet::new(Vec::new());
        let secret = serde_json::json!({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]});
        let secret: CoreJsonWebKeySet = serde_json::from_value(secret).unwrap();
        for algorithm in [r#""none""#, r#""HS256""#, r#""RS256""#, r#""rs256""#, "7", "null"] {
            let token = encoded(&format!(r#"{{"alg":{algorithm},"kid":"a"}}"#), "{}");
            let token = Token::parse(&token).unwrap();
            assert!(!token.is_signed_by(&keys) && !token.is_signed_by(&secret), "{algorithm}");
        }
    }
}
