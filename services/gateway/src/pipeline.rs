//! The way of every request through the gateway. The order of the steps is that of the original (Gen3
//! revproxy): https redirect, OPTIONS, CSRF, permission, rewrite, service, masking, headers.

use std::sync::Arc;

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, EitherBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    access_log::AccessLine,
    admission::{Permit, Target},
    body::Passing,
    config::{Config, Login},
    edge::Edge,
    identity::{self, Claimed},
    pages, path,
    refusal::Refusal,
    service::Gateway,
    table::{Found, Row},
};

/// Below these paths OPTIONS is the service's to answer: DRS 1.2 and later define it (authorisation
/// discovery), and peregrine says which methods its GraphQL has. Neither needs a login.
const ANSWERED_BY_SERVICE: [&str; 2] = ["/ga4gh/drs/v1/objects", "/api/v0/submission/graphql"];
const MASKED: &str = r#"{ "error": "service failure - try again later"}"#;

/// Seconds after which a client may try again, where the service does not say it.
const SOON: &str = "1";

type Answer = ServiceResponse<EitherBody<BoxBody>>;

/// The middleware.
pub(crate) async fn run(
    gateway: Arc<Gateway>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<Answer, Error> {
    let config = &gateway.config;
    identity::drop_claims(request.headers_mut());
    let edge = Edge::read(config, &request);
    identity::choose_token(request.headers_mut(), edge.access_cookie.as_deref());
    let claimed = Claimed::read(request.headers());
    let line = AccessLine::begin(config, &request, &edge, &claimed);
    let log = |status, service: Option<&str>| line.iter().for_each(|line| line.write(status, service));
    let (permit, body) = match admit(&gateway, &edge, claimed, &mut request).await {
        Ok(admitted) => admitted,
        Err(answer) => {
            let mut answer = request.into_response(answer).map_into_right_body();
            let status = answer.status();
            edge.dress(config, status, answer.headers_mut());
            log(status, None);
            return Ok(answer);
        }
    };
    let service = Some(permit.instance());
    let outcome = match body.within(permit.row().timeout, next.call(request)).await {
        Some(outcome) => outcome,
        None => Err(actix_web::error::ErrorGatewayTimeout("the service did not answer in time")),
    };
    match outcome {
        Ok(answer) => {
            log(answer.status(), service);
            let mut answer = match body.refusal() {
                Some(refusal) => answer.into_response(HttpResponse::from(refusal)).map_into_right_body(),
                None if permit.row().own_errors => answer.map_into_left_body(),
                None => mask(answer),
            };
            let status = answer.status();
            edge.dress(config, status, answer.headers_mut());
            Ok(answer)
        }
        Err(error) => {
            let mut response = error.as_response_error().error_response();
            log(response.status(), service);
            if is_masked(response.status()) {
                response = masked(response.status(), response.headers());
            }
            let status = response.status();
            edge.dress(config, status, response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// Everything before the service: the permit of the row that the request passes, with the request rewritten
/// for that row; or the gateway's own answer.
async fn admit<'g>(
    gateway: &'g Gateway,
    edge: &Edge,
    claimed: Claimed,
    request: &mut ServiceRequest,
) -> Result<(Permit<'g>, Passing), HttpResponse> {
    let config = &gateway.config;
    if matches!(edge.method, Method::CONNECT | Method::TRACE) {
        return Err(not_for_a_gateway());
    }
    if let Some(redirect) = https_redirect(config, request) {
        return Err(redirect);
    }
    let public = path::normalise(request.path())
        .map_err(|malformed| Refusal::new(StatusCode::BAD_REQUEST, malformed.text()))?;
    if edge.method == Method::OPTIONS && !ANSWERED_BY_SERVICE.iter().any(|path| public.starts_with(path)) {
        return Err(HttpResponse::NoContent().finish());
    }
    if let Some(own) = gateway.own_answer(&public, edge, request.headers()).await {
        return Err(own);
    }
    let (row, native) = match config.table.find(&public, request.uri().query()) {
        Found::Row(row, native) => (row, native),
        Found::AddSlash(path) => return Err(moved(&path, request.uri().query())),
        Found::Nothing => {
            let is_page = pages::may_be_page(&public, &edge.method, request.headers());
            match config.table.page(&public, request.uri().query()).filter(|_| is_page) {
                Some(found) => found,
                None => return Err(gateway.pages.nothing(&public, request.headers())),
            }
        }
    };
    let permit = Permit::ask(config, row, edge, request).await;
    let permit = permit.map_err(|refusal| refused(config, row, refusal))?;
    let body = Passing::watch(request, row.body_limit)?;
    address_to_service(config, &permit, edge, claimed, request)?;
    if !web::set_path_and_query(request, &native) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "the path is malformed").into());
    }
    Ok((permit, body))
}

/// The answer to somebody who may not pass `row`: some rows lead to a page that says how to get the
/// permission.
fn refused(config: &Config, row: &Row, refusal: Refusal) -> HttpResponse {
    match &row.denied_page {
        Some(page) if refusal.is_denial() => {
            let location = format!("{}{page}", config.public_url.origin().ascii_serialization());
            HttpResponse::Found().insert_header((header::LOCATION, location)).finish()
        }
        _ => refusal.into(),
    }
}

/// A load balancer that took the request without TLS says so; without the header nothing is redirected. It
/// leads to the public URL, whatever `Host` says.
fn https_redirect(config: &Config, request: &ServiceRequest) -> Option<HttpResponse> {
    let scheme = request.headers().get("x-forwarded-proto")?;
    if scheme != "http" || config.public_url.scheme() != "https" {
        return None;
    }
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let location = format!("{}{target}", config.public_url.origin().ascii_serialization());
    Some(HttpResponse::MovedPermanently().insert_header((header::LOCATION, location)).finish())
}

/// CONNECT asks for a tunnel and TRACE for the request's own headers (RFC 9110 §9.3.6, §9.3.8): nobody here
/// has anything to do with them.
fn not_for_a_gateway() -> HttpResponse {
    let allowed = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, allowed)).force_close().finish()
}

