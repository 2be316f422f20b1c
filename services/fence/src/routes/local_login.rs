//! `/login/local`: logging in by a name and a password, and by a one-time code where the user wants one.
//! Ours.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _,
    cookie::{Cookie, SameSite, time::Duration},
    http::{StatusCode, header::RETRY_AFTER},
    web::{Data, Path},
};
use url::form_urlencoded::Serializer as Query;
use web::{Params, Routes};

use super::{
    body::Body,
    document::{document, prefers_page, public_path},
    login::{WayBack, begin, finish, target},
    redirect::redirect,
};
use crate::{
    config::{LOCAL_IDP, LOCAL_LOGIN, LoginOption},
    error::Error,
    identity::{
        attempts::{DEVICE_COOKIE, Origin},
        login::MayLogIn,
        password::{
            Shown, WAITING, Waiting, may_log_in_by_code, may_log_in_by_password, must_be_on, must_be_own_form,
        },
        session::CurrentSession,
    },
    pages::{self, Problem},
    service::Fence,
    store::local_accounts::DEVICE_LIFE,
};

/// Path of the form for a one-time code.
const CODE: &str = "/login/local/code";

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource(LOCAL_LOGIN, |methods| methods.get(show).post(submit));
    routes.resource(CODE, |methods| methods.get(show_code).post(submit_code));
}

/// A field of a form.
pub(super) fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The public address of one of our pages, which leads on to `target`.
fn page_address(fence: &Fence, path: &str, target: &str) -> String {
    let query = Query::new(String::new()).append_pair("redirect", target).finish();
    format!("{}{path}?{query}", fence.config.base_url)
}

/// What login pages call this way to log in.
fn option(fence: &Fence) -> Option<&LoginOption> {
    fence.checked.logins.iter().find(|option| option.idp == LOCAL_IDP)
}

async fn show(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    if must_be_on(&fence).is_err() {
        // Another provider may have this name.
        return begin(fence, session, params, request, Path::from(LOCAL_IDP.to_owned())).await;
    }
    let target = target(&fence, &request, params.get("redirect")).await?;
    let page = form(&fence, &session, Typed { target: &target, username: "", problem: None });
    Ok(document(&fence, StatusCode::OK).body(page))
}

/// What is in the form already.
struct Typed<'a> {
    target: &'a str,
    username: &'a str,
    problem: Option<Problem<'a>>,
}

fn form(fence: &Fence, session: &CurrentSession, typed: Typed<'_>) -> String {
    let Typed { target, username, problem } = typed;
    let csrf_token = session.0.borrow_mut().csrf_token();
    let all = page_address(fence, "/login", target);
    let option = option(fence);
    let form = pages::PasswordForm {
        name: option.map_or("", |option| option.name.as_str()),
        explanation: option.and_then(|option| option.desc.as_deref()),
        action: &public_path(fence, LOCAL_LOGIN),
        csrf_token: &csrf_token,
        redirect: target,
        username,
        problem,
        is_secondary: false,
    };
    let shown = pages::Login {
        ways: &[],
        others: &[],
        form: Some(form),
        current: None,
        all_ways: (fence.checked.logins.len() > 1).then_some(&*all),
    };
    pages::login(&fence.config, &shown)
}

