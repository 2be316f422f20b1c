//! Making tokens: the claims of each kind, exactly as fence's clients and verifiers expect them.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokens::{Claims, Context, Purpose, Scopes, SigningKeys, UserContext};
use web::Failure;

use super::session::Session;
use crate::{clock::now, counting::Issued, error::Error, store::users::User};

/// Audience of every token that fence's own routes accept.
pub(crate) const AUDIENCE: &str = "gen3";
/// Browsers cut off longer cookies, so longer access and session tokens are an error.
const LONGEST_COOKIE_TOKEN: usize = 4096;

/// Signs tokens in the name of one commons.
#[derive(Debug, Clone)]
pub(crate) struct Issuer {
    keys: Arc<SigningKeys>,
    base_url: String,
    /// The key that signs; the newest without one.
    kid: Option<String>,
    pub(crate) issued: Issued,
}

/// A signed token with what its maker needs to remember of it.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) token: String,
    pub(crate) jti: String,
    /// Seconds since the epoch.
    pub(crate) exp: i64,
}

impl Issuer {
    pub(crate) fn new(keys: Arc<SigningKeys>, base_url: &str) -> Self {
        Self { keys, base_url: base_url.to_owned(), kid: None, issued: Issued::default() }
    }

    /// An access token for `user`. `life` is in seconds and may be negative, for tests of expired tokens.
    pub(crate) fn access(&self, user: &User, scopes: &[String], life: i64) -> Result<Signed, Error> {
        let claims = Claims {
            azp: Some(String::new()),
            scope: Some(Scopes(scopes.to_vec())),
            context: Some(Context { user: Some(user_context(user)), rest: Map::new() }),
            ..self.claims(Purpose::Access, &user.id.to_string(), &[AUDIENCE], life)
        };
        self.short(&claims)
    }

    /// An access token for `user` that is good for one kind of task only, which is its audience.
    pub(crate) fn task(
        &self,
        user: &User,
        scopes: &[String],
        task: &str,
        life: i64,
    ) -> Result<Signed, Error> {
        let kind = Map::from_iter([("task_token_type".to_owned(), task.into())]);
        let claims = Claims {
            azp: Some(String::new()),
            scope: Some(Scopes(scopes.to_vec())),
            context: Some(Context { user: Some(user_context(user)), rest: kind }),
            ..self.claims(Purpose::Access, &user.id.to_string(), &[task], life)
        };
        self.short(&claims)
    }

    /// An API key for `user`.
    pub(crate) fn api_key(&self, user: &User, scopes: &[String], life: i64) -> Result<Signed, Error> {
        let claims = Claims {
            azp: Some(String::new()),
            scope: Some(Scopes(scopes.to_vec())),
            ..self.claims(Purpose::ApiKey, &user.id.to_string(), &[AUDIENCE], life)
        };
        self.sign(&claims)
    }

    /// As [`Issuer::api_key`], with an identifier that the caller has chosen.
    pub(crate) fn api_key_of(
        &self,
        user: &User,
        scopes: &[String],
        life: i64,
        jti: String,
    ) -> Result<Signed, Error> {
        let claims = Claims {
            azp: Some(String::new()),
            scope: Some(Scopes(scopes.to_vec())),
            jti: Some(jti),
            ..self.claims(Purpose::ApiKey, &user.id.to_string(), &[AUDIENCE], life)
        };
        self.sign(&claims)
    }

    /// The session cookie's token, valid until `exp`.
    pub(crate) fn session(&self, session: &Session, exp: i64) -> Result<Signed, Error> {
        let sub = session.user_id().unwrap_or_default().to_owned();
        let claims = Claims {
            context: Some(Context { user: None, rest: session.context().clone() }),
            exp,
            jti: Some(session.next_jti()),
            ..self.claims(Purpose::Session, &sub, &["fence", AUDIENCE], 0)
        };
        self.short(&claims)
    }

    /// An issuer that signs with the key of this identifier.
    pub(crate) fn with_key(self, kid: &str) -> Option<Self> {
        self.keys.all().iter().any(|key| key.kid == kid).then(|| Self { kid: Some(kid.to_owned()), ..self })
    }

    pub(super) fn claims(&self, purpose: Purpose, sub: &str, audience: &[&str], life: i64) -> Claims {
        let iat = now();
        Claims {
            pur: Some(purpose),
            sub: Some(sub.to_owned()),
            iss: self.base_url.clone(),
            aud: audience.iter().map(|word| (*word).to_owned()).collect(),
            azp: None,
            iat,
            exp: iat.saturating_add(life),
            jti: Some(uuid::Uuid::new_v4().to_string()),
            scope: None,
            context: None,
            rest: Map::<String, Value>::new(),
        }
    }

    pub(super) fn sign(&self, claims: &Claims) -> Result<Signed, Error> {
        let chosen =
            self.kid.as_ref().and_then(|kid| self.keys.all().into_iter().find(|key| &key.kid == kid));
        let token = chosen.unwrap_or_else(|| self.keys.signing()).sign(claims)?;
        self.issued.count(claims.pur);
        Ok(Signed { token, jti: claims.jti.clone().unwrap_or_default(), exp: claims.exp })
    }

    pub(super) fn short(&self, claims: &Claims) -> Result<Signed, Error> {
        let signed = self.sign(claims)?;
        if signed.token.len() > LONGEST_COOKIE_TOKEN {
            let reason = format!("it would be longer than {LONGEST_COOKIE_TOKEN} characters");
            return Err(Failure::internal("making a token for a cookie", reason).into());
        }
        Ok(signed)
    }
}

/// Who an access token speaks for.
pub(super) fn user_context(user: &User) -> UserContext {
    let google = json!({ "proxy_group": user.google_proxy_group_id });
    UserContext {
        name: user.username.clone(),
        is_admin: Some(user.is_admin.unwrap_or(false)),
        rest: Map::from_iter([("google".to_owned(), google)]),
    }
}
