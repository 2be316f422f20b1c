//! The right to log in. Two ways exist, the development login and mock providers; both do without a password.

use std::net::IpAddr;

use actix_web::{
    HttpRequest,
    http::header::{HOST, HeaderMap},
};
use subtle::ConstantTimeEq as _;
use url::Url;
use web::is_loopback;

use super::session::Session;
use crate::{
    config::{DEVELOPMENT_IDP, LoginCode},
    error::Error,
    service::Fence,
};

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

/// What the development login does with a request.
#[derive(Debug)]
pub(crate) enum Picking {
    /// It shows who can be picked.
    Allowed(MayPickUser),
    /// It asks for the code, because the request has none, or another one.
    WantsCode,
}

/// Asks whether the development login is on, the request comes from this machine, and one of `codes` is the
/// configured code. The machine alone is not enough: its other accounts reach its loopback addresses too.
///
/// # Errors
/// 404 where it is off, 403 for other machines.
pub(crate) fn may_pick_user<'a>(
    fence: &Fence,
    request: &HttpRequest,
    codes: impl IntoIterator<Item = Option<&'a str>>,
) -> Result<Picking, Error> {
    if !fence.config.development_login {
        return Err(Error::no_such_url());
    }
    must_be_local(fence, request)?;
    let configured = fence.config.development_login_code.as_ref().map(LoginCode::as_str);
    let Some(configured) = configured.filter(|code| !code.is_empty()) else {
        return Ok(Picking::Allowed(MayPickUser(())));
    };
    let is_it = |code: &str| bool::from(code.as_bytes().ct_eq(configured.as_bytes()));
    if codes.into_iter().flatten().any(is_it) {
        Ok(Picking::Allowed(MayPickUser(())))
    } else {
        Ok(Picking::WantsCode)
    }
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
    must_be_local(fence, request)?;
    Ok(MayLogIn { username: told.filter(|name| !name.is_empty()).unwrap_or(default_user), idp })
}

/// Logins without a password are for the people at this machine: the request must come from it, and by one of
/// its own names. The first keeps the network out when somebody listens on all addresses, the second keeps
/// out web pages that make their own name point here (DNS rebinding). A request that a proxy on this machine
/// has passed on comes from elsewhere, whatever the connection says.
///
/// # Errors
/// 403.
fn must_be_local(fence: &Fence, request: &HttpRequest) -> Result<(), Error> {
    let from_here = request.peer_addr().is_none_or(|peer| peer.ip().to_canonical().is_loopback());
    let own_name = host(request).is_some_and(|url| is_loopback(&url));
    let passed_on = !fence.config.development_login_behind_proxy && was_passed_on(request.headers());
    if from_here && own_name && !passed_on {
        return Ok(());
    }
    Err(Error::Forbidden(format!(
        "logging in without a password is possible from this machine only, at a loopback address: \
         open {}/login there",
        fence.config.base_url
    )))
}

/// Whether a proxy says that it has the request from somewhere else. The gateway notes the address that it
/// has a request from, which is loopback for requests from here.
fn was_passed_on(headers: &HeaderMap) -> bool {
    let is_here = |address: &str| {
        let address = address.trim();
        address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    };
    let forwarded = headers.get_all("x-forwarded-for");
    let mut from = forwarded.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    headers.contains_key("forwarded") || headers.contains_key("via") || from.any(|address| !is_here(address))
}

/// The address by which the request was made, without its path.
pub(crate) fn host(request: &HttpRequest) -> Option<Url> {
    let host = request.headers().get(HOST)?.to_str().ok()?;
    Url::parse(&format!("http://{host}/")).ok()
}