async fn submit(
    fence: Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Error> {
    must_be_on(&fence)?;
    let fields = body.form();
    let target = target(&fence, &request, field(&fields, "redirect")).await?;
    let username = field(&fields, "username").map(str::trim).unwrap_or_default();
    let again = |error: Error| {
        told(&fence, &request, error, |text| {
            let problem = Some(Problem { field: "password", text });
            form(&fence, &session, Typed { target: &target, username, problem })
        })
    };
    let own = must_be_own_form(&session.0.borrow(), field(&fields, "csrf_token"));
    if let Err(error) = own {
        return again(error);
    }
    let password = field(&fields, "password").unwrap_or_default();
    let origin = Origin::of(&request);
    match may_log_in_by_password(&fence, username, password, &origin).await {
        Ok(Shown::Everything(proof)) => enter(&fence, &session, &request, *proof, &target, &origin).await,
        Ok(Shown::Password(waiting)) => {
            session.0.borrow_mut().remember(WAITING, waiting.to_text());
            Ok(redirect(&page_address(&fence, CODE, &target)))
        }
        Err(error) => again(error),
    }
}

/// What a browser is told that brings a form back: the form again, with what is wrong. Programs, and whoever
/// meets another failure, get the failure itself.
pub(super) fn told(
    fence: &Fence,
    request: &HttpRequest,
    error: Error,
    page: impl FnOnce(&str) -> String,
) -> Result<HttpResponse, Error> {
    let is_about_the_form =
        matches!(error, Error::Unauthorized(_) | Error::TooSoon(_) | Error::BadRequest(_));
    if !is_about_the_form || !prefers_page(request) {
        return Err(error);
    }
    let mut answer = document(fence, error.status_code());
    if let Error::TooSoon(seconds) = &error {
        answer.insert_header((RETRY_AFTER, *seconds));
    }
    Ok(answer.body(page(&error.public_message())))
}

/// The user is logged in, and their browser is known from now on.
async fn enter(
    fence: &Fence,
    session: &CurrentSession,
    request: &HttpRequest,
    proof: MayLogIn<'_>,
    target: &str,
    origin: &Origin,
) -> Result<HttpResponse, Error> {
    let page = page_address(fence, LOCAL_LOGIN, target);
    let way_back = WayBack { redirect: Some(target), login_page: &page };
    let mut answer = finish(fence, request, session, proof, way_back).await?;
    let user = session.0.borrow().user_id().and_then(|id| id.parse().ok());
    if let Some(user) = user {
        let device = fence.know_device(user, origin.device()).await?;
        let cookie = device_cookie(fence, device);
        if let Err(error) = answer.add_cookie(&cookie) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the browser's cookie cannot be sent");
        }
    }
    Ok(answer)
}

fn device_cookie(fence: &Fence, device: String) -> Cookie<'static> {
    Cookie::build(DEVICE_COOKIE, device)
        .path(public_path(fence, LOCAL_LOGIN))
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(fence.checked.secure_cookies)
        .max_age(Duration::seconds(DEVICE_LIFE))
        .finish()
}

async fn show_code(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    must_be_on(&fence)?;
    let target = target(&fence, &request, params.get("redirect")).await?;
    if Waiting::of(&session.0.borrow()).is_none() {
        return Ok(redirect(&page_address(&fence, LOCAL_LOGIN, &target)));
    }
    let page = code_form(&fence, &session, &target, None);
    Ok(document(&fence, StatusCode::OK).body(page))
}

fn code_form(fence: &Fence, session: &CurrentSession, target: &str, problem: Option<Problem<'_>>) -> String {
    let csrf_token = session.0.borrow_mut().csrf_token();
    let action = public_path(fence, CODE);
    let shown = pages::CodeForm { action: &action, csrf_token: &csrf_token, redirect: target, problem };
    pages::one_time_code(&fence.config, &shown)
}

async fn submit_code(
    fence: Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Error> {
    must_be_on(&fence)?;
    let fields = body.form();
    must_be_own_form(&session.0.borrow(), field(&fields, "csrf_token"))?;
    let target = target(&fence, &request, field(&fields, "redirect")).await?;
    let waiting = Waiting::of(&session.0.borrow());
    let waiting =
        waiting.ok_or_else(|| Error::Unauthorized("Please log in by your password first".into()))?;
    let (code, origin) = (field(&fields, "code").unwrap_or_default(), Origin::of(&request));
    match may_log_in_by_code(&fence, &waiting, code, &origin).await {
        Ok(proof) => enter(&fence, &session, &request, proof, &target, &origin).await,
        Err(error) => told(&fence, &request, error, |problem| {
            let problem = Some(Problem { field: "code", text: problem });
            code_form(&fence, &session, &target, problem)
        }),
    }
}
