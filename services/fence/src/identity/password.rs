//! The right to log in by a password that fence keeps, and the right to change what is kept.

use super::{
    attempts::{Attempt, Good, Origin},
    cookies,
    login::MayLogIn,
    session::Session,
};
use crate::{
    clock::now,
    config::LOCAL_IDP,
    error::Error,
    local::{codes, hashing::Fit, passwords::Password, second_factor::Secret},
    service::Fence,
    store::local_accounts::{self, Account},
};

/// Under this name a session remembers who has shown a password and not yet a one-time code.
pub(crate) const WAITING: &str = "local_login_waiting";
/// Seconds in which the code must come.
const PATIENCE: i64 = 600;
/// The longest name that any user has, in bytes.
const LONGEST_NAME: usize = 1_020;

/// What is said of a wrong name, a wrong password, and a user without a password alike.
const WRONG: &str = "The user name or the password is not right.";
const WRONG_CODE: &str = "This code is not right, or it has been used.";

/// How far somebody has come who has shown a password.
#[derive(Debug)]
pub(crate) enum Shown {
    /// It was all that the account asks for.
    Everything(Box<MayLogIn<'static>>),
    /// A one-time code is asked for, too.
    Password(Waiting),
}

/// Somebody who has shown the password of an account, and has to show a one-time code as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    user_id: i32,
    /// When the password was set: with another one everything begins anew.
    changed_at: i64,
    until: i64,
}

impl Waiting {
    /// As a session remembers it.
    pub(crate) fn to_text(&self) -> String {
        format!("{}.{}.{}", self.user_id, self.changed_at, self.until)
    }

    /// What `session` waits for.
    pub(crate) fn of(session: &Session) -> Option<Self> {
        let mut parts = session.get(WAITING)?.split('.');
        let waiting = Self {
            user_id: parts.next()?.parse().ok()?,
            changed_at: parts.next()?.parse().ok()?,
            until: parts.next()?.parse().ok()?,
        };
        (waiting.until >= now()).then_some(waiting)
    }
}

/// Where there are no local accounts, nothing of theirs is.
///
/// # Errors
/// 404.
pub(crate) fn must_be_on(fence: &Fence) -> Result<(), Error> {
    if fence.config.local_accounts.enabled.is_on() { Ok(()) } else { Err(Error::no_such_url()) }
}

/// Whether a form is one of this session's own.
///
/// # Errors
/// 400.
pub(crate) fn must_be_own_form(session: &Session, csrf_token: Option<&str>) -> Result<(), Error> {
    if session.accepts_csrf_token(csrf_token) {
        return Ok(());
    }
    let text = "CSRF verification failed: this page was open for too long, or elsewhere. Please try again.";
    Err(Error::BadRequest(text.into()))
}

/// Takes the user of this name and password.
///
/// # Errors
/// 404 where there are no local accounts, 401 for another name or password, 429 and 503 for too many
/// attempts.
pub(crate) async fn may_log_in_by_password(
    fence: &Fence,
    username: &str,
    password: &str,
    origin: &Origin,
) -> Result<Shown, Error> {
    must_be_on(fence)?;
    let (attempt, account) = password_fits(fence, username, password, origin).await?;
    if let (Some(_), Some(changed_at)) = (&account.second_factor, account.changed_at) {
        attempt.succeed(fence, Good::Half).await?;
        let until = now().saturating_add(PATIENCE);
        return Ok(Shown::Password(Waiting { user_id: account.user_id, changed_at, until }));
    }
    attempt.succeed(fence, Good::Whole).await?;
    Ok(Shown::Everything(Box::new(MayLogIn::named(&account.username, LOCAL_IDP))))
}

/// Takes the user who has shown their password before, by their one-time code or one of their recovery codes.
///
/// # Errors
/// As [`may_log_in_by_password`], and 401 for somebody who has not shown a password lately.
pub(crate) async fn may_log_in_by_code(
    fence: &Fence,
    waiting: &Waiting,
    code: &str,
    origin: &Origin,
) -> Result<MayLogIn<'static>, Error> {
    must_be_on(fence)?;
    let account = local_accounts::by_id(&mut *fence.pool.acquire().await?, waiting.user_id).await?;
    let account = account.filter(|account| account.changed_at == Some(waiting.changed_at));
    let account = account.ok_or_else(|| Error::Unauthorized(WRONG.into()))?;
    let attempt = Attempt::begin(fence, &account.username, origin).await?;
    if !code_fits(fence, &account, code).await? {
        return Err(Error::Unauthorized(WRONG_CODE.into()));
    }
    attempt.succeed(fence, Good::Whole).await?;
    Ok(MayLogIn::named(&account.username, LOCAL_IDP))
}

