//! Local accounts: invitations to set a password, changing it, and the second factor.

use authz::username::{self, UsernameError};
use sqlx::PgConnection;

use super::registration::is_address;
use crate::{
    clock::now,
    config::{LOCAL_LOGIN, LONGEST_INVITATION},
    error::Error,
    identity::{
        password::{Invited, MayChangeAccount, must_be_on, not_invited},
        permits::MayAdminister,
    },
    local::{codes, passwords::NewPassword, second_factor::Secret},
    service::Fence,
    store::{
        administration::{self, Changes, NewUser},
        local_accounts, users,
    },
};

/// So many recovery codes are made.
const RECOVERY_CODES: usize = 10;
/// The longest address of a user.
const LONGEST_EMAIL: usize = 255;

/// Whom an invitation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteMode {
    /// Somebody without a password here; the user is made if there is none.
    First,
    /// Somebody who sets another password: the old one, the second factor and all sessions end at once.
    Reset,
    /// As [`Self::Reset`], and API keys and refresh tokens end, too.
    ResetWithKeys,
}

/// An invitation that an administrator wants.
#[derive(Debug, Clone, Copy)]
pub struct Invite<'a> {
    /// The user's name.
    pub username: &'a str,
    /// The user's address, if it is to be kept.
    pub email: Option<&'a str>,
    /// Seconds in which the invitation must be followed.
    pub life: i64,
    /// Whom it is for.
    pub mode: InviteMode,
}

/// An invitation that was made. Whoever has it sets the user's password.
#[derive(Clone)]
pub struct Invitation {
    /// The user's name as it is kept.
    pub username: String,
    /// When the invitation expires, in seconds since the epoch.
    pub expires: i64,
    code: String,
}

// Written by hand so that a code can never reach a log.
impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Invitation {
    /// Where it is followed. Logs mask the argument `code`.
    pub fn address(&self, base_url: &str) -> String {
        format!("{base_url}{LOCAL_LOGIN}/invitation?code={}", self.code)
    }
}

/// Makes an invitation.
///
/// # Errors
/// 400 for a name, address or life that is none, and for somebody who is shut out; 404 for nobody to be
/// reset; 409 for a first invitation of somebody who has a password.
pub(crate) async fn invite(connection: &mut PgConnection, invite: &Invite<'_>) -> Result<Invitation, Error> {
    if !(1..=LONGEST_INVITATION).contains(&invite.life) {
        let text = format!("an invitation lives between 1 and {LONGEST_INVITATION} seconds");
        return Err(Error::BadRequest(text));
    }
    if invite.email.is_some_and(|email| email.len() > LONGEST_EMAIL || !is_address(email)) {
        return Err(Error::BadRequest("the e-mail address is not one".into()));
    }
    if invite.username.contains('\0') {
        return Err(Error::BadRequest(UsernameError::Invisible.to_string()));
    }
    let known = local_accounts::by_name(connection, invite.username).await?;
    let (user, username) = match (known, invite.mode) {
        (Some(account), InviteMode::First) if account.password.is_some() => {
            let text = "has a password already; a reset lets the user set another one";
            return Err(Error::Conflict(format!("the user {} {text}", account.username)));
        }
        (Some(account), _) => (account.user_id, account.username),
        (None, InviteMode::First) => (made(connection, invite.username).await?, invite.username.to_owned()),
        (None, InviteMode::Reset | InviteMode::ResetWithKeys) => {
            return Err(Error::NotFound(format!("user {} not found", invite.username)));
        }
    };
    if !users::by_id(connection, user).await?.is_some_and(|user| user.active) {
        return Err(Error::BadRequest(format!(
            "the user {username} is shut out; let the user in again first"
        )));
    }
    if invite.mode != InviteMode::First {
        local_accounts::remove(connection, user).await?;
        local_accounts::end_sessions(connection, user, now()).await?;
    }
    if invite.mode == InviteMode::ResetWithKeys {
        administration::end_api_keys(connection, user).await?;
    }
    let changes = Changes { email: invite.email, ..Changes::default() };
    administration::update(connection, user, &changes).await?;
    let code = codes::code();
    local_accounts::invite(connection, user, &codes::digest(&code), invite.life).await?;
    Ok(Invitation { username, expires: now().saturating_add(invite.life), code })
}

/// As whom a user who has shown who they are takes turns with others.
fn caller(user: i32) -> String {
    format!("user {user}")
}

