//! What every request passes: CORS, the browser session with its cookies, CSRF, and error pages.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use actix_web::{
    HttpMessage as _, HttpResponse, ResponseError as _,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
};

use crate::{
    config::{CONSENT, DEVELOPMENT_LOGIN, LOCAL_LOGIN, REGISTRATION},
    error::{Error, ErrorId},
    identity::{
        cookies::{self, Carried},
        session::{CurrentSession, Session},
    },
    pages,
    service::Fence,
};

/// Headers that a failed request keeps when its body becomes a page.
const KEPT_BY_PAGES: [HeaderName; 2] = [header::SET_COOKIE, header::RETRY_AFTER];

/// Any site may call fence: it is authenticated by tokens in headers, and cookies are not allowed across
/// sites.
pub(crate) async fn cors(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut answer = if *request.method() == Method::OPTIONS {
        request.into_response(HttpResponse::Ok().content_type("text/html; charset=utf-8").finish())
    } else {
        next.call(request).await?
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
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let wants_page = accept.is_some_and(|accept| accept.contains("text/html"));
    let answer = next.call(request).await?;
    let Some(error) = answer.response().error().and_then(|error| error.as_error::<Error>()) else {
        return Ok(answer);
    };
    // OAuth clients read what they are told, whatever they say that they accept.
    if !wants_page || matches!(error, Error::OAuth(_)) {
        return Ok(answer);
    }
    let status = error.status_code();
    let id = answer.response().extensions().get::<ErrorId>().cloned().unwrap_or_default();
    let page = pages::error(&fence.config, status, &error.public_message(), &id.0);
    let mut response = HttpResponse::build(status).content_type("text/html; charset=utf-8").body(page);
    for (name, value) in answer.headers().iter().filter(|(name, _)| KEPT_BY_PAGES.contains(name)) {
        response.headers_mut().append(name.clone(), value.clone());
    }
    Ok(answer.into_response(response))
}

/// Reads the session cookie before the handler and writes both cookies after it.
pub(crate) async fn session(
    fence: Arc<Fence>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let session_cookie = request.cookie(&fence.config.session_cookie_name);
    let carried = match request.cookie(&fence.config.access_token_cookie_name) {
        Some(token) => Carried::AccessToken(token.value().to_owned()),
        None if session_cookie.is_some() => Carried::SessionOnly,
        None => Carried::Nothing,
    };
    let (session, carried) = match cookies::read_session(&fence, session_cookie).await {
        Ok(Some(session)) => (session, carried),
        Ok(None) => (Session::default(), Carried::Broken),
        Err(failed) => return Ok(request.error_response(failed)),
    };
    if let Err(refused) = check_csrf(&fence, &request, &session) {
        return Ok(request.error_response(refused));
    }
    let current = CurrentSession(Rc::new(RefCell::new(session)));
    request.extensions_mut().insert(current.clone());
    let mut answer = next.call(request).await?;
    let session = current.0.borrow().clone();
    for cookie in cookies::renewed(&fence, &session, &carried).await? {
        answer.response_mut().add_cookie(&cookie)?;
    }
    Ok(answer)
}

/// A request that is authenticated by the session cookie alone may come from a foreign page. It must name the
/// session's CSRF token and a referrer. Some forms are checked by their own handlers, which read them.
fn check_csrf(fence: &Fence, request: &ServiceRequest, session: &Session) -> Result<(), Error> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let by_header = request.headers().contains_key(header::AUTHORIZATION);
    let below = request.path().strip_prefix(LOCAL_LOGIN);
    let own_check = [DEVELOPMENT_LOGIN, CONSENT, REGISTRATION].contains(&request.path())
        || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if safe || by_header || own_check || session.username().is_none() || !fence.config.enable_csrf_protection
    {
        return Ok(());
    }
    let text = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let given = request.headers().get("x-csrf-token").and_then(|value| value.to_str().ok());
    let referred = text(header::REFERER).is_some_and(|referer| !referer.is_empty());
    if referred && session.accepts_csrf_token(given) {
        Ok(())
    } else {
        Err(Error::BadRequest("CSRF verification failed. Request aborted".into()))
    }
}
