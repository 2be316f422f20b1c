//! Passing a request on to a service in another process.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};

use crate::{admission::Target, service::Gateway};

/// Why a request could not be passed on. A 5xx is masked by the gateway.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyError {
    #[error("the address of the service {0} is not configured")]
    NoUpstream(String),
    #[error("the path means something else for the service than for the gateway")]
    Ambiguous,
    #[error("the service {service} cannot be reached")]
    Unreachable { service: String, source: reqwest::Error },
}

impl actix_web::ResponseError for ProxyError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Ambiguous => StatusCode::BAD_REQUEST,
            Self::NoUpstream(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreachable { .. } => StatusCode::BAD_GATEWAY,
        }
    }

    fn error_response(&self) -> HttpResponse {
        tracing::error!(error = self as &dyn std::error::Error, "the request was not passed on");
        HttpResponse::new(self.status_code())
    }
}

/// The handler of everything that no service in this process answers.
pub(crate) async fn forward(
    gateway: web::Data<Gateway>,
    target: web::ReqData<Target>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, ProxyError> {
    let upstreams = &gateway.config.upstreams;
    let base = upstreams.get(&target.instance).or_else(|| upstreams.get(&target.service));
    let base = base.ok_or_else(|| ProxyError::NoUpstream(target.service.clone()))?;
    let native = request.uri().path_and_query().map_or("/", |native| native.as_str());
    let url = relay::address(base, native).ok_or(ProxyError::Ambiguous)?;
    let passed = relay::pass_on(&gateway.config.client, url, &request, body, |_| true, &[]).await;
    passed.map_err(|source| ProxyError::Unreachable { service: target.service.clone(), source })
}
