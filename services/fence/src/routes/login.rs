//! `/login` and `/logout`. Two ways of logging in exist: the development login and mock providers, both only
//! where fence is reached by a loopback address.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, Path},
};
use serde_json::{Value, json};
use web::{Params, Routes};

use crate::{
    config::LoginOption,
    error::Error,
    identity::{
        login::{MayLogIn, host, may_log_in_by_mock},
        session::CurrentSession,
    },
    service::Fence,
};

/// The cookie that names whom a mock provider logs in.
const MOCK_COOKIE: &str = "dev_login";

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/login", |methods| methods.get(list));
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
    let redirect = fence.login_target(host(&request).as_ref(), params.get("redirect")).await?;
    let login_page = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    finish(&fence, &session, proof, WayBack { redirect: &redirect, login_page: &login_page }).await
}

/// Where a login leads.
pub(super) struct WayBack<'a> {
    pub(super) redirect: &'a str,
    /// Path and query at which the login can be made again.
    pub(super) login_page: &'a str,
}

pub(super) async fn finish(
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
    let ended = session.0.borrow().clone();
    fence.end_session(&ended).await?;
    session.0.borrow_mut().clear();
    Ok(HttpResponse::Found().insert_header((header::LOCATION, next)).finish())
}
