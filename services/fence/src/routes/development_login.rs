//! `/login/dev`: whoever is at this machine and has the code picks who they are.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite},
    http::{StatusCode, header},
    web::Data,
};
use url::form_urlencoded::Serializer as Query;
use web::{Params, Routes};

use super::{
    body::Body,
    document::{document, public_path},
    login::{WayBack, finish, target},
};
use crate::{
    config::DEVELOPMENT_LOGIN,
    error::Error,
    identity::{
        login::{Picking, may_log_in_as, may_pick_user},
        session::CurrentSession,
    },
    pages,
    service::Fence,
};

/// The cookie that keeps the code, so that it is asked for once a browser.
const CODE_COOKIE: &str = "login_code";

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource(DEVELOPMENT_LOGIN, |methods| methods.get(show).post(submit));
}

async fn show(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let (given, kept) = (params.get("code"), request.cookie(CODE_COOKIE));
    let codes = [given, kept.as_ref().map(Cookie::value)];
    let Picking::Allowed(proof) = may_pick_user(&fence, &request, codes)? else {
        return Ok(ask_for_code(&fence, &request, params.get("redirect"), given));
    };
    let redirect = target(&fence, &request, params.get("redirect")).await?;
    let usernames = fence.login_names(&proof).await?;
    let mut session = session.0.borrow_mut();
    let csrf_token = session.csrf_token();
    let page = pages::DevelopmentLogin {
        action: &action(&fence),
        redirect: &redirect,
        csrf_token: &csrf_token,
        usernames: &usernames,
        current: session.username(),
    };
    let page = pages::development_login(&fence.config, &page);
    let mut answer = document(&fence, StatusCode::OK);
    if let Some(code) = fence.config.development_login_code.as_ref() {
        answer.cookie(code_cookie(&fence, code.as_str()));
    }
    Ok(answer.body(page))
}

async fn submit(
    fence: Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Error> {
    let fields = body.form();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (given, kept) = (field("code"), request.cookie(CODE_COOKIE));
    let codes = [given, kept.as_ref().map(Cookie::value)];
    let Picking::Allowed(may_pick) = may_pick_user(&fence, &request, codes)? else {
        return Ok(ask_for_code(&fence, &request, field("redirect"), given));
    };
    let username = field("username").map(str::trim).unwrap_or_default();
    let proof = may_log_in_as(&may_pick, &session.0.borrow(), field("csrf_token"), username)?;
    let redirect = target(&fence, &request, field("redirect")).await?;
    let query = Query::new(String::new()).append_pair("redirect", &redirect).finish();
    let page = format!("{}{DEVELOPMENT_LOGIN}?{query}", fence.config.base_url);
    let way_back = WayBack { redirect: Some(&redirect), login_page: &page };
    finish(&fence, &request, &session, proof, way_back).await
}

/// The public path of the form.
fn action(fence: &Fence) -> String {
    public_path(fence, DEVELOPMENT_LOGIN)
}

/// Browsers get a form for the code, programs a sentence; both 401.
fn ask_for_code(
    fence: &Fence,
    request: &HttpRequest,
    redirect: Option<&str>,
    given: Option<&str>,
) -> HttpResponse {
    use actix_web::ResponseError as _;
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("text/html")) {
        let message = "the development login wants the code that the commons printed when it started";
        return Error::Unauthorized(message.into()).error_response();
    }
    let page = pages::LoginCode {
        action: &action(fence),
        redirect: redirect.unwrap_or_default(),
        was_wrong: given.is_some_and(|code| !code.is_empty()),
    };
    document(fence, StatusCode::UNAUTHORIZED).body(pages::login_code(&fence.config, &page))
}

fn code_cookie(fence: &Fence, code: &str) -> Cookie<'static> {
    Cookie::build(CODE_COOKIE, code.to_owned())
        .path(action(fence))
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(fence.checked.secure_cookies)
        .finish()
}
