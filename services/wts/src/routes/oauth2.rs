//! `/oauth2`: logging in at a provider, and out.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::LOCATION,
    web::Data,
};
use serde_json::json;
use web::Params;

use crate::{config::DEFAULT, error::Error, service::Wts};

/// Name of the cookie that holds a login.
const COOKIE: &str = "wts";
/// Life of the cookie; the login in it says its own.
const COOKIE_LIFE: Duration = Duration::hours(1);

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/oauth2/connected", |methods| methods.get(connected));
    routes.resource("/oauth2/authorization_url", |methods| methods.get(begin));
    routes.resource("/oauth2/authorize", |methods| methods.get(callback));
    routes.resource("/oauth2/logout", |methods| methods.get(log_out));
}

async fn connected(wts: Data<Wts>, request: HttpRequest, params: Params) -> Result<HttpResponse, Error> {
    let idp = params.get("idp").unwrap_or(DEFAULT);
    wts.idp(idp)?;
    let caller = wts.caller(request.headers()).await?.ok_or(Error::NotLoggedIn)?;
    if wts.is_connected(&caller, idp).await? {
        return Ok(HttpResponse::Ok().finish());
    }
    Err(Error::forbidden("user is not connected with token service or expired"))
}

async fn begin(wts: Data<Wts>, params: Params) -> Result<HttpResponse, Error> {
    let redirect = params.get("redirect").filter(|text| !text.is_empty());
    let begun = wts.begin_login(params.get("idp").unwrap_or(DEFAULT), redirect)?;
    let cookie = cookie(&wts, begun.cookie, COOKIE_LIFE);
    Ok(HttpResponse::Found().insert_header((LOCATION, begun.location)).cookie(cookie).finish())
}

/// A login is over after one answer of the provider, whatever that is.
async fn callback(wts: Data<Wts>, request: HttpRequest, params: Params) -> HttpResponse {
    let answer = finish(&wts, &request, &params).await;
    let mut response = answer.unwrap_or_else(|error| error.error_response());
    let gone = cookie(&wts, String::new(), Duration::ZERO);
    if let Err(error) = response.add_cookie(&gone) {
        tracing::warn!(error = %error, "the cookie of a login could not be taken back");
    }
    response
}

async fn finish(wts: &Wts, request: &HttpRequest, params: &Params) -> Result<HttpResponse, Error> {
    let cookie = request.cookie(COOKIE);
    let login = wts.login(cookie.as_ref().map(Cookie::value), params.get("state"))?;
    let caller = wts.caller(request.headers()).await?.ok_or_else(Error::unknown_caller)?;
    if let Some(error) = params.get("error") {
        let error: String = error.chars().take(100).collect();
        return Err(Error::Forbidden(format!("the identity provider refuses the login: {error}")));
    }
    let missing = || Error::BadRequest("the identity provider has sent no code".to_owned());
    let code = params.get("code").filter(|code| !code.is_empty()).ok_or_else(missing)?;
    wts.finish_login(&caller, &login, code).await?;
    Ok(match login.redirect {
        Some(path) => HttpResponse::Found().insert_header((LOCATION, path)).finish(),
        None => HttpResponse::Ok().json(json!({ "success": "connected with fence" })),
    })
}

async fn log_out(wts: Data<Wts>, request: HttpRequest, params: Params) -> Result<HttpResponse, Error> {
    let caller = wts.caller(request.headers()).await?.ok_or(Error::NotLoggedIn)?;
    wts.log_out(&caller, params.get("idp").unwrap_or(DEFAULT)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Browsers send it to this service alone, and when they come back from the provider.
fn cookie(wts: &Wts, value: String, life: Duration) -> Cookie<'static> {
    let base = &wts.config.base_url;
    Cookie::build(COOKIE, value)
        .path(base.path().to_owned())
        .secure(base.scheme() == "https")
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(life)
        .finish()
}
