//! Verification of tokens against the published keys.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use tokio::sync::Mutex;

use crate::{Claims, Jwk, Jwks, Purpose, SigningKeys};

/// Keys are fetched again for an unknown `kid`, but not more often than this.
const REFETCH_AT_MOST_EVERY: Duration = Duration::from_secs(5);
/// How long a fetch of the key set may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a token was refused. The messages contain nothing of the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token is not three base64url parts of JSON, or its claims have wrong types.
    #[error("token is malformed: {0}")]
    Malformed(String),
    /// The token names another algorithm than RS256.
    #[error("token is not signed with RS256")]
    Algorithm,
    /// No published key has this `kid`.
    #[error("no key with this id is published")]
    UnknownKey,
    /// The signature does not fit the key.
    #[error("signature verification failed")]
    Signature,
    /// `exp` has passed.
    #[error("token has expired")]
    Expired,
    /// `iss` is not an allowed issuer.
    #[error("token was issued by an unknown issuer")]
    Issuer,
    /// `aud` lacks the expected audience.
    #[error("token is meant for another audience")]
    Audience,
    /// `pur` is not the expected purpose.
    #[error("token has the wrong purpose")]
    Purpose,
    /// An expected scope is missing.
    #[error("token is missing the scope {0}")]
    Scope(String),
    /// The key set could not be fetched.
    #[error("the key set of the issuer cannot be reached")]
    KeysUnavailable,
}

/// What a caller expects of a token beside a valid signature and `exp`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expect<'a> {
    /// This audience must be among `aud`.
    pub audience: Option<&'a str>,
    /// `pur` must be this.
    pub purpose: Option<Purpose>,
    /// All of these must be among `scope`.
    pub scopes: &'a [&'a str],
    /// Accept any issuer (arborist does; it trusts its key set alone).
    pub any_issuer: bool,
}

type KeyMap = HashMap<String, Arc<DecodingKey>>;

enum Source {
    Local,
    Remote { url: String, client: reqwest::Client, last_fetch: Mutex<Option<Instant>> },
}

/// Verifies tokens. Cheap to share; a remote key set is fetched on first use and for unknown `kid`s.
pub struct Verifier {
    keys: ArcSwap<KeyMap>,
    issuers: Vec<String>,
    source: Source,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("issuers", &self.issuers).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Verifies with the keys of this process.
    pub fn local(keys: &SigningKeys, issuers: Vec<String>) -> Self {
        let map = keys.all().iter().map(|key| (key.kid.clone(), Arc::new(key.decoding.clone()))).collect();
        Self { keys: ArcSwap::from_pointee(map), issuers, source: Source::Local }
    }

    /// Verifies with the keys published at `jwks_url`.
    pub fn remote(jwks_url: impl Into<String>, issuers: Vec<String>, client: reqwest::Client) -> Self {
        let source = Source::Remote { url: jwks_url.into(), client, last_fetch: Mutex::new(None) };
        Self { keys: ArcSwap::from_pointee(KeyMap::new()), issuers, source }
    }

    /// Checks signature, expiry, issuer, and what `expect` names.
    ///
    /// # Errors
    /// The first reason found, in the order signature, expiry, issuer, audience, purpose, scopes.
    pub async fn verify(&self, token: &str, expect: Expect<'_>) -> Result<Claims, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
            // `alg: none` and other names outside the library's list do not even parse.
            jsonwebtoken::errors::ErrorKind::Json(_) => TokenError::Algorithm,
            _ => TokenError::Malformed("the header is not a JWT header".into()),
        })?;
        if header.alg != Algorithm::RS256 {
            return Err(TokenError::Algorithm);
        }
        let kid = header.kid.ok_or_else(|| TokenError::Malformed("the header names no key".into()))?;
        let key = self.key(&kid).await?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = 0;
        validation.validate_aud = false;
        let claims =
            jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|error| refusal(&error))?.claims;
        self.check(&claims, expect)?;
        Ok(claims)
    }

    fn check(&self, claims: &Claims, expect: Expect<'_>) -> Result<(), TokenError> {
        if !expect.any_issuer && !self.issuers.contains(&claims.iss) {
            return Err(TokenError::Issuer);
        }
        if expect.audience.is_some_and(|wanted| !claims.aud.iter().any(|aud| aud == wanted)) {
            return Err(TokenError::Audience);
        }
        if expect.purpose.is_some_and(|wanted| claims.pur != Some(wanted)) {
            return Err(TokenError::Purpose);
        }
        match expect.scopes.iter().find(|wanted| !claims.scopes().iter().any(|s| s == *wanted)) {
            Some(missing) => Err(TokenError::Scope((*missing).to_owned())),
            None => Ok(()),
        }
    }

    async fn key(&self, kid: &str) -> Result<Arc<DecodingKey>, TokenError> {
        if let Some(key) = self.keys.load().get(kid) {
            return Ok(key.clone());
        }
        let Source::Remote { url, client, last_fetch } = &self.source else {
            return Err(TokenError::UnknownKey);
        };
        let mut last_fetch = last_fetch.lock().await;
        // Another task may have fetched while this one waited for the lock.
        if let Some(key) = self.keys.load().get(kid) {
            return Ok(key.clone());
        }
        if last_fetch.is_some_and(|at| at.elapsed() < REFETCH_AT_MOST_EVERY) {
            return Err(TokenError::UnknownKey);
        }
        let jwks = fetch(client, url).await?;
        *last_fetch = Some(Instant::now());
        self.keys.store(Arc::new(decoding_keys(&jwks.keys)));
        self.keys.load().get(kid).cloned().ok_or(TokenError::UnknownKey)
    }
}

