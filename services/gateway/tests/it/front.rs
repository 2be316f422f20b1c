//! A gateway before services that say what reached them.

use std::{collections::HashMap, net::Ipv4Addr, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web as actix};
use async_trait::async_trait;
use gateway::{Config, Gateway, Login, Table};
use serde_json::{Map, Value, json};
use testing::Rights;
use url::Url;
use web::{Server, Service};

pub(crate) const SERVICES: [&str; 15] = [
    "fence",
    "arborist",
    "indexd",
    "sheepdog",
    "peregrine",
    "guppy",
    "audit",
    "requestor",
    "library",
    "wts",
    "metadata",
    "manifests",
    "operations",
    "workspace",
    "portal",
];

/// Answers every request with what it saw; with the status that the header `x-answer` asks for.
struct Echo(&'static str);

#[async_trait]
impl Service for Echo {
    fn name(&self) -> &'static str {
        self.0
    }

    fn configure(self: Arc<Self>, config: &mut actix::ServiceConfig) {
        let name = self.0;
        let echo = move |request: HttpRequest, body: actix::Bytes| async move { echo(name, &request, &body) };
        config.service(
            actix::scope("").app_data(actix::PayloadConfig::new(64 << 20)).default_service(actix::to(echo)),
        );
    }

    async fn ready(&self) -> Result<(), String> {
        if self.0 == "guppy" { Err("waiting for the search engine".into()) } else { Ok(()) }
    }
}

fn echo(name: &str, request: &HttpRequest, body: &[u8]) -> HttpResponse {
    let text =
        |value: &actix_web::http::header::HeaderValue| json!(String::from_utf8_lossy(value.as_bytes()));
    let headers: Map<String, Value> =
        request.headers().iter().map(|(n, v)| (n.to_string(), text(v))).collect();
    let wanted = request.headers().get("x-answer").and_then(|value| value.to_str().ok()?.parse::<u16>().ok());
    let status = wanted.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    let seen = json!({
        "service": name,
        "method": request.method().as_str(),
        "path": request.uri().path_and_query().map(|path_and_query| path_and_query.as_str()),
        "headers": headers,
        "body_length": body.len(),
    });
    let mut response = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header(("Retry-After", "1"));
    }
    response
        .insert_header(("Server", "secret/1.0"))
        .insert_header(("Access-Control-Allow-Origin", "http://from-the-service"))
        .json(seen)
}

/// Permits everything to the bearer of `good`, refuses `stale`.
fn rights() -> Rights {
    Rights::of_plain_tokens().grant("good", "*", "*", "/").refuse_token("stale")
}

/// Where the services of a test are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    InProcess,
    Elsewhere,
}

pub(crate) const FORMS: [Form; 2] = [Form::InProcess, Form::Elsewhere];

/// A running gateway.
pub(crate) struct Front {
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
    servers: Vec<Server>,
}

impl Front {
    pub(crate) async fn start(form: Form) -> Self {
        Self::start_with(form, |_| ()).await
    }

    pub(crate) async fn start_with(form: Form, adjust: impl FnOnce(&mut Config)) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let no_redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().redirect(no_redirects).no_proxy().build().unwrap();
        let listener = || web::bind(Ipv4Addr::LOCALHOST.into(), 0).unwrap();
        let own = listener();
        let url = format!("http://{}", own.local_addr().unwrap());
        let mut config = Config {
            public_url: Url::parse("http://localhost:8080").unwrap(),
            cookie_domain: None,
            credential_origins: vec!["https://portal.example".into()],
            trusted_proxies: Vec::new(),
            table: Table::built_in().unwrap().with_portal().unwrap(),
            upstreams: HashMap::new(),
            object_store: None,
            logins: HashMap::from([("indexd".into(), Login { user: "u".into(), password: "p".into() })]),
            authz: Arc::new(rights()),
            client: client.clone(),
        };
        let mut servers = Vec::new();
        let mut services: Vec<Arc<dyn Service>> = Vec::new();
        for name in SERVICES {
            match form {
                Form::InProcess => services.push(Arc::new(Echo(name))),
                Form::Elsewhere => {
                    let listener = listener();
                    let upstream = format!("http://{}", listener.local_addr().unwrap());
                    config.upstreams.insert(name.into(), Url::parse(&upstream).unwrap());
                    servers.push(Server::start(listener, Arc::new(Echo(name)), 1).unwrap());
                }
            }
        }
        adjust(&mut config);
        servers.insert(0, Server::start(own, Gateway::build(config, services), 1).unwrap());
        Self { url, client, servers }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{path}", self.url))
    }

    pub(crate) async fn stop(self) {
        for server in self.servers {
            server.stop().await.unwrap();
        }
    }
}