fn moved(path: &str, query: Option<&str>) -> HttpResponse {
    let location = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    HttpResponse::MovedPermanently().insert_header((header::LOCATION, location)).finish()
}

/// Notes in the request where it goes, and gives it the headers that its service reads.
fn address_to_service(
    config: &Config,
    permit: &Permit<'_>,
    edge: &Edge,
    mut claimed: Claimed,
    request: &mut ServiceRequest,
) -> Result<(), Refusal> {
    let forwarded = identity::Origin::of(config, request).forwarded;
    let row = permit.row();
    if let Some(service) = &row.login {
        let Some(login) = config.logins.get(service) else {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "the gateway has no login for this service"));
        };
        request.headers_mut().insert(header::AUTHORIZATION, basic(login));
        claimed = Claimed::read(request.headers());
    }
    let headers = request.headers_mut();
    let mut set = |name: &'static str, value: Option<HeaderValue>| {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-forwarded-for", forwarded);
    set("x-userid", claimed.header());
    set("x-reqid", HeaderValue::from_str(&edge.request_id).ok());
    set("x-request-id", HeaderValue::from_str(&edge.request_id).ok());
    set("x-sessionid", HeaderValue::from_str(&edge.session).ok());
    set("x-visitorid", HeaderValue::from_str(&edge.visitor).ok());
    for (name, value) in &row.headers {
        headers.insert(name.clone(), value.clone());
    }
    let mut extensions = request.extensions_mut();
    extensions.insert(Target::of(permit));
    extensions.insert(web::RequestId(edge.request_id.clone()));
    Ok(())
}

fn basic(login: &Login) -> HeaderValue {
    let encoded = STANDARD.encode(format!("{}:{}", login.user, login.password));
    let mut value = HeaderValue::from_str(&format!("Basic {encoded}"))
        .expect("base64 has no character that a header cannot have");
    value.set_sensitive(true);
    value
}

fn is_masked(status: StatusCode) -> bool {
    matches!(status.as_u16(), 500..=504)
}

/// What users see of a service's own failure, which may tell more than they should know: only whether they
/// may come again, and when.
fn masked(status: StatusCode, own: &HeaderMap) -> HttpResponse {
    let mut response = HttpResponse::InternalServerError();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.status(status);
        let after = own.get(header::RETRY_AFTER).cloned();
        response.insert_header((header::RETRY_AFTER, after.unwrap_or(HeaderValue::from_static(SOON))));
    }
    response.content_type("application/json").body(MASKED)
}

fn mask(answer: ServiceResponse<BoxBody>) -> Answer {
    if is_masked(answer.status()) {
        let masked = masked(answer.status(), answer.headers());
        answer.into_response(masked).map_into_right_body()
    } else {
        answer.map_into_left_body()
    }
}
