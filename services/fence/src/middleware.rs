//! What every request passes: CORS, the browser session with its cookies, CSRF, and error pages.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use actix_web::{
    Error, HttpMessage as _, HttpResponse, ResponseError as _,
    body::BoxBody,
    cookie::{Cookie, SameSite, time::OffsetDateTime},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderValue},
    },
    middleware::Next,
};
use tokens::{Claims, Expect, Purpose};

use crate::{
    Fence,
    error::{ErrorId, FenceError},
    issue::{AUDIENCE, now},
    pages,
    session::{CurrentSession, Session},
    store::users,
};

/// Any site may call fence: it is authenticated by tokens in headers, and cookies are not allowed across sites.
pub(crate) async fn cors(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut answer = match *request.method() {
        Method::OPTIONS => {
            request.into_response(HttpResponse::Ok().content_type("text/html; charset=utf-8").finish())
        }
        _ => next.call(request).await?,
    };
    let headers = answer.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.unwrap_or(HeaderValue::from_static("*")));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type, accept"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    );
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    Ok(answer)
}

/// Browsers get errors as a page, everybody else as JSON.
pub(crate) async fn error_pages(
    fence: Arc<Fence>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let wants_page = accept.is_some_and(|accept| accept.contains("text/html"));
    let answer = next.call(request).await?;
    let Some(error) = answer.response().error().and_then(|error| error.as_error::<FenceError>()) else {
        return Ok(answer);
    };
    if !wants_page {
        return Ok(answer);
    }
    let status = error.status_code();
    let id = answer.response().extensions().get::<ErrorId>().cloned().unwrap_or_default();
    let page = pages::error(&fence.config, status, &error.public_message(), &id.0);
    let mut response = HttpResponse::build(status).content_type("text/html; charset=utf-8").body(page);
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name == header::SET_COOKIE) {
        response.headers_mut().append(name.clone(), value.clone());
    }
    Ok(answer.into_response(response))
}

/// Reads the session cookie before the handler and writes both cookies after it.
pub(crate) async fn session(
    fence: Arc<Fence>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let session = read_session(&fence, &request).await;
    if let Err(refused) = check_csrf(&fence, &request, &session) {
        return Ok(request.error_response(refused));
    }
    let carried = Carried::of(&fence, &request);
    let current = CurrentSession(Rc::new(RefCell::new(session)));
    request.extensions_mut().insert(current.clone());
    let mut answer = next.call(request).await?;
    let session = current.0.borrow().clone();
    for cookie in cookies(&fence, session, carried).await? {
        answer.response_mut().add_cookie(&cookie)?;
    }
    Ok(answer)
}

async fn read_session(fence: &Fence, request: &ServiceRequest) -> Session {
    let Some(cookie) = request.cookie(&fence.config.session_cookie_name) else { return Session::default() };
    let expect = Expect { audience: Some("fence"), purpose: Some(Purpose::Session), ..Expect::default() };
    let claims = fence.verifier.verify(cookie.value(), expect).await.ok();
    claims.and_then(|claims| Session::from_claims(claims, &fence.config)).unwrap_or_default()
}

/// A request that is authenticated by the session cookie alone may come from a foreign page. It must name the
/// session's CSRF token and a referrer. The login form is checked by its own handler, which reads the form.
fn check_csrf(fence: &Fence, request: &ServiceRequest, session: &Session) -> Result<(), FenceError> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let by_header = request.headers().contains_key(header::AUTHORIZATION);
    let own_check = request.path() == crate::routes::login::DEVELOPMENT_LOGIN;
    if safe || by_header || own_check || session.username().is_none() || !fence.config.enable_csrf_protection
    {
        return Ok(());
    }
    let text = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let given = request.headers().get("x-csrf-token").and_then(|value| value.to_str().ok());
    let referred = text(header::REFERER).is_some_and(|referer| !referer.is_empty());
    match referred && session.accepts_csrf_token(given) {
        true => Ok(()),
        false => Err(FenceError::BadRequest("CSRF verification failed. Request aborted".into())),
    }
}

/// The cookies that came with a request.
struct Carried {
    any: bool,
    access_token: Option<String>,
}

impl Carried {
    fn of(fence: &Fence, request: &ServiceRequest) -> Self {
        let access_token = request.cookie(&fence.config.access_token_cookie_name);
        let any = access_token.is_some() || request.cookie(&fence.config.session_cookie_name).is_some();
        Self { any, access_token: access_token.map(|cookie| cookie.value().to_owned()) }
    }
}

/// The cookies of the answer: renewed while somebody is logged in, expired otherwise.
async fn cookies(
    fence: &Fence,
    session: Session,
    carried: Carried,
) -> Result<Vec<Cookie<'static>>, FenceError> {
    if session.is_empty() {
        return Ok(if carried.any { expired(fence) } else { Vec::new() });
    }
    let mut cookies = Vec::new();
    match session.username() {
        Some(username) if !is_fresh(fence, &session, carried.access_token.as_deref()).await => {
            let mut connection = fence.pool.acquire().await?;
            let user = users::by_name(&mut connection, username).await?.filter(|user| user.active);
            let Some(user) = user else { return Ok(expired(fence)) };
            let scopes = &fence.config.session_allowed_scopes;
            let access = fence.issuer.access(&user, scopes, fence.config.access_token_expires_in)?;
            cookies.push(cookie(fence, &fence.config.access_token_cookie_name, access.token, access.exp));
        }
        Some(_) => {}
        None if carried.access_token.is_some() => cookies.extend(expired(fence).into_iter().skip(1)),
        None => {}
    }
    let signed = fence.issuer.session(&session, session.expires(&fence.config))?;
    cookies.insert(0, cookie(fence, &fence.config.session_cookie_name, signed.token, signed.exp));
    Ok(cookies)
}

/// Whether the access token that the browser has is the session user's own and will live for a while.
async fn is_fresh(fence: &Fence, session: &Session, token: Option<&str>) -> bool {
    let Some(token) = token else { return false };
    let expect = Expect { audience: Some(AUDIENCE), purpose: Some(Purpose::Access), ..Expect::default() };
    let fits = |claims: Claims| {
        claims.sub.as_deref() == session.user_id()
            && claims.exp > now() + fence.config.access_token_renewal_threshold
    };
    fence.verifier.verify(token, expect).await.is_ok_and(fits)
}

fn cookie(fence: &Fence, name: &str, value: String, exp: i64) -> Cookie<'static> {
    let expires = OffsetDateTime::from_unix_timestamp(exp).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let mut cookie = Cookie::build(name.to_owned(), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(fence.checked.secure_cookies)
        .expires(expires)
        .finish();
    if let Some(domain) = &fence.config.session_cookie_domain {
        cookie.set_domain(domain.clone());
    }
    cookie
}

/// Both cookies, expired: first the session, then the access token.
fn expired(fence: &Fence) -> Vec<Cookie<'static>> {
    let names = [&fence.config.session_cookie_name, &fence.config.access_token_cookie_name];
    let mut cookies = names.map(|name| cookie(fence, name, String::new(), 0));
    // As fence does it; a cookie that goes needs no policy.
    cookies[0].set_same_site(None);
    cookies.to_vec()
}
