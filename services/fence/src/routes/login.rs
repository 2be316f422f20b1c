//! `/login` and `/logout`. Two ways of logging in exist: the development login and mock providers, both only
//! where fence is reached by a loopback address.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, CACHE_CONTROL, HeaderValue, REFERRER_POLICY},
    web::{Data, Path},
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded::Serializer as Query};
use web::{Params, Routes, is_loopback};

use super::body::Body;
use crate::{
    actions::Login,
    config::{DEVELOPMENT_IDP, DEVELOPMENT_LOGIN, LoginOption},
    error::Error,
    identity::session::CurrentSession,
    pages,
    service::Fence,
};

/// The cookie that names whom a mock provider logs in.
const MOCK_COOKIE: &str = "dev_login";

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/login", |methods| methods.get(list));
    routes.resource(DEVELOPMENT_LOGIN, |methods| methods.get(show).post(submit));
    routes.resource("/login/{idp}", |methods| methods.get(mock));
    routes.resource("/logout", |methods| methods.get(logout));
}

async fn list(fence: Data<Fence>) -> HttpResponse {
    let option = |option: &LoginOption| -> Value {
        let url = format!("{}/login/{}", fence.config.base_url, option.idp);
        json!({
            "id": option.idp,
            "idp": option.idp,
            "name": option.name,
            "url": url,
            "urls": [{ "name": option.name, "url": url }],
            "desc": option.desc,
            "secondary": option.secondary,
        })
    };
    HttpResponse::Ok().json(json!({
        "default_provider": fence.checked.default_login.as_ref().map(option),
        "providers": fence.checked.logins.iter().map(option).collect::<Vec<_>>(),
    }))
}

/// Where to go after the login.
async fn checked_redirect<'a>(fence: &Fence, target: Option<&'a str>) -> Result<&'a str, Error> {
    let target = target.unwrap_or_default();
    if fence.may_redirect_to(target).await? {
        Ok(target)
    } else {
        Err(Error::BadRequest(format!("invalid login redirect URL {target}")))
    }
}

/// Logins without a password are for the people at this machine: the request must come from it, and by one of
/// its own names. The first keeps the network out when somebody listens on all addresses, the second keeps
/// out web pages that make their own name point here (DNS rebinding).
///
/// # Errors
/// 403.
fn must_be_local(request: &HttpRequest) -> Result<(), Error> {
    let from_here = request.peer_addr().is_none_or(|peer| peer.ip().to_canonical().is_loopback());
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let own_name = host
        .and_then(|host| Url::parse(&format!("http://{host}/")).ok())
        .is_some_and(|url| is_loopback(&url));
    if from_here && own_name {
        return Ok(());
    }
    let message = "logging in without a password is possible from this machine only, at a loopback address";
    Err(Error::Forbidden(message.into()))
}

fn must_be_on(fence: &Fence) -> Result<(), Error> {
    if fence.config.development_login { Ok(()) } else { Err(Error::no_such_url()) }
}

async fn show(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    must_be_on(&fence)?;
    must_be_local(&request)?;
    let redirect = checked_redirect(&fence, params.get("redirect")).await?;
    let usernames = fence.login_names().await?;
    let mut session = session.0.borrow_mut();
    let csrf_token = session.csrf_token();
    let page = pages::DevelopmentLogin {
        action: &format!("{}{DEVELOPMENT_LOGIN}", fence.checked.base.path().trim_end_matches('/')),
        redirect,
        csrf_token: &csrf_token,
        usernames: &usernames,
        current: session.username(),
    };
    let page = pages::development_login(&fence.config, &page);
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        ))
        .body(page))
}

async fn submit(
    fence: Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Error> {
    must_be_on(&fence)?;
    must_be_local(&request)?;
    let fields = body.form();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if !session.0.borrow().accepts_csrf_token(field("csrf_token")) {
        return Err(Error::BadRequest("CSRF verification failed: please open the login page again".into()));
    }
    let redirect = checked_redirect(&fence, field("redirect")).await?;
    let username = field("username").map(str::trim).unwrap_or_default();
    let query = Query::new(String::new()).append_pair("redirect", redirect).finish();
    let way_back = WayBack { redirect, login_page: &format!("{DEVELOPMENT_LOGIN}?{query}") };
    finish(&fence, &session, Login { username, idp: DEVELOPMENT_IDP }, way_back).await
}

async fn mock(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
    request: HttpRequest,
    idp: Path<String>,
) -> Result<HttpResponse, Error> {
    let default_user = fence.checked.mocks.get(idp.as_str()).ok_or_else(Error::no_such_url)?;
    must_be_local(&request)?;
    let redirect = checked_redirect(&fence, params.get("redirect")).await?;
    let cookie = request.cookie(MOCK_COOKIE);
    let named = cookie.as_ref().map(|cookie| cookie.value()).filter(|name| !name.is_empty());
    let login = Login { username: named.unwrap_or(default_user), idp: &idp };
    let login_page = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    finish(&fence, &session, login, WayBack { redirect, login_page: &login_page }).await
}

/// Where a login leads.
struct WayBack<'a> {
    redirect: &'a str,
    /// Path and query at which the login can be made again.
    login_page: &'a str,
}

async fn finish(
    fence: &Fence,
    session: &CurrentSession,
    login: Login<'_>,
    way_back: WayBack<'_>,
) -> Result<HttpResponse, Error> {
    let WayBack { redirect, login_page } = way_back;
    let mut changed = session.0.borrow().clone();
    let user = fence.log_in(&mut changed, &login).await?;
    // What registration and later steps of a login return to, under the names of the original.
    changed.remember("redirect", redirect.to_owned());
    changed.remember("post_registration_redirect", format!("{}{login_page}", fence.config.base_url));
    changed.remember("login_in_progress_username", user.username.clone());
    *session.0.borrow_mut() = changed;
    tracing::info!(user.id = user.id, login.idp = login.idp, "a user has logged in");
    Ok(HttpResponse::Found().insert_header((header::LOCATION, redirect)).finish())
}

async fn logout(fence: Data<Fence>, session: CurrentSession, params: Params) -> Result<HttpResponse, Error> {
    let root = fence.checked.base.origin().ascii_serialization();
    let next = match params.get("next") {
        None => fence.config.base_url.clone(),
        Some(path) if path.is_empty() || path.starts_with('/') => format!("{root}{path}"),
        Some(address) => address.to_owned(),
    };
    if !fence.may_redirect_to(&next).await? {
        return Err(Error::BadRequest(format!("invalid logout redirect URL: {next}")));
    }
    session.0.borrow_mut().clear();
    Ok(HttpResponse::Found().insert_header((header::LOCATION, next)).finish())
}
