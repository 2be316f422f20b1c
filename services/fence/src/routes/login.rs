//! `/login` and `/logout`. Two ways of logging in exist: the development login and mock providers, both only
//! where fence is reached by a loopback address.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, CACHE_CONTROL, HeaderValue, REFERRER_POLICY},
    web::{Data, Path},
};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer as Query;
use web::{Params, Routes};

use super::body::Body;
use crate::{
    config::{DEVELOPMENT_LOGIN, LoginOption},
    error::Error,
    identity::{
        login::{MayLogIn, may_log_in_as, may_log_in_by_mock, may_pick_user},
        session::CurrentSession,
    },
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

async fn show(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let proof = may_pick_user(&fence, &request)?;
    let redirect = checked_redirect(&fence, params.get("redirect")).await?;
    let usernames = fence.login_names(&proof).await?;
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
    let may_pick = may_pick_user(&fence, &request)?;
    let fields = body.form();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let username = field("username").map(str::trim).unwrap_or_default();
    let proof = may_log_in_as(&may_pick, &session.0.borrow(), field("csrf_token"), username)?;
    let redirect = checked_redirect(&fence, field("redirect")).await?;
    let query = Query::new(String::new()).append_pair("redirect", redirect).finish();
    let way_back = WayBack { redirect, login_page: &format!("{DEVELOPMENT_LOGIN}?{query}") };
    finish(&fence, &session, proof, way_back).await
}

async fn mock(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
    request: HttpRequest,
    idp: Path<String>,
) -> Result<HttpResponse, Error> {
    let cookie = request.cookie(MOCK_COOKIE);
    let told = cookie.as_ref().map(|cookie| cookie.value());
    let proof = may_log_in_by_mock(&fence, &request, &idp, told)?;
    let redirect = checked_redirect(&fence, params.get("redirect")).await?;
    let login_page = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    finish(&fence, &session, proof, WayBack { redirect, login_page: &login_page }).await
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
    proof: MayLogIn<'_>,
    way_back: WayBack<'_>,
) -> Result<HttpResponse, Error> {
    let WayBack { redirect, login_page } = way_back;
    let mut changed = session.0.borrow().clone();
    fence.log_in(&mut changed, &proof).await?;
    let username = changed.username().unwrap_or_default().to_owned();
    // What registration and later steps of a login return to, under the names of the original.
    changed.remember("redirect", redirect.to_owned());
    changed.remember("post_registration_redirect", format!("{}{login_page}", fence.config.base_url));
    changed.remember("login_in_progress_username", username);
    tracing::info!(user.id = changed.user_id(), login.idp = proof.idp(), "a user has logged in");
    *session.0.borrow_mut() = changed;
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