/// The account of this name, if this is its password. The attempt is still to be ended.
async fn password_fits(
    fence: &Fence,
    username: &str,
    password: &str,
    origin: &Origin,
) -> Result<(Attempt, Account), Error> {
    let wrong = || Error::Unauthorized(WRONG.into());
    // Neither can be a name or a password of anybody.
    if username.is_empty() || username.len() > LONGEST_NAME || username.contains('\0') {
        return Err(wrong());
    }
    let password = Password::read(password).map_err(|_| wrong())?;
    let attempt = Attempt::begin(fence, username, origin).await?;
    let account = local_accounts::by_name(&mut *fence.pool.acquire().await?, username).await?;
    let stored = account.as_ref().and_then(|account| account.password.clone());
    let fit = match fence.hashing.fits(&attempt.caller, password, stored.clone()).await {
        Ok(fit) => fit,
        Err(busy) => {
            // Nobody has guessed anything.
            attempt.succeed(fence, Good::Half).await?;
            return Err(busy);
        }
    };
    let (Fit::Yes { renewed }, Some(account)) = (fit, account) else { return Err(wrong()) };
    if let (Some(old), Some(new)) = (stored, renewed) {
        let mut connection = fence.pool.acquire().await?;
        local_accounts::renew_hash(&mut connection, account.user_id, &old, &new).await?;
    }
    Ok((attempt, account))
}

/// Whether a code is one that the account's authenticator shows now, or one of its recovery codes. It is used
/// up.
async fn code_fits(fence: &Fence, account: &Account, typed: &str) -> Result<bool, Error> {
    let Some(secret) = account.second_factor.as_deref().and_then(Secret::from_bytes) else {
        return Ok(false);
    };
    let mut connection = fence.pool.acquire().await?;
    if let Some(step) = secret.step_of(typed, now(), account.used_step.unwrap_or_default()) {
        return Ok(local_accounts::use_step(&mut connection, account.user_id, step).await?);
    }
    let digest = codes::recovery_digest(typed);
    Ok(local_accounts::use_recovery_code(&mut connection, account.user_id, &digest).await?)
}

/// Proof that somebody is logged in, and has just shown the password of their local account again.
///
/// ```no_run
/// # use fence::{Error, Fence, identity::password::MayChangeAccount};
/// async fn less_careful(fence: &Fence, proof: &MayChangeAccount) -> Result<(), Error> {
///     fence.end_second_factor(proof).await
/// }
/// ```
///
/// Being logged in is not enough:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, identity::{password::MayChangeAccount, registration::MayRegister}};
/// async fn less_careful(fence: &Fence, proof: &MayRegister) -> Result<(), Error> {
///     fence.end_second_factor(proof).await
/// }
/// ```
#[derive(Debug)]
pub struct MayChangeAccount {
    account: Account,
}

impl MayChangeAccount {
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }
}

/// What somebody shows who changes their account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Again<'a> {
    pub(crate) password: &'a str,
    /// A one-time code, where it is asked for.
    pub(crate) code: Option<&'a str>,
}

/// The user of `session`, who has a local account.
///
/// # Errors
/// 404 where there are no local accounts and for a user without one, 401 for nobody.
pub(crate) async fn own_account(fence: &Fence, session: &Session) -> Result<Account, Error> {
    must_be_on(fence)?;
    let mut connection = fence.pool.acquire().await?;
    let user = cookies::session_user(&mut connection, session).await?.ok_or_else(Error::please_login)?;
    let account = local_accounts::by_id(&mut connection, user.id).await?;
    let account = account.filter(|account| account.password.is_some());
    account.ok_or_else(|| Error::NotFound("this user has no password here".into()))
}

/// Takes the user of `session`, by their password and, if one is given, a one-time code.
///
/// # Errors
/// Those of [`own_account`], 401 for what does not fit, 429 and 503 for too many attempts.
pub(crate) async fn may_change_account(
    fence: &Fence,
    session: &Session,
    again: Again<'_>,
    origin: &Origin,
) -> Result<MayChangeAccount, Error> {
    let own = own_account(fence, session).await?;
    let wrong = |text: &str| Error::Unauthorized(text.to_owned());
    let fits = password_fits(fence, &own.username, again.password, origin).await;
    let (attempt, account) = fits.map_err(|error| match error {
        Error::Unauthorized(_) => wrong("The current password is not right."),
        error => error,
    })?;
    if let Some(code) = again.code
        && !code_fits(fence, &account, code).await?
    {
        return Err(wrong(WRONG_CODE));
    }
    attempt.succeed(fence, Good::Whole).await?;
    Ok(MayChangeAccount { account })
}

/// Proof that somebody has followed an invitation: who has its code may set the password.
#[derive(Debug)]
pub(crate) struct Invited {
    account: Account,
    digest: [u8; 32],
}

impl Invited {
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) fn digest(&self) -> &[u8] {
        &self.digest
    }
}

/// Takes whoever is invited by this code.
///
/// # Errors
/// 404 where there are no local accounts, and for a code that is none, has expired or was used.
pub(crate) async fn may_follow(fence: &Fence, code: &str) -> Result<Invited, Error> {
    must_be_on(fence)?;
    let digest = codes::digest(code);
    let account = if codes::is_code(code) {
        local_accounts::invited(&mut *fence.pool.acquire().await?, &digest).await?
    } else {
        None
    };
    let account = account.ok_or_else(not_invited)?;
    Ok(Invited { account, digest })
}

/// The link leads nowhere, or not any more.
pub(crate) fn not_invited() -> Error {
    let text =
        "This link has been used, has expired, or is not whole. Ask your administrator for another one.";
    Error::NotFound(text.into())
}