async fn fetch(client: &reqwest::Client, url: &str) -> Result<Jwks, TokenError> {
    let answer = client.get(url).timeout(FETCH_TIMEOUT).send().await.and_then(|r| r.error_for_status());
    let jwks = match answer {
        Ok(response) => response.json::<Jwks>().await,
        Err(error) => Err(error),
    };
    jwks.map_err(|error| {
        tracing::warn!(jwks.url = url, error = %error, "cannot fetch the key set");
        TokenError::KeysUnavailable
    })
}

fn decoding_keys(keys: &[Jwk]) -> KeyMap {
    let mut map = KeyMap::new();
    for jwk in keys {
        let (Some(kid), "RSA") = (&jwk.kid, jwk.kty.as_str()) else { continue };
        match DecodingKey::from_rsa_components(&jwk.n, &jwk.e) {
            Ok(key) => {
                map.insert(kid.clone(), Arc::new(key));
            }
            Err(error) => tracing::warn!(key.id = %kid, error = %error, "ignoring a malformed published key"),
        }
    }
    map
}

fn refusal(error: &jsonwebtoken::errors::Error) -> TokenError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::ExpiredSignature => TokenError::Expired,
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => TokenError::Algorithm,
        ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_) => {
            TokenError::Malformed("the claims are not those of a commons token".into())
        }
        _ => TokenError::Malformed("the token cannot be decoded".into()),
    }
}

/// The token of an `Authorization` header value `Bearer <token>`: the scheme in any case, exactly two words.
pub fn bearer(header: &str) -> Option<&str> {
    let mut words = header.split_ascii_whitespace();
    let (scheme, token, None) = (words.next()?, words.next()?, words.next()) else { return None };
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Scopes, UserContext};

    fn claims(exp: i64) -> Claims {
        Claims {
            pur: Some(Purpose::Access),
            sub: Some("1".into()),
            iss: "http://localhost/user".into(),
            aud: vec!["gen3".into()],
            azp: Some(String::new()),
            iat: 0,
            exp,
            jti: None,
            scope: Some(Scopes(vec!["openid".into()])),
            context: Some(Context {
                user: Some(UserContext { name: "ada".into(), ..UserContext::default() }),
                ..Context::default()
            }),
            rest: serde_json::Map::new(),
        }
    }

    fn verifier(keys: &SigningKeys) -> Verifier {
        Verifier::local(keys, vec!["http://localhost/user".into()])
    }

    const FAR: i64 = 4_000_000_000;

    #[tokio::test]
    async fn accepts_what_its_own_key_signed() {
        let keys = SigningKeys::ephemeral("k").unwrap();
        let token = keys.signing().sign(&claims(FAR)).unwrap();
        let read = verifier(&keys).verify(&token, Expect { scopes: &["openid"], ..Expect::default() }).await;
        assert_eq!(read.unwrap().username(), Some("ada"));
    }

    #[tokio::test]
    async fn refuses_expired_foreign_and_unsigned_tokens() {
        let keys = SigningKeys::ephemeral("k").unwrap();
        let forger = SigningKeys::ephemeral("k").unwrap();
        let verifier = verifier(&keys);
        let check = async |token: &str| verifier.verify(token, Expect::default()).await.unwrap_err();

        assert_eq!(check(&keys.signing().sign(&claims(1)).unwrap()).await, TokenError::Expired);
        assert_eq!(check(&forger.signing().sign(&claims(FAR)).unwrap()).await, TokenError::Signature);
        // {"alg":"none","kid":"fence_key_k"} . {} .
        let none = "eyJhbGciOiJub25lIiwia2lkIjoiZmVuY2Vfa2V5X2sifQ.e30.";
        assert_eq!(check(none).await, TokenError::Algorithm);
        assert!(matches!(check("garbage").await, TokenError::Malformed(_)));
        let mut elsewhere = claims(FAR);
        elsewhere.iss = "https://elsewhere/user".into();
        assert_eq!(check(&keys.signing().sign(&elsewhere).unwrap()).await, TokenError::Issuer);
    }

    #[tokio::test]
    async fn names_the_scope_that_is_missing() {
        let keys = SigningKeys::ephemeral("k").unwrap();
        let token = keys.signing().sign(&claims(FAR)).unwrap();
        let expect = Expect { scopes: &["openid", "data"], ..Expect::default() };
        let refused = verifier(&keys).verify(&token, expect).await.unwrap_err();
        assert_eq!(refused, TokenError::Scope("data".into()));
    }

    #[test]
    fn bearer_is_two_words_in_any_case() {
        assert_eq!(bearer("bearer abc"), Some("abc"));
        assert_eq!(bearer("BEARER abc"), Some("abc"));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("bearer a b"), None);
        assert_eq!(bearer("bearer"), None);
    }
}
