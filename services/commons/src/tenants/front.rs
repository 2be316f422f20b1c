//! One port in front of several gateways.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    guard::{self, GuardContext},
    http::{StatusCode, header::HOST},
    web as actix,
};
use async_trait::async_trait;
use futures_util::future::join_all;
use serde_json::json;
use web::Service;

/// A gateway, and the host by which its commons is reached.
pub(super) struct Host {
    /// In small letters, without a port.
    pub(super) name: String,
    pub(super) gateway: Arc<dyn Service>,
}

/// Every request goes to the gateway of the host that it names (RFC 9110 §7.2), and to no other: what a proxy
/// writes into `X-Forwarded-Host` is not looked at.
pub(super) struct ByHost(pub(super) Vec<Host>);

#[async_trait]
impl Service for ByHost {
    fn name(&self) -> &'static str {
        "tenants"
    }

    fn configure(self: Arc<Self>, config: &mut actix::ServiceConfig) {
        for Host { name, gateway } in &self.0 {
            let name = name.clone();
            let is_meant = move |context: &GuardContext<'_>| {
                let head = context.head();
                let named = head.headers().get(HOST).and_then(|value| value.to_str().ok());
                host(head.uri.host().or(named)).is_some_and(|host| host == name)
            };
            web::mount(config, gateway.clone(), guard::fn_guard(is_meant));
        }
        let own = actix::scope("").app_data(actix::Data::from(self));
        config.service(own.default_service(actix::to(answer)));
    }

    /// Each gateway is mounted by a rule of its own.
    fn may_be_dropped(&self) -> bool {
        true
    }

    async fn ready(&self) -> Result<(), String> {
        let states = join_all(self.0.iter().map(|Host { gateway, .. }| gateway.ready())).await;
        let waiting = states.iter().filter(|state| state.is_err()).count();
        if waiting == 0 { Ok(()) } else { Err(format!("{waiting} of {} are not ready", states.len())) }
    }
}

/// The answer to who names no commons of this port. Load balancers ask so whether anything runs here; which
/// commons there are is nobody's business.
async fn answer(all: actix::Data<ByHost>, request: HttpRequest) -> HttpResponse {
    match request.path() {
        "/_status" => HttpResponse::Ok().json(json!({ "message": "Feelin good!" })),
        "/_ready" => match all.ready().await {
            Ok(()) => HttpResponse::Ok().json(json!({ "ready": true })),
            Err(_) => HttpResponse::ServiceUnavailable().json(json!({ "ready": false })),
        },
        _ => HttpResponse::build(StatusCode::MISDIRECTED_REQUEST)
            .json(json!({ "message": "no commons is reached by this host name" })),
    }
}

/// The host of an authority, in small letters, without port and the dot of the root.
fn host(authority: Option<&str>) -> Option<String> {
    let authority = authority?;
    let end = match authority.rfind(']') {
        // An address of version 6 has colons of its own.
        Some(bracket) => bracket + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    Some(authority.get(..end)?.trim_end_matches('.').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_the_same_however_it_is_written() {
        for (written, meant) in [
            ("heart.example.org", "heart.example.org"),
            ("Heart.Example.org:8080", "heart.example.org"),
            ("heart.example.org.", "heart.example.org"),
            ("heart.example.org.:443", "heart.example.org"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("", ""),
        ] {
            assert_eq!(host(Some(written)).as_deref(), Some(meant));
        }
        assert_eq!(host(None), None);
    }
}
