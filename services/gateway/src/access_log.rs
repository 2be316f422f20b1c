//! The access log: one line for each request.

use std::time::Instant;

use actix_web::{
    dev::ServiceRequest,
    http::{Method, StatusCode, header},
};

use crate::{
    config::Config,
    edge::Edge,
    identity::{Claimed, Origin},
};

/// What the line says of a request. Field names are those that dashboards of today's commons know. Neither
/// the query (it may hold a signature) nor the user's name (it may be an e-mail address) is written.
pub(crate) struct AccessLine {
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
    /// The line of `request`, unless nobody reads the access log.
    pub(crate) fn begin(
        config: &Config,
        request: &ServiceRequest,
        edge: &Edge,
        claimed: &Claimed,
    ) -> Option<Self> {
        if !tracing::enabled!(target: "access", tracing::Level::INFO) {
            return None;
        }
        let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let client = Origin::of(config, request).client;
        Some(Self {
            started: Instant::now(),
            method: edge.method.clone(),
            path: request.path().to_owned(),
            user: claimed.sub.clone(),
            request: edge.request_id.clone(),
            session: edge.session.clone(),
            visitor: edge.visitor.clone(),
            client: client.map(|client| client.to_string()).unwrap_or_default(),
            agent: agent.unwrap_or_default().to_owned(),
        })
    }

    /// Writes the line of a request that `service` answered with `status`; without a service it was the
    /// gateway itself.
    pub(crate) fn write(&self, status: StatusCode, service: Option<&str>) {
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
