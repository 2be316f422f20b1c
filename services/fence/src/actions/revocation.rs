//! Revoking tokens before they expire.

use sqlx::PgConnection;
use tokens::{Claims, Expect};

use crate::{error::Error, identity::permits::MayRevoke, service::Fence, store::denylist};

impl Fence {
    /// Revokes the token that `proof` is about.
    ///
    /// # Errors
    /// 401 for one that is revoked already.
    pub async fn revoke(&self, proof: MayRevoke) -> Result<(), Error> {
        let claims = proof.claims();
        let mut transaction = self.pool.begin().await?;
        let jti = not_revoked(&mut transaction, claims).await?;
        denylist::add(&mut transaction, jti, claims.exp).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Whether a token was revoked. What is not a token of ours was not.
    pub(crate) async fn is_revoked(&self, token: &str) -> Result<bool, Error> {
        let claims = self.verifier.verify(token, Expect { any_issuer: true, ..Expect::default() }).await;
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
