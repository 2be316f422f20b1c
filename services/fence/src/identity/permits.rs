//! Proofs that a caller may touch API keys and tokens. Each is made by its check in this module and by
//! nothing else.

use authz::AuthzError;
use serde_json::Value;
use tokens::{Claims, Expect, Expiry, Purpose, TokenError};

use super::{
    caller::{Bearer, Caller},
    oauth_client::MayUseClient,
    scopes::CREDENTIALS,
};
use crate::{
    error::Error,
    permissions::{Delete, Everything},
    provider::refusal::Refusal,
    service::Fence,
};

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
    let bearer = caller.bearer(fence, &[CREDENTIALS]).await?;
    bearer.refuse_shut_out(&mut *fence.pool.acquire().await?).await?;
    Ok(MayManageKeys { bearer })
}

/// Proof that the caller may revoke one token.
///
/// ```no_run
/// # use fence::{Error, Fence, identity::permits::MayRevoke};
/// async fn revoke(fence: &Fence, proof: MayRevoke) -> Result<(), Error> {
///     fence.revoke(proof).await.map(drop)
/// }
/// ```
///
/// Whoever manages keys may not therefore revoke tokens:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, identity::permits::MayManageKeys};
/// async fn revoke(fence: &Fence, proof: MayManageKeys) -> Result<(), Error> {
///     fence.revoke(proof).await.map(drop)
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
    // One that has expired can be revoked too: it was not known to have.
    let expect = Expect { expiry: Expiry::Ignored, ..Expect::default() };
    let claims = fence.verifier.verify(token, expect).await?;
    let own = caller.believed(fence).await.is_some_and(|bearer| bearer.claims().sub == claims.sub);
    if !own || claims.sub.is_none() {
        fence.authz.require::<Delete>(&caller.subject()?, vec![ADMIN.to_owned()]).await?;
    }
    revocable(claims)
}

/// Asks whether an OAuth client may revoke `token`: it may if the token was made for it. `None` for what is
/// not a valid token: there is nothing to revoke.
///
/// # Errors
/// `invalid_grant` for the token of another client, 400 for one that cannot be revoked.
pub(crate) async fn may_revoke_own(
    fence: &Fence,
    proof: &MayUseClient,
    token: &str,
) -> Result<Option<MayRevoke>, Error> {
    let Some(said) = tokens::unverified::<Value>(token) else { return Ok(None) };
    if said["azp"].as_str() != Some(proof.client().id.as_str()) {
        return Err(Refusal::invalid_grant("").terse().into());
    }
    match fence.verifier.verify(token, Expect::default()).await {
        Ok(claims) => revocable(claims).map(Some),
        Err(_) => Ok(None),
    }
}

/// Access tokens are not looked up by who reads them, except those of a task.
fn revocable(claims: Claims) -> Result<MayRevoke, Error> {
    let is_task = claims.context.as_ref().is_some_and(|context| context.rest.contains_key("task_token_type"));
    let can = match claims.pur {
        Some(Purpose::ApiKey | Purpose::Refresh) => true,
        Some(Purpose::Access) => is_task,
        Some(Purpose::Id | Purpose::Session) | None => false,
    };
    if can {
        return Ok(MayRevoke { claims });
    }
    Err(Error::BadRequest("can only blacklist task access tokens, refresh tokens and API keys".into()))
}

/// Proof that the caller may administer users, groups and projects.
///
/// ```no_run
/// # use fence::{Error, Fence, identity::permits::MayAdminister};
/// async fn shut_out(fence: &Fence, proof: &MayAdminister) -> Result<(), Error> {
///     fence.deactivate_user(proof, "ada").await
/// }
/// ```
///
/// Whoever may revoke a token may not therefore shut its user out:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, identity::permits::MayRevoke};
/// async fn shut_out(fence: &Fence, proof: &MayRevoke) -> Result<(), Error> {
///     fence.deactivate_user(proof, "ada").await
/// }
/// ```
#[derive(Debug)]
pub struct MayAdminister {
    bearer: Bearer,
}

impl MayAdminister {
    /// Who administers.
    pub(crate) fn administrator(&self) -> &Bearer {
        &self.bearer
    }
}

/// Asks whether the caller may administer fence, by an access token of ours.
///
/// # Errors
/// 403 for "no", for nobody, and for tokens that are made for something else; 401 for those that are none.
pub(crate) async fn may_administer(fence: &Fence, caller: &Caller) -> Result<MayAdminister, Error> {
    if caller.is_anonymous() {
        return Err(AuthzError::Denied.into());
    }
    let bearer = caller.bearer(fence, &[]).await.map_err(|error| match error {
        Error::Token(TokenError::Purpose | TokenError::Audience | TokenError::Issuer) => {
            AuthzError::Denied.into()
        }
        error => error,
    })?;
    fence.authz.require::<Everything>(&bearer.subject(), vec![ADMIN.to_owned()]).await?;
    Ok(MayAdminister { bearer })
}
