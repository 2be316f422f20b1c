//! The way of every request through the gateway. The order of the steps is that of the original (Gen3 revproxy):
//! https redirect, OPTIONS, CSRF, permission, rewrite, service, masking, headers.

use std::{sync::Arc, time::Instant};

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
use authz::{AuthzError, Subject};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Gateway, Login,
    body::Passing,
    edge::Edge,
    identity::{self, Claimed},
    path,
    table::{Found, Row, Triple},
};

/// Prefix below which OPTIONS reaches the service: DRS 1.2 and later define it (authorisation discovery).
const DRS_OBJECTS: &str = "/ga4gh/drs/v1/objects";
const MASKED: &str = r#"{ "error": "service failure - try again later"}"#;

/// The service that a request is for; guards and the proxy read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The service.
    pub(crate) service: String,
    /// Its deployment as the route table names it.
    pub(crate) instance: String,
}

type Answer = ServiceResponse<EitherBody<BoxBody>>;

/// A request that the gateway itself turns away.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, text: &str) -> Self {
        Self { status, text: text.to_owned() }
    }
}

impl From<Refusal> for HttpResponse {
    fn from(refusal: Refusal) -> Self {
        HttpResponse::build(refusal.status).content_type("text/plain; charset=utf-8").body(refusal.text)
    }
}

/// The middleware.
pub(crate) async fn run(
    gateway: Arc<Gateway>,
    mut req: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<Answer, Error> {
    identity::drop_claims(req.headers_mut());
    let edge = Edge::read(&gateway.config, &req);
    identity::choose_token(req.headers_mut(), edge.access_cookie.as_deref());
    let line =
        tracing::enabled!(target: "access", tracing::Level::INFO).then(|| AccessLine::begin(&req, &edge));
    let log = |status, service: Option<&str>| line.iter().for_each(|line| line.write(status, service));
    let (row, body) = match admit(&gateway, &edge, &mut req).await {
        Ok(admitted) => admitted,
        Err(refusal) => {
            let mut answer = req.into_response(refusal).map_into_right_body();
            let status = answer.status();
            edge.dress(&gateway.config, status, answer.headers_mut());
            log(status, None);
            return Ok(answer);
        }
    };
    let service = row.service.as_deref();
    let outcome = match body.within(row.timeout, next.call(req)).await {
        Some(outcome) => outcome,
        None => Err(actix_web::error::ErrorGatewayTimeout("the service did not answer in time")),
    };
    match outcome {
        Ok(answer) => {
            log(answer.status(), service);
            let mut answer = match body.refusal() {
                Some(refusal) => answer.into_response(HttpResponse::from(refusal)).map_into_right_body(),
                None => mask(answer),
            };
            let status = answer.status();
            edge.dress(&gateway.config, status, answer.headers_mut());
            Ok(answer)
        }
        Err(error) => {
            let mut response = error.as_response_error().error_response();
            log(response.status(), service);
            if is_masked(response.status()) {
                response = masked();
            }
            let status = response.status();
            edge.dress(&gateway.config, status, response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// Everything before the service: the row that lets the request pass, with the request rewritten for it; or the answer.
async fn admit<'g>(
    gateway: &'g Gateway,
    edge: &Edge,
    req: &mut ServiceRequest,
) -> Result<(&'g Row, Passing), HttpResponse> {
    if let Some(redirect) = https_redirect(req) {
        return Err(redirect);
    }
    let public = path::normalise(req.path());
    if edge.method == Method::OPTIONS && !public.starts_with(DRS_OBJECTS) {
        return Err(HttpResponse::NoContent().finish());
    }
    if let Some(own) = gateway.own_answer(&public, edge).await {
        return Err(own);
    }
    let (row, native) = match gateway.config.table.find(&public, req.uri().query()) {
        Found::Row(row, native) => (row, native),
        Found::AddSlash(path) => return Err(moved(&path, req.uri().query())),
        Found::Nothing => return Err(plain(StatusCode::NOT_FOUND, "nothing is served at this path")),
    };
    if row.csrf && edge.may_be_forged() {
        return Err(plain(StatusCode::FORBIDDEN, &row.csrf_message));
    }
    if !row.methods.is_empty() && !method_allowed(row, &edge.method) {
        return Err(plain(StatusCode::FORBIDDEN, "this method is not available here"));
    }
    if let Some(triple) = &row.authz {
        permit(gateway, triple, req).await?;
    }
    let Some(instance) = row.service.as_deref().filter(|_| !row.deny) else {
        return Err(plain(StatusCode::FORBIDDEN, "not available from outside"));
    };
    let body = Passing::watch(req, row.body_limit)?;
    send_headers(gateway, row, edge, req)?;
    if !web::set_path_and_query(req, &native) {
        return Err(plain(StatusCode::BAD_REQUEST, "the path is malformed"));
    }
    let service = gateway.config.table.service_of(instance).to_owned();
    req.extensions_mut().insert(Target { service, instance: instance.to_owned() });
    req.extensions_mut().insert(web::RequestId(edge.request_id.clone()));
    Ok((row, body))
}

/// A load balancer that took the request without TLS says so; without the header nothing is redirected.
fn https_redirect(req: &ServiceRequest) -> Option<HttpResponse> {
    let scheme = req.headers().get("x-forwarded-proto")?;
    let host = req.headers().get(header::HOST)?.to_str().ok()?;
    let target = req.uri().path_and_query().map_or("/", |pq| pq.as_str());
    let location = format!("https://{host}{target}");
    (scheme == "http")
        .then(|| HttpResponse::MovedPermanently().insert_header((header::LOCATION, location)).finish())
}

fn moved(path: &str, query: Option<&str>) -> HttpResponse {
    let location = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    HttpResponse::MovedPermanently().insert_header((header::LOCATION, location)).finish()
}

/// nginx' `limit_except GET` lets HEAD pass too.
fn method_allowed(row: &Row, method: &Method) -> bool {
    let head_as_get = *method == Method::HEAD && row.methods.contains(&Method::GET);
    head_as_get || row.methods.contains(method)
}

async fn permit(gateway: &Gateway, triple: &Triple, req: &ServiceRequest) -> Result<(), Refusal> {
    let header = req.headers().get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let Some(subject) = Subject::from_authorization(header) else {
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "the authorization header is no bearer token"));
    };
    let resources = [triple.resource.clone()];
    let answer =
        gateway.config.authz.require(&subject, &triple.service, &[triple.method.as_str()], &resources).await;
    match answer {
        Ok(_) => Ok(()),
        Err(AuthzError::Unauthenticated(_)) => {
            Err(Refusal::new(StatusCode::UNAUTHORIZED, "the token is not accepted"))
        }
        // Also when arborist gives no answer: what cannot be decided is refused.
        Err(_) => Err(Refusal::new(StatusCode::FORBIDDEN, "not permitted")),
    }
}

fn send_headers(gateway: &Gateway, row: &Row, edge: &Edge, req: &mut ServiceRequest) -> Result<(), Refusal> {
    let client = client_address(req);
    if let Some(service) = &row.login {
        let Some(login) = gateway.config.logins.get(service) else {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "the gateway has no login for this service"));
        };
        req.headers_mut().insert(header::AUTHORIZATION, basic(login));
    }
    let claimed = Claimed::read(req.headers());
    let headers = req.headers_mut();
    let mut set = |name: &'static str, value: Option<HeaderValue>| {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-forwarded-for", client);
    set("x-userid", claimed.header());
    set("x-reqid", HeaderValue::from_str(&edge.request_id).ok());
    set("x-request-id", HeaderValue::from_str(&edge.request_id).ok());
    set("x-sessionid", HeaderValue::from_str(&edge.session).ok());
    set("x-visitorid", HeaderValue::from_str(&edge.visitor).ok());
    for (name, value) in &row.headers {
        headers.insert(name.clone(), value.clone());
    }
    Ok(())
}

