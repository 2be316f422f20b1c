//! Revoking tokens before they expire.

use sqlx::PgConnection;
use tokens::{Claims, Expect, Expiry};
use uuid::Uuid;

use crate::{
    clock::now,
    error::Error,
    identity::permits::MayRevoke,
    service::Fence,
    store::{api_keys, denylist},
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
        let claims = self.verifier.verify(token, expect).await;
        let Some(jti) = claims.ok().and_then(|claims| claims.jti) else { return Ok(false) };
        let mut connection = self.pool.acquire().await?;
        Ok(denylist::contains(&mut connection, &jti).await?)
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
    let jti = jti.ok_or_else(|| Error::Unauthorized("the token has no identifier".into()))?;
    if denylist::contains(connection, jti).await? {
        return Err(Error::Unauthorized("token is denylisted".into()));
    }
    Ok(jti)
}
