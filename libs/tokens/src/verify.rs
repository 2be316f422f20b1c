//! Verification of tokens against the published keys.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};

use crate::{
    Claims, Purpose, SigningKeys, TokenError,
    published::{Condition, Freshness, PublishedKeys},
    remembered::{Remembered, Verified},
    unverified,
};

/// Older fences wrote the scopes of an access token into its `aud`; this one is always among them.
const OLD_AUDIENCE: &str = "openid";
/// Clocks differ: a token counts this many seconds before its `nbf`.
const EARLY: f64 = 60.0;

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
    /// What becomes of a token that has no `pur`, or no `aud`, at all.
    pub unsaid: Unsaid,
    /// What becomes of a token whose time is over.
    pub expiry: Expiry,
}

/// Whether a token must not have expired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expiry {
    /// It must not.
    #[default]
    Counts,
    /// It may: somebody asks what the token was, not what it opens.
    Ignored,
}

/// Whether a token must say what is expected of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unsaid {
    /// It must.
    #[default]
    Refused,
    /// Only what it says must be as expected: other issuers of a commons' key set write fewer claims than
    /// fence.
    Accepted,
}

impl<'a> Expect<'a> {
    /// Of an access token for the services of a commons, with these scopes: tokens for other purposes and
    /// other audiences are none.
    pub fn of_access(scopes: &'a [&'a str]) -> Self {
        Self {
            audience: Some("gen3"),
            purpose: Some(Purpose::Access),
            scopes,
            any_issuer: false,
            unsaid: Unsaid::Accepted,
            expiry: Expiry::Counts,
        }
    }
}

enum Source {
    Local(SigningKeys),
    Remote(PublishedKeys),
}

/// Verifies tokens, each signature once as long as its key stays. Cheap to share; a remote key set is fetched
/// on first use, for unknown `kid`s, and again after some time, so that a key that was withdrawn is not
/// believed for more than a minute or so.
pub struct Verifier {
    issuers: Vec<String>,
    source: Source,
    remembered: Remembered,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("issuers", &self.issuers).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Verifies with the keys of this process, as they are at the time.
    pub fn local(keys: &SigningKeys, issuers: Vec<String>) -> Self {
        Self { issuers, source: Source::Local(keys.clone()), remembered: Remembered::new() }
    }

    /// Verifies with the keys published at `jwks_url`.
    pub fn remote(jwks_url: impl Into<String>, issuers: Vec<String>, client: reqwest::Client) -> Self {
        let keys = PublishedKeys::new(jwks_url.into(), client, Freshness::default());
        Self { issuers, source: Source::Remote(keys), remembered: Remembered::new() }
    }

    pub(crate) fn condition(&self) -> Condition {
        match &self.source {
            Source::Remote(keys) => keys.condition(),
            Source::Local(keys) => {
                Condition { keys: keys.all().len(), age: Some(Duration::ZERO), fetched: 0, failed: 0 }
            }
        }
    }

    /// Checks signature, expiry, beginning, issuer, and what `expect` names.
    ///
    /// # Errors
    /// The first reason found, in the order signature, expiry, beginning, issuer, audience, purpose, scopes.
    pub async fn verify(&self, token: &str, expect: Expect<'_>) -> Result<Claims, TokenError> {
        Ok(self.verify_shared(token, expect).await?.claims.clone())
    }

