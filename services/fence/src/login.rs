//! Logging somebody in whom an identity provider vouches for.

use crate::{
    Fence,
    error::FenceError,
    redirects,
    session::Session,
    store::{
        clients,
        users::{self, User},
    },
};

/// The longest user name that the table holds.
const LONGEST_USERNAME: usize = 255;

/// Finds the user (in any case) or makes one, remembers the login, and begins a session.
///
/// # Errors
/// 401 for a name that is denied, for an inactive user, and for a new one where new users are not let in.
pub(crate) async fn log_in(
    fence: &Fence,
    session: &mut Session,
    username: &str,
    idp: &str,
) -> Result<User, FenceError> {
    if fence.checked.deny_username.as_ref().is_some_and(|pattern| pattern.is_match(username)) {
        return Err(FenceError::Unauthorized(String::new()));
    }
    if username.is_empty() || username.chars().count() > LONGEST_USERNAME || username.contains('\0') {
        return Err(FenceError::BadRequest("a user name has 1 to 255 characters".into()));
    }
    let mut transaction = fence.pool.begin().await?;
    let known = users::by_name(&mut transaction, username).await?;
    if known.is_none() {
        if !fence.config.allow_new_user_on_login {
            return Err(FenceError::Unauthorized("New user is not yet authorized/registered".into()));
        }
        users::create(&mut transaction, username).await?;
    }
    let user = match known {
        Some(user) => Some(user),
        None => users::by_name(&mut transaction, username).await?,
    };
    let user = user.filter(|user| user.active);
    let user = user.ok_or_else(|| FenceError::Unauthorized("User is known but not active".into()))?;
    users::logged_in(&mut transaction, user.id, idp).await?;
    transaction.commit().await?;
    session.log_in(&user.username, user.id, idp);
    Ok(user)
}

/// Whether a browser may be sent to `target` after a login or logout.
pub(crate) async fn may_redirect_to(fence: &Fence, target: &str) -> Result<bool, FenceError> {
    let sites = &fence.checked.redirect_sites;
    if redirects::is_allowed(target, |site| sites.iter().any(|known| known == site)) {
        return Ok(true);
    }
    // Asked only when it matters: most logins return to our own site.
    let mut connection = fence.pool.acquire().await?;
    let clients = redirects::client_sites(&clients::metadata(&mut connection).await?);
    Ok(redirects::is_allowed(target, |site| clients.contains(site)))
}
