//! Revoking tokens before they expire.

use sqlx::PgConnection;
use tokens::{Claims, Expect, Expiry};
use uuid::Uuid;

use crate::{
    clock::now,
    error::Error,
    identity::permits::MayRevoke,
    service::Fence,
    store::{api_keys, denylist, standing::Token, users::User},
};

/// What became of a token that was to be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// It is revoked.
    Now,
    /// It was revoked already.
    Before,
}

impl Fence {
    /// Revokes the token that `proof` is about; one that has expired is not worth remembering.
    ///
    /// # Errors
    /// 400 for one whose identifier is none.
    pub async fn revoke(&self, proof: MayRevoke) -> Result<Revoked, Error> {
        let claims = proof.claims();
        let jti = claims.jti.as_deref().filter(|jti| Uuid::parse_str(jti).is_ok());
        let jti = jti.ok_or_else(|| Error::BadRequest("the token has no identifier".into()))?;
        let mut transaction = self.pool.begin().await?;
        if denylist::contains(&mut transaction, jti).await? {
            return Ok(Revoked::Before);
        }
        if claims.exp > now() {
            denylist::add(&mut transaction, jti, claims.exp).await?;
            api_keys::forget(&mut transaction, jti).await?;
            transaction.commit().await?;
        }
        Ok(Revoked::Now)
    }

    /// Whether a token was revoked. What is not a token of ours was not.
    pub(crate) async fn is_revoked(&self, token: &str) -> Result<bool, Error> {
        let expect = Expect { any_issuer: true, expiry: Expiry::Ignored, ..Expect::default() };
        let Ok(verified) = self.verifier.verify_shared(token, expect).await else { return Ok(false) };
        let Some(jti) = verified.claims().jti.clone() else { return Ok(false) };
        let standing = self.standings.get(Token { jti, user: None }).await?;
        Ok(standing.is_some_and(|standing| standing.revoked))
    }

    /// The user of a token that was not revoked; none for a user who does not exist (any more).
    ///
    /// # Errors
    /// 401 when it was revoked, and for one without an identifier.
    pub(super) async fn user_of_unrevoked(&self, claims: &Claims) -> Result<Option<User>, Error> {
        let jti = claims.jti.clone().ok_or_else(without_identifier)?;
        let user = claims.sub.as_deref().and_then(|sub| sub.parse().ok());
        match self.standings.get(Token { jti, user }).await? {
            Some(standing) if !standing.revoked => Ok(standing.user),
            _ => Err(denylisted()),
        }
    }
}

/// The identifier of a token that is not on the denylist.
///
/// # Errors
/// 401 when it is.
pub(super) async fn not_revoked<'c>(
    connection: &mut PgConnection,
    claims: &'c Claims,
) -> Result<&'c str, Error> {
    let jti = claims.jti.as_deref();
    let jti = jti.ok_or_else(without_identifier)?;
    if denylist::contains(connection, jti).await? { Err(denylisted()) } else { Ok(jti) }
}

fn without_identifier() -> Error {
    Error::Unauthorized("the token has no identifier".into())
}

fn denylisted() -> Error {
    Error::Unauthorized("token is denylisted".into())
}