    /// As [`verify`](Self::verify), for whoever is content with a look at what the token says.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub async fn verify_shared(&self, token: &str, expect: Expect<'_>) -> Result<Arc<Verified>, TokenError> {
        let digest = self.remembered.digest(token);
        if let Some(known) = digest.as_ref().and_then(|digest| self.remembered.find(digest))
            && let Ok(key) = self.key(&known.kid).await
            && Arc::ptr_eq(&key, &known.key)
            && (expect.expiry == Expiry::Ignored || Utc::now().timestamp() < known.claims.exp)
        {
            self.check(&known.claims, expect)?;
            return Ok(known);
        }
        let verified = Arc::new(self.verify_signature(token, expect.expiry).await?);
        if let Some(digest) = digest {
            self.remembered.keep(digest, verified.clone());
        }
        self.check(&verified.claims, expect)?;
        Ok(verified)
    }

    /// Checks signature and expiry.
    async fn verify_signature(&self, token: &str, expiry: Expiry) -> Result<Verified, TokenError> {
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
        validation.validate_exp = expiry == Expiry::Counts;
        let claims =
            jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|error| refusal(&error))?.claims;
        let said: Option<serde_json::Value> = unverified(token);
        let scope = said.as_ref().and_then(|said| said.get("scope"));
        let scope_is_list = scope.is_some_and(serde_json::Value::is_array);
        Ok(Verified { claims, scope_is_list, kid, key })
    }

    fn check(&self, claims: &Claims, expect: Expect<'_>) -> Result<(), TokenError> {
        begun(claims)?;
        if !expect.any_issuer && !self.issuers.contains(&claims.iss) {
            return Err(TokenError::Issuer);
        }
        let may_lack = expect.unsaid == Unsaid::Accepted;
        let is_meant = |wanted: &str| {
            let names = |name: &str| claims.aud.iter().any(|aud| aud == name);
            names(wanted) || (may_lack && (claims.aud.is_empty() || names(OLD_AUDIENCE)))
        };
        if expect.audience.is_some_and(|wanted| !is_meant(wanted)) {
            return Err(TokenError::Audience);
        }
        let is_for = |wanted: Purpose| claims.pur.map_or(may_lack, |purpose| purpose == wanted);
        if expect.purpose.is_some_and(|wanted| !is_for(wanted)) {
            return Err(TokenError::Purpose);
        }
        match expect.scopes.iter().find(|wanted| !claims.scopes().iter().any(|s| s == *wanted)) {
            Some(missing) => Err(TokenError::Scope((*missing).to_owned())),
            None => Ok(()),
        }
    }

    async fn key(&self, kid: &str) -> Result<Arc<DecodingKey>, TokenError> {
        match &self.source {
            Source::Local(keys) => keys.find(kid).await.ok_or(TokenError::UnknownKey),
            Source::Remote(keys) => keys.key(kid).await,
        }
    }
}

