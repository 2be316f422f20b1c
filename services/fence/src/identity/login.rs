//! The right to log in. Three ways exist: another issuer vouches for somebody; and the development login and
//! mock providers, which both do without a password.

use std::{borrow::Cow, net::IpAddr};

use actix_web::{
    HttpRequest,
    http::header::{HOST, HeaderMap},
};
use subtle::ConstantTimeEq as _;
use url::Url;
use web::{Params, is_loopback};

use super::session::Session;
use crate::{
    clock::now,
    config::{DEVELOPMENT_IDP, LoginCode},
    error::Error,
    providers::{self, Pending, Person, VisasAsked},
    service::Fence,
    store::denylist,
};

/// Under this name a session remembers that its browser was sent to another issuer.
pub(crate) const PENDING: &str = "login_pending";
/// How long a used state is remembered; a session lives no longer.
const USED_STATES: i64 = 86_400;

/// Proof that an identity provider vouches for somebody. Only the checks of this module make one.
///
/// ```no_run
/// # use fence::{Error, Fence, identity::{login::MayLogIn, session::Session}};
/// async fn enter(fence: &Fence, session: &mut Session, proof: MayLogIn<'_>) -> Result<(), Error> {
///     fence.log_in(session, &proof).await.map(drop)
/// }
/// ```
///
/// Being somebody in one respect is not enough:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, identity::{permits::MayManageKeys, session::Session}};
/// async fn enter(fence: &Fence, session: &mut Session, proof: MayManageKeys) -> Result<(), Error> {
///     fence.log_in(session, &proof).await.map(drop)
/// }
/// ```
#[derive(Debug)]
pub struct MayLogIn<'a> {
    idp: Cow<'a, str>,
    person: Cow<'a, Person>,
    registers: bool,
    visas: VisasAsked,
}

impl<'a> MayLogIn<'a> {
    /// Somebody of whom nothing but a name is known.
    pub(super) fn named(username: &str, idp: &'a str) -> Self {
        let person = Person { username: username.to_owned(), ..Person::default() };
        Self { idp: idp.into(), person: Cow::Owned(person), registers: false, visas: VisasAsked::NotAsked }
    }

    /// For whom the provider vouches.
    pub(crate) fn person(&self) -> &Person {
        &self.person
    }

    /// The identity provider.
    pub(crate) fn idp(&self) -> &str {
        &self.idp
    }

    /// Whether the rights of the user's visas are asked for.
    pub(crate) fn visas(&self) -> VisasAsked {
        self.visas
    }

    /// Whether what the provider says is enough for registration.
    pub(crate) fn registers(&self) -> bool {
        self.registers
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
        Ok(MayLogIn::named(username, DEVELOPMENT_IDP))
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
    Ok(MayLogIn::named(told.filter(|name| !name.is_empty()).unwrap_or(default_user), idp))
}

/// Takes the answer that the browser brings back from the issuer of this route, for the login that its
/// session waits for. The session waits no longer, and no copy of it can bring the same answer again.
///
/// # Errors
/// 404 for an issuer that we do not know, 401 or 400 for an answer to another login or to none, and what the
/// issuer says.
pub(crate) async fn may_log_in_by_answer(
    fence: &Fence,
    route: &str,
    pending: Option<String>,
    answer: &Params,
) -> Result<MayLogIn<'static>, Error> {
    let issuer = fence.providers.get(route).ok_or_else(Error::no_such_url)?;
    let idp = &issuer.upstream.idp;
    let pending = answered(fence, idp, pending, answer.get("state")).await?;
    let code = answer.get("code").filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| Error::BadRequest("OAuth2 callback error: there is no code".into()))?;
    let person = providers::person(issuer, &pending, code, answer.get("iss")).await.inspect_err(|error| {
        tracing::warn!(login.idp = idp, error = error as &dyn std::error::Error, "a login was refused");
    })?;
    Ok(MayLogIn {
        idp: Cow::Owned(idp.clone()),
        person: Cow::Owned(person),
        registers: issuer.upstream.registers,
        visas: pending.visas,
    })
}

/// The login that a session waits for, if this is the first answer to it.
///
/// # Errors
/// 401 or 400 for an answer to another login or to none.
pub(super) async fn answered(
    fence: &Fence,
    idp: &str,
    pending: Option<String>,
    state: Option<&str>,
) -> Result<Pending, Error> {
    let pending = pending.as_deref().and_then(Pending::from_text);
    let pending = pending.filter(|pending| pending.is_answered_by(idp, state));
    let pending = pending.ok_or_else(|| interrupted(idp))?;
    let forgotten = now().saturating_add(USED_STATES);
    if denylist::add_first(&mut *fence.pool.acquire().await?, pending.state(), forgotten).await? {
        Ok(pending)
    } else {
        Err(interrupted(idp))
    }
}

/// The browser comes back from a login that it was not sent to, at least not lately, by this page.
fn interrupted(idp: &str) -> Error {
    let text = "Login flow was interrupted (state mismatch). Please go back to the login page for the \
                original application to continue.";
    // As the original has it for the one provider of which it checks the state.
    if idp == "fence" { Error::Unauthorized(text.into()) } else { Error::BadRequest(text.into()) }
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
