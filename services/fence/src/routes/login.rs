//! `/login` and `/logout`. Two ways of logging in exist: the development login and mock providers, both only
//! where fence is reached by a loopback address.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, CACHE_CONTROL, HeaderValue, REFERRER_POLICY},
    web,
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded::Serializer as Query};

use super::{
    body::{form, query},
    resource,
};
use crate::{
    Fence,
    config::{DEVELOPMENT_IDP, LoginOption, is_loopback},
    error::FenceError,
    login::{log_in, may_redirect_to},
    pages,
    session::CurrentSession,
    store::users,
};

/// Path of the development login; its form is protected by its own token, not by the header.
pub(crate) const DEVELOPMENT_LOGIN: &str = "/login/dev";
/// The picker shows so many users at most.
const USERS_SHOWN: i64 = 100;
/// Whom a mock provider logs in.
const MOCK_COOKIE: &str = "dev_login";

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/login").route(web::get().to(list)))
        .service(resource(DEVELOPMENT_LOGIN).route(web::get().to(show)).route(web::post().to(submit)))
        .service(resource("/login/{idp}").route(web::get().to(mock)))
        .service(resource("/logout").route(web::get().to(logout)));
}

async fn list(fence: web::Data<Fence>) -> HttpResponse {
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
async fn checked_redirect(fence: &Fence, target: Option<String>) -> Result<String, FenceError> {
    let target = target.unwrap_or_default();
    match may_redirect_to(fence, &target).await? {
        true => Ok(target),
        false => Err(FenceError::BadRequest(format!("invalid login redirect URL {target}"))),
    }
}

/// Logins without a password are for the people at this machine: the request must come from it, and by one of
/// its own names. The first keeps the network out when somebody listens on all addresses, the second keeps out
/// web pages that make their own name point here (DNS rebinding).
///
/// # Errors
/// 403.
fn must_be_local(request: &HttpRequest) -> Result<(), FenceError> {
    let from_here = request.peer_addr().is_none_or(|peer| peer.ip().to_canonical().is_loopback());
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let own_name = host
        .and_then(|host| Url::parse(&format!("http://{host}/")).ok())
        .is_some_and(|url| is_loopback(&url));
    match from_here && own_name {
        true => Ok(()),
        false => {
            let message =
                "logging in without a password is possible from this machine only, at a loopback address";
            Err(FenceError::Forbidden(message.into()))
        }
    }
}

fn must_be_on(fence: &Fence) -> Result<(), FenceError> {
    match fence.config.development_login {
        true => Ok(()),
        false => Err(FenceError::NotFound("The requested URL was not found on the server.".into())),
    }
}

async fn show(
    fence: web::Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
) -> Result<HttpResponse, FenceError> {
    must_be_on(&fence)?;
    must_be_local(&request)?;
    let redirect = checked_redirect(&fence, query(&request, "redirect")).await?;
    let mut connection = fence.pool.acquire().await?;
    let usernames = users::active_names(&mut connection, USERS_SHOWN).await?;
    drop(connection);
    let mut session = session.0.borrow_mut();
    let csrf_token = session.csrf_token();
    let page = pages::DevelopmentLogin {
        action: &format!("{}{DEVELOPMENT_LOGIN}", fence.checked.base.path().trim_end_matches('/')),
        redirect: &redirect,
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
    fence: web::Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    must_be_on(&fence)?;
    must_be_local(&request)?;
    let fields = form(&body);
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if !session.0.borrow().accepts_csrf_token(field("csrf_token")) {
        return Err(FenceError::BadRequest(
            "CSRF verification failed: please open the login page again".into(),
        ));
    }
    let redirect = checked_redirect(&fence, field("redirect").map(str::to_owned)).await?;
    let username = field("username").map(str::trim).unwrap_or_default();
    let path = format!(
        "{DEVELOPMENT_LOGIN}?{}",
        Query::new(String::new()).append_pair("redirect", &redirect).finish()
    );
    finish(&fence, &session, username, DEVELOPMENT_IDP, redirect, &path).await
}

async fn mock(
    fence: web::Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
    idp: web::Path<String>,
) -> Result<HttpResponse, FenceError> {
    let Some(default_user) = fence.checked.mocks.get(idp.as_str()) else {
        return Err(FenceError::NotFound("The requested URL was not found on the server.".into()));
    };
    must_be_local(&request)?;
    let redirect = checked_redirect(&fence, query(&request, "redirect")).await?;
    let cookie = request.cookie(MOCK_COOKIE).map(|cookie| cookie.value().to_owned());
    let username = cookie.filter(|name| !name.is_empty()).unwrap_or_else(|| default_user.clone());
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    finish(&fence, &session, &username, &idp, redirect, &path).await
}

async fn finish(
    fence: &Fence,
    session: &CurrentSession,
    username: &str,
    idp: &str,
    redirect: String,
    path: &str,
) -> Result<HttpResponse, FenceError> {
    let mut changed = session.0.borrow().clone();
    let user = log_in(fence, &mut changed, username, idp).await?;
    // What registration and later steps of a login return to, under the names of the original.
    changed.remember("redirect", redirect.clone());
    changed.remember("post_registration_redirect", format!("{}{path}", fence.config.base_url));
    changed.remember("login_in_progress_username", user.username.clone());
    *session.0.borrow_mut() = changed;
    tracing::info!(user.id = user.id, login.idp = idp, "a user has logged in");
    Ok(HttpResponse::Found().insert_header((header::LOCATION, redirect)).finish())
}

async fn logout(
    fence: web::Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
) -> Result<HttpResponse, FenceError> {
    let base = &fence.config.base_url;
    let root = fence.checked.base.origin().ascii_serialization();
    let next = match query(&request, "next") {
        None => base.clone(),
        Some(path) if path.is_empty() || path.starts_with('/') => format!("{root}{path}"),
        Some(address) => address,
    };
    if !may_redirect_to(&fence, &next).await? {
        return Err(FenceError::BadRequest(format!("invalid logout redirect URL: {next}")));
    }
    session.0.borrow_mut().clear();
    Ok(HttpResponse::Found().insert_header((header::LOCATION, next)).finish())
}
