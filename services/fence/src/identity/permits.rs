//! Proofs that a caller may touch API keys and tokens. Each is made by its check in this module and by
//! nothing else.

use tokens::{Claims, Expect, Purpose};

use super::{
    caller::{Bearer, Caller},
    scopes::CREDENTIALS,
};
use crate::{error::Error, permissions::Delete, service::Fence};

/// Whoever may `delete` here may revoke anybody's tokens.
const ADMIN: &str = "/services/fence/admin";

/// Proof that the caller may list, make and delete the API keys of one user: their own.
///
/// ```no_run
/// # use fence::{Error, Fence, identity::permits::MayManageKeys};
/// async fn forget(fence: &Fence, proof: &MayManageKeys) -> Result<(), Error> {
///     fence.delete_api_key(proof, "the key's jti").await
/// }
/// ```
///
/// The right to revoke a token is not the right to somebody's keys:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, identity::permits::MayRevoke};
/// async fn forget(fence: &Fence, proof: &MayRevoke) -> Result<(), Error> {
///     fence.delete_api_key(proof, "the key's jti").await
/// }
/// ```
#[derive(Debug)]
pub struct MayManageKeys {
    bearer: Bearer,
}

impl MayManageKeys {
    /// The owner of the keys, by the token of their session.
    pub(crate) fn owner(&self) -> &Bearer {
        &self.bearer
    }
}

/// Asks whether the caller may manage API keys: access tokens of browser sessions may, those made from keys
/// may not.
///
/// # Errors
/// 401 for "no".
pub(crate) async fn may_manage_keys(fence: &Fence, caller: &Caller) -> Result<MayManageKeys, Error> {
    caller.bearer(fence, &[CREDENTIALS]).await.map(|bearer| MayManageKeys { bearer })
}

/// Proof that the caller may revoke one token.
///
/// ```no_run
/// # use fence::{Error, Fence, identity::permits::MayRevoke};
/// async fn revoke(fence: &Fence, proof: MayRevoke) -> Result<(), Error> {
///     fence.revoke(proof).await
/// }
/// ```
///
/// Whoever manages keys may not therefore revoke tokens:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, identity::permits::MayManageKeys};
/// async fn revoke(fence: &Fence, proof: MayManageKeys) -> Result<(), Error> {
///     fence.revoke(proof).await
/// }
/// ```
#[derive(Debug)]
pub struct MayRevoke {
    claims: Claims,
}

impl MayRevoke {
    /// What the token says.
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }
}

/// Asks whether the caller may revoke `token`: the token's own user may, and whoever may delete in fence's
/// administration.
///
/// # Errors
/// 401 for a token that is not one of ours and for a broken header, 400 for one that cannot be revoked, 403
/// for "no".
pub(crate) async fn may_revoke(fence: &Fence, caller: &Caller, token: &str) -> Result<MayRevoke, Error> {
    let claims = fence.verifier.verify(token, Expect::default()).await?;
    if !matches!(claims.pur, Some(Purpose::ApiKey | Purpose::Refresh)) {
        return Err(Error::BadRequest("only refresh tokens and API keys can be revoked".into()));
    }
    let own = caller.believed(fence).await.is_some_and(|bearer| bearer.claims().sub == claims.sub);
    if !own || claims.sub.is_none() {
        fence.authz.require::<Delete>(&caller.subject()?, vec![ADMIN.to_owned()]).await?;
    }
    Ok(MayRevoke { claims })
}
