//! The object store of this machine, behind the public origin.
//!
//! Signed URLs of the store lead here, so that files can be reached wherever the commons can. The signature
//! covers method, path, query and `Host`: all of them pass unchanged, and the store checks it. It is the
//! whole permission: tokens, cookies and CSRF have no meaning on these paths; no cookie is sent on or set.
//!
//! What users upload is served from the origin whose cookies log them in, so that an uploaded page must not
//! be able to act in its readers' names: answers are in a sandbox of their own.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{self, HeaderName, HeaderValue},
    },
    web,
};

use crate::{proxy::ProxyError, service::Gateway};

/// Headers that the store has no use for.
const NOT_PASSED_ON: [HeaderName; 2] = [header::COOKIE, header::EXPECT];
/// No script of an object runs, and nothing that it shows belongs to the origin (CSP 3, `sandbox`).
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");

/// The handler of the store's paths. Bodies are streamed both ways; how slow they may be, and how much room
/// there is for them, the store says.
pub(crate) async fn forward(
    gateway: web::Data<Gateway>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ProxyError> {
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Ok(HttpResponse::MethodNotAllowed().force_close().finish());
    }
    let service = || "object store".to_owned();
    let store = gateway.config.object_store.as_ref().ok_or_else(|| ProxyError::NoUpstream(service()))?;
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let url = relay::address(&store.address, target).ok_or(ProxyError::Ambiguous)?;
    if relay::asked_protocol(request.headers()).is_some() {
        return Ok(HttpResponse::BadRequest().body("objects are not had by another protocol"));
    }
    let passes = |name: &HeaderName| !NOT_PASSED_ON.contains(name);
    let answer = relay::pass_on(&gateway.config.client, url, &request, body, passes, &[]).await;
    let mut answer = answer.map_err(|source| ProxyError::Unreachable { service: service(), source })?;
    let headers = answer.headers_mut();
    headers.remove(header::SET_COOKIE);
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
    Ok(answer)
}