/// Whether the time has come from which the token is valid, if it says one.
fn begun(claims: &Claims) -> Result<(), TokenError> {
    let Some(nbf) = claims.rest.get("nbf") else { return Ok(()) };
    let Some(nbf) = nbf.as_f64() else { return Err(TokenError::Malformed("nbf is not a number".into())) };
    // Seconds since the epoch are far below the numbers that an f64 cannot hold.
    if nbf > Utc::now().timestamp() as f64 + EARLY { Err(TokenError::NotYet) } else { Ok(()) }
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

        let expired = keys.signing().sign(&claims(1)).unwrap();
        assert_eq!(check(&expired).await, TokenError::Expired);
        let ignored = Expect { expiry: Expiry::Ignored, ..Expect::default() };
        assert!(verifier.verify(&expired, ignored).await.is_ok());
        let forged = forger.signing().sign(&claims(1)).unwrap();
        assert_eq!(verifier.verify(&forged, ignored).await.unwrap_err(), TokenError::Signature);
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
    async fn what_was_verified_before_is_still_checked_and_not_believed_without_its_key() {
        let folder = tempfile::tempdir().unwrap();
        SigningKeys::generate(folder.path(), "2020-01-01T00:00:00Z").unwrap();
        let keys = SigningKeys::load(folder.path()).unwrap();
        let verifier = verifier(&keys);
        let soon = Utc::now().timestamp() + 2;
        let token = keys.signing().sign(&claims(FAR)).unwrap();
        let short = keys.signing().sign(&claims(soon)).unwrap();
        for _ in 0..3 {
            let read = verifier.verify(&token, Expect { scopes: &["openid"], ..Expect::default() }).await;
            assert_eq!(read.unwrap().username(), Some("ada"));
            let refused = verifier.verify(&token, Expect { scopes: &["data"], ..Expect::default() }).await;
            assert_eq!(refused.unwrap_err(), TokenError::Scope("data".into()));
            let refused = verifier.verify(&token, Expect { audience: Some("x"), ..Expect::default() }).await;
            assert_eq!(refused.unwrap_err(), TokenError::Audience);
        }
        let mut forged = token.clone();
        let last = forged.pop().unwrap();
        forged.push(if last == 'A' { 'Q' } else { 'A' });
        assert!(verifier.verify(&forged, Expect::default()).await.is_err());
        // Tokens that were read although their time was over are not good for those who mind.
        let ignored = Expect { expiry: Expiry::Ignored, ..Expect::default() };
        let expired = keys.signing().sign(&claims(1)).unwrap();
        assert!(verifier.verify(&expired, ignored).await.is_ok());
        assert_eq!(verifier.verify(&expired, Expect::default()).await.unwrap_err(), TokenError::Expired);
        assert!(verifier.verify(&short, Expect::default()).await.is_ok());
        while Utc::now().timestamp() <= soon {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(verifier.verify(&short, Expect::default()).await.unwrap_err(), TokenError::Expired);
        // Its key goes, and with it all that was signed with it.
        SigningKeys::generate(folder.path(), "2021-01-01T00:00:00Z").unwrap();
        std::fs::remove_dir_all(folder.path().join("2020-01-01T00:00:00Z")).unwrap();
        assert!(keys.reload().unwrap());
        assert_eq!(verifier.verify(&token, Expect::default()).await.unwrap_err(), TokenError::UnknownKey);
    }

    #[tokio::test]
    async fn names_the_scope_that_is_missing() {
        let keys = SigningKeys::ephemeral("k").unwrap();
        let token = keys.signing().sign(&claims(FAR)).unwrap();
        let expect = Expect { scopes: &["openid", "data"], ..Expect::default() };
        let refused = verifier(&keys).verify(&token, expect).await.unwrap_err();
        assert_eq!(refused, TokenError::Scope("data".into()));
    }

    #[tokio::test]
    async fn a_token_for_something_else_or_for_later_is_no_access_token() {
        let keys = SigningKeys::ephemeral("k").unwrap();
        let verifier = verifier(&keys);
        let check = async |change: &dyn Fn(&mut Claims)| {
            let mut claims = claims(FAR);
            change(&mut claims);
            let token = keys.signing().sign(&claims).unwrap();
            verifier.verify(&token, Expect::of_access(&["openid"])).await.err()
        };
        assert_eq!(check(&|_| {}).await, None);
        for purpose in [Purpose::Id, Purpose::Refresh, Purpose::ApiKey, Purpose::Session] {
            assert_eq!(check(&|claims| claims.pur = Some(purpose)).await, Some(TokenError::Purpose));
        }
        assert_eq!(check(&|claims| claims.aud = vec!["other".into()]).await, Some(TokenError::Audience));
        assert_eq!(check(&|claims| claims.aud = vec!["other".into(), "gen3".into()]).await, None);
        assert_eq!(check(&|claims| claims.aud = vec!["user".into(), "openid".into()]).await, None);
        assert_eq!(check(&|claims| (claims.aud, claims.pur) = (vec![], None)).await, None);
        let nbf = |nbf: serde_json::Value| {
            move |claims: &mut Claims| drop(claims.rest.insert("nbf".into(), nbf.clone()))
        };
        assert_eq!(check(&nbf(FAR.into())).await, Some(TokenError::NotYet));
        assert_eq!(check(&nbf(1.into())).await, None);
        assert!(matches!(check(&nbf("soon".into())).await, Some(TokenError::Malformed(_))));
        let strict = Expect { purpose: Some(Purpose::Access), audience: Some("gen3"), ..Expect::default() };
        for lacking in [|claims: &mut Claims| claims.pur = None, |claims: &mut Claims| claims.aud = vec![]] {
            let mut claims = claims(FAR);
            lacking(&mut claims);
            let token = keys.signing().sign(&claims).unwrap();
            assert!(verifier.verify(&token, strict).await.is_err());
        }
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