/// Makes a user of whom nothing but a name is known.
async fn made(connection: &mut PgConnection, name: &str) -> Result<i32, Error> {
    username::check(name).map_err(|error| Error::BadRequest(error.to_string()))?;
    let id = administration::create(connection, &NewUser { username: name, ..NewUser::default() }).await?;
    // Somebody else has just made the user.
    id.ok_or_else(|| Error::Conflict(format!("the user {name} is being made; please try again")))
}

impl Fence {
    /// Makes an invitation for an administrator.
    ///
    /// # Errors
    /// 404 where there are no local accounts, and those of [`invite`].
    pub(crate) async fn invite(
        &self,
        proof: &MayAdminister,
        order: &Invite<'_>,
    ) -> Result<Invitation, Error> {
        must_be_on(self)?;
        let mut transaction = self.pool.begin().await?;
        let invitation = invite(&mut transaction, order).await?;
        transaction.commit().await?;
        let administrator = proof.administrator().user_id();
        tracing::info!(administrator.id = administrator, mode = ?order.mode, "a user was invited");
        Ok(invitation)
    }

    /// Keeps the password of somebody who has followed their invitation, which is used up.
    ///
    /// # Errors
    /// 404 for an invitation that somebody else has used meanwhile.
    pub(crate) async fn accept_invitation(&self, proof: &Invited, new: NewPassword) -> Result<(), Error> {
        let user = proof.account().user_id;
        let hash = self.hashing.hash(&caller(user), new).await?;
        let mut transaction = self.pool.begin().await?;
        if !local_accounts::use_invitation(&mut transaction, user, proof.digest()).await? {
            return Err(not_invited());
        }
        local_accounts::set_password(&mut transaction, user, &hash).await?;
        transaction.commit().await?;
        tracing::info!(user.id = user, "a user has followed an invitation");
        Ok(())
    }

    /// Keeps another password, and ends all sessions that have begun before. The caller begins a new one.
    ///
    /// # Errors
    /// 503 when too many passwords are being set.
    pub(crate) async fn change_password(
        &self,
        proof: &MayChangeAccount,
        new: NewPassword,
    ) -> Result<users::User, Error> {
        let user = proof.account().user_id;
        let hash = self.hashing.hash(&caller(user), new).await?;
        let mut transaction = self.pool.begin().await?;
        local_accounts::set_password(&mut transaction, user, &hash).await?;
        local_accounts::end_sessions(&mut transaction, user, now()).await?;
        let user = users::by_id(&mut transaction, user).await?.ok_or_else(Error::please_login)?;
        transaction.commit().await?;
        tracing::info!(user.id = user.id, "a user has changed their password");
        Ok(user)
    }

    /// From now on logins want a one-time code of `secret`, of which the one of `step` was shown. Returns the
    /// recovery codes.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn begin_second_factor(
        &self,
        proof: &MayChangeAccount,
        secret: &Secret,
        step: i64,
    ) -> Result<Vec<String>, Error> {
        let user = proof.account().user_id;
        let recovery: Vec<String> = (0..RECOVERY_CODES).map(|_| codes::recovery_code()).collect();
        let digests: Vec<Vec<u8>> =
            recovery.iter().map(|code| codes::recovery_digest(code).to_vec()).collect();
        let mut transaction = self.pool.begin().await?;
        let bytes = secret.as_bytes();
        local_accounts::set_second_factor(&mut transaction, user, bytes, step, &digests).await?;
        transaction.commit().await?;
        tracing::info!(user.id = user, "a user has turned their second factor on");
        Ok(recovery)
    }

    /// From now on the password is enough.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_second_factor(&self, proof: &MayChangeAccount) -> Result<(), Error> {
        let user = proof.account().user_id;
        local_accounts::remove_second_factor(&mut *self.pool.acquire().await?, user).await?;
        tracing::info!(user.id = user, "a user has turned their second factor off");
        Ok(())
    }

    /// From now on the browser is known in which a user has just logged in, by the code that this returns.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn know_device(&self, user: i32, old: Option<&str>) -> Result<String, Error> {
        let new = codes::code();
        let old = old.map(codes::digest);
        let mut transaction = self.pool.begin().await?;
        let old = old.as_ref().map(|digest| &digest[..]);
        local_accounts::know_device(&mut transaction, user, old, &codes::digest(&new)).await?;
        transaction.commit().await?;
        Ok(new)
    }
}
