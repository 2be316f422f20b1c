//! Who may say of which user who they are.

use super::{cookies, session::Session};
use crate::{
    error::Error,
    service::Fence,
    store::users::{self, User},
};

/// Under this name a session remembers for whom a provider has vouched who is not logged in yet, in the words
/// of the original.
pub(crate) const IN_PROGRESS: &str = "login_in_progress_username";

/// Proof that somebody is this user, logged in or about to be: the user's own registration is theirs.
///
/// ```no_run
/// # use fence::{Error, Fence, identity::registration::MayRegister};
/// async fn register(fence: &Fence, proof: &MayRegister) -> Result<(), Error> {
///     fence.register_user(proof, &serde_json::json!({})).await
/// }
/// ```
///
/// An administrator has no business there:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, identity::permits::MayAdminister};
/// async fn register(fence: &Fence, proof: &MayAdminister) -> Result<(), Error> {
///     fence.register_user(proof, &serde_json::json!({})).await
/// }
/// ```
#[derive(Debug)]
pub struct MayRegister {
    user: User,
}

impl MayRegister {
    /// Who it is.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }
}

/// Takes the user of `session`, who may be in the middle of a login.
///
/// # Errors
/// 404 where nobody registers, 401 for nobody.
pub(crate) async fn may_register(fence: &Fence, session: &Session) -> Result<MayRegister, Error> {
    if !fence.config.register_users_on.is_on() {
        return Err(Error::no_such_url());
    }
    let mut connection = fence.pool.acquire().await?;
    if let Some(user) = cookies::session_user(&mut connection, session).await? {
        return Ok(MayRegister { user });
    }
    let username = session.get(IN_PROGRESS).ok_or_else(Error::please_login)?;
    let user = users::by_name(&mut connection, username).await?.filter(|user| user.active);
    Ok(MayRegister { user: user.ok_or_else(Error::please_login)? })
}
