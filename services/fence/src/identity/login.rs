//! The right to log in. Two ways exist, the development login and mock providers; both do without a password.

use actix_web::{HttpRequest, http::header::HOST};
use url::Url;
use web::is_loopback;

use super::session::Session;
use crate::{config::DEVELOPMENT_IDP, error::Error, service::Fence};

/// Proof that an identity provider vouches for somebody. Only the checks of this module make one.
///
/// ```no_run
/// # use fence::{Error, Fence, identity::{login::MayLogIn, session::Session}};
/// async fn enter(fence: &Fence, session: &mut Session, proof: MayLogIn<'_>) -> Result<(), Error> {
///     fence.log_in(session, &proof).await
/// }
/// ```
///
/// Being somebody in one respect is not enough:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, identity::{permits::MayManageKeys, session::Session}};
/// async fn enter(fence: &Fence, session: &mut Session, proof: MayManageKeys) -> Result<(), Error> {
///     fence.log_in(session, &proof).await
/// }
/// ```
#[derive(Debug)]
pub struct MayLogIn<'a> {
    username: &'a str,
    idp: &'a str,
}

impl<'a> MayLogIn<'a> {
    /// For whom the provider vouches.
    pub(crate) fn username(&self) -> &'a str {
        self.username
    }

    /// The identity provider.
    pub(crate) fn idp(&self) -> &'a str {
        self.idp
    }
}

/// Proof that the caller may use the development login, where they pick who they are.
#[derive(Debug)]
pub(crate) struct MayPickUser(());

/// Asks whether the development login is on and the request comes from this machine.
///
/// # Errors
/// 404 where it is off, 403 for other machines.
pub(crate) fn may_pick_user(fence: &Fence, request: &HttpRequest) -> Result<MayPickUser, Error> {
    if !fence.config.development_login {
        return Err(Error::no_such_url());
    }
    must_be_local(request)?;
    Ok(MayPickUser(()))
}

/// Takes the picked user, if the form with the choice was this session's own.
///
/// # Errors
/// 400 for another form.
pub(crate) fn may_log_in_as<'a>(
    _: &MayPickUser,
    session: &Session,
    csrf_token: Option<&str>,
    username: &'a str,
) -> Result<MayLogIn<'a>, Error> {
    if session.accepts_csrf_token(csrf_token) {
        Ok(MayLogIn { username, idp: DEVELOPMENT_IDP })
    } else {
        Err(Error::BadRequest("CSRF verification failed: please open the login page again".into()))
    }
}

/// Takes the user that the mock provider `idp` was told, or its default.
///
/// # Errors
/// 404 for another provider, 403 for other machines.
pub(crate) fn may_log_in_by_mock<'a>(
    fence: &'a Fence,
    request: &HttpRequest,
    idp: &'a str,
    told: Option<&'a str>,
) -> Result<MayLogIn<'a>, Error> {
    let default_user = fence.checked.mocks.get(idp).ok_or_else(Error::no_such_url)?;
    must_be_local(request)?;
    Ok(MayLogIn { username: told.filter(|name| !name.is_empty()).unwrap_or(default_user), idp })
}

/// Logins without a password are for the people at this machine: the request must come from it, and by one of
/// its own names. The first keeps the network out when somebody listens on all addresses, the second keeps
/// out web pages that make their own name point here (DNS rebinding).
///
/// # Errors
/// 403.
fn must_be_local(request: &HttpRequest) -> Result<(), Error> {
    let from_here = request.peer_addr().is_none_or(|peer| peer.ip().to_canonical().is_loopback());
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let own_name = host
        .and_then(|host| Url::parse(&format!("http://{host}/")).ok())
        .is_some_and(|url| is_loopback(&url));
    if from_here && own_name {
        return Ok(());
    }
    let message = "logging in without a password is possible from this machine only, at a loopback address";
    Err(Error::Forbidden(message.into()))
}
