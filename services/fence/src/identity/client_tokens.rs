//! The tokens that OAuth clients get, for a user or for themselves.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokens::{Claims, Context, Purpose, Scopes, UserContext};

use super::issuer::{AUDIENCE, Issuer, Signed, user_context};
use crate::{
    error::Error,
    store::users::{Details, User},
};

/// For whom and for what tokens are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct For<'a> {
    pub(crate) user: &'a User,
    pub(crate) client_id: &'a str,
    pub(crate) scopes: &'a [String],
}

/// What an id token says beside who the user is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct IdTokenParts<'a> {
    pub(crate) nonce: Option<&'a str>,
    /// The access token that comes with it.
    pub(crate) access_token: Option<&'a str>,
    /// What the user's tags and legacy projects are; tokens in addresses go without the projects.
    pub(crate) details: Option<&'a Details>,
    pub(crate) has_projects: bool,
}

impl Issuer {
    /// An access token with which a client acts for a user.
    pub(crate) fn access_for_client(&self, to: For<'_>, life: i64) -> Result<Signed, Error> {
        let context = Context { user: Some(user_context(to.user)), rest: Map::new() };
        let claims = Claims {
            azp: Some(to.client_id.to_owned()),
            scope: Some(Scopes(to.scopes.to_vec())),
            context: Some(context),
            ..self.claims(Purpose::Access, &to.user.id.to_string(), &[AUDIENCE, to.client_id], life)
        };
        self.short(&claims)
    }

    /// An access token with which a client acts for itself.
    pub(crate) fn access_of_client(
        &self,
        client_id: &str,
        scopes: &[String],
        life: i64,
    ) -> Result<Signed, Error> {
        let claims = Claims {
            sub: None,
            azp: Some(client_id.to_owned()),
            scope: Some(Scopes(scopes.to_vec())),
            context: Some(Context::default()),
            ..self.claims(Purpose::Access, "", &[AUDIENCE, client_id], life)
        };
        self.short(&claims)
    }

    /// A token with which a client gets new tokens for a user.
    pub(crate) fn refresh(&self, to: For<'_>, life: i64) -> Result<Signed, Error> {
        let claims = Claims {
            azp: Some(to.client_id.to_owned()),
            scope: Some(Scopes(to.scopes.to_vec())),
            ..self.claims(Purpose::Refresh, &to.user.id.to_string(), &[AUDIENCE, to.client_id], life)
        };
        self.sign(&claims)
    }

    /// A token that tells a client who a user is (OpenID Connect Core §2).
    pub(crate) fn id(&self, to: For<'_>, parts: IdTokenParts<'_>, life: i64) -> Result<Signed, Error> {
        let made = self.claims(Purpose::Id, &to.user.id.to_string(), &[to.client_id, AUDIENCE], life);
        let mut rest = Map::new();
        rest.insert("auth_time".into(), made.iat.into());
        if let Some(nonce) = parts.nonce {
            rest.insert("nonce".into(), nonce.into());
        }
        if let Some(token) = parts.access_token {
            rest.insert("at_hash".into(), half_hash(token));
        }
        let claims = Claims {
            azp: Some(to.client_id.to_owned()),
            scope: Some(Scopes(to.scopes.to_vec())),
            context: Some(Context { user: Some(who(to.user, parts)), rest: Map::new() }),
            rest,
            ..made
        };
        self.sign(&claims)
    }
}

fn who(user: &User, parts: IdTokenParts<'_>) -> UserContext {
    let mut rest = Map::new();
    rest.insert("email".into(), json!(user.email));
    rest.insert("display_name".into(), json!(user.display_name));
    rest.insert("phone_number".into(), json!(user.phone_number));
    if let Some(details) = parts.details {
        if !details.tags.0.is_empty() {
            rest.insert("tags".into(), json!(details.tags));
        }
        if parts.has_projects {
            rest.insert("projects".into(), json!(details.project_access));
        }
    }
    UserContext { name: user.username.clone(), is_admin: Some(user.is_admin.unwrap_or(false)), rest }
}

/// The left half of the token's SHA-256 (OpenID Connect Core §3.1.3.6).
fn half_hash(token: &str) -> Value {
    let digest = Sha256::digest(token.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest[..digest.len() / 2]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_an_access_token_is_that_of_the_specification() {
        // OpenID Connect Core, appendix A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(token), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
