//! Another commons: its token endpoint, and a page.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Form, ServiceConfig, get, post},
};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use web::{Server, Service};

/// A request as the provider saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) authorization: String,
    pub(crate) form: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What it answers, and what it has seen.
#[derive(Default)]
pub(crate) struct State {
    /// Status and body of the token endpoint; none for the usual ones.
    pub(crate) refusal: Mutex<Option<(u16, Value)>>,
    /// Whom it logs in.
    pub(crate) user: Mutex<String>,
    /// The body of `/user/user`.
    pub(crate) page: Mutex<String>,
    /// How long `/user/user` takes.
    pub(crate) pause: Mutex<Duration>,
    pub(crate) seen: Mutex<Vec<Seen>>,
    issued: Mutex<u32>,
}

pub(crate) struct Provider {
    pub(crate) address: String,
    pub(crate) state: Arc<State>,
    _server: Server,
}

struct Commons(Arc<State>);

#[async_trait]
impl Service for Commons {
    fn name(&self) -> &'static str {
        "provider"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        config
            .app_data(Data::from(self.0.clone()))
            .route("/user/oauth2/token", post().to(token))
            .route("/user/oauth2/revoke", post().to(revoke))
            .route("/user/user", get().to(page))
            .route("/authz/mapping", get().to(elsewhere));
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Provider {
    pub(crate) fn start() -> Self {
        let state = Arc::new(State::default());
        *state.user.lock().unwrap() = "ada".into();
        *state.page.lock().unwrap() = r#"{"username": "ada", "authz": {}}"#.into();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let _server = Server::start(listener, Arc::new(Commons(state.clone())), 1).unwrap();
        Self { address, state, _server }
    }

    pub(crate) fn host(&self) -> &str {
        self.address.strip_prefix("http://").unwrap()
    }

    pub(crate) fn refuse(&self, status: u16, body: Value) {
        *self.state.refusal.lock().unwrap() = Some((status, body));
    }

    /// What it has seen since it was asked last.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.seen.lock().unwrap())
    }
}

fn note(state: &State, request: &HttpRequest, form: Vec<(String, String)>) {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let authorization = header.unwrap_or_default().to_owned();
    let target = request.uri().path_and_query().unwrap().to_string();
    state.seen.lock().unwrap().push(Seen { target, authorization, form });
}

fn unsigned(claims: &Value) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

async fn token(state: Data<State>, request: HttpRequest, form: Form<Vec<(String, String)>>) -> HttpResponse {
    let form = form.into_inner();
    note(&state, &request, form.clone());
    if let Some((status, body)) = state.refusal.lock().unwrap().clone() {
        return HttpResponse::build(status.try_into().unwrap()).json(body);
    }
    let mut issued = state.issued.lock().unwrap();
    *issued += 1;
    let user = state.user.lock().unwrap().clone();
    let end = chrono::Utc::now().timestamp() + 30 * 86_400 - 60;
    let refresh =
        unsigned(&json!({ "sub": format!("id of {user}"), "jti": uuid::Uuid::new_v4(), "exp": end }));
    let identity = unsigned(&json!({ "sub": "x", "context": { "user": { "name": user } } }));
    HttpResponse::Ok().json(json!({
        "access_token": format!("access {issued}"), "refresh_token": refresh, "id_token": identity,
    }))
}

async fn revoke(state: Data<State>, request: HttpRequest, form: Form<Vec<(String, String)>>) -> HttpResponse {
    note(&state, &request, form.into_inner());
    match state.refusal.lock().unwrap().clone() {
        Some((status, body)) => HttpResponse::build(status.try_into().unwrap()).json(body),
        None => HttpResponse::Ok().json(json!({})),
    }
}

async fn page(state: Data<State>, request: HttpRequest) -> HttpResponse {
    note(&state, &request, Vec::new());
    let pause = *state.pause.lock().unwrap();
    tokio::time::sleep(pause).await;
    HttpResponse::Ok().content_type("application/json").body(state.page.lock().unwrap().clone())
}

/// Leads to another host, which must not be asked.
async fn elsewhere(state: Data<State>, request: HttpRequest) -> HttpResponse {
    note(&state, &request, Vec::new());
    HttpResponse::Found().insert_header(("location", "/user/user")).finish()
}