fn client_address(req: &ServiceRequest) -> Option<HeaderValue> {
    let forwarded = req.headers().get("x-forwarded-for").cloned();
    forwarded.or_else(|| HeaderValue::from_str(&req.peer_addr()?.ip().to_string()).ok())
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

fn masked() -> HttpResponse {
    HttpResponse::InternalServerError().content_type("application/json").body(MASKED)
}

/// Users never see a service's own failure: it may tell more than they should know.
fn mask(answer: ServiceResponse<BoxBody>) -> Answer {
    if !is_masked(answer.status()) {
        return answer.map_into_left_body();
    }
    answer.into_response(masked()).map_into_right_body()
}

fn plain(status: StatusCode, text: &str) -> HttpResponse {
    Refusal::new(status, text).into()
}

/// The access log: field names are those that dashboards of today's commons know. Neither the query (it may hold a
/// signature) nor the user's name (it may be an e-mail address) is written.
struct AccessLine {
    started: Instant,
    method: Method,
    path: String,
    user: String,
    request: String,
    session: String,
    visitor: String,
    client: String,
    agent: String,
}

impl AccessLine {
    fn begin(req: &ServiceRequest, edge: &Edge) -> Self {
        let text = |headers: &HeaderMap, name: HeaderName| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let client = client_address(req);
        Self {
            started: Instant::now(),
            method: edge.method.clone(),
            path: req.path().to_owned(),
            user: Claimed::read(req.headers()).sub,
            request: edge.request_id.clone(),
            session: edge.session.clone(),
            visitor: edge.visitor.clone(),
            client: client.and_then(|c| c.to_str().map(str::to_owned).ok()).unwrap_or_default(),
            agent: text(req.headers(), header::USER_AGENT),
        }
    }

    fn write(&self, status: StatusCode, service: Option<&str>) {
        // Probes would drown everything else.
        if self.path == "/_status" || self.agent.starts_with("kube-probe") {
            return;
        }
        tracing::info!(
            target: "access",
            gen3log = "gateway",
            user_id = self.user,
            request_id = self.request,
            session_id = self.session,
            visitor_id = self.visitor,
            network_client_ip = self.client,
            response_secs = self.started.elapsed().as_secs_f64(),
            http_status_code = status.as_u16(),
            http_request = self.path,
            http_verb = %self.method,
            http_useragent = self.agent,
            proxy_service = service.unwrap_or("gateway"),
            "request"
        );
    }
}
