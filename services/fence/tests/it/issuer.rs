//! An issuer of OpenID Connect for one test, which also does what an issuer must not do.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::StatusCode,
    web::{Bytes, Data, get, post, resource},
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokens::{Claims, SigningKeys};
use url::form_urlencoded;

pub(crate) const CLIENT: &str = "our-client";
pub(crate) const SECRET: &str = "our-secret";

/// What the issuer does next.
pub(crate) struct Conduct {
    pub(crate) keys: SigningKeys,
    /// Claims that replace those of a good token; null takes one out.
    pub(crate) claims: Map<String, Value>,
    /// What userinfo says; nothing is 404.
    pub(crate) userinfo: Option<Value>,
    /// Whether it is away.
    pub(crate) down: bool,
    /// Claim `iss` in its description, if it is not its own.
    pub(crate) described: Option<String>,
    /// The one code that it takes, and what it was asked for: the nonce and the challenge.
    code: Option<(String, Option<String>, Option<String>)>,
    pub(crate) requests: Vec<String>,
    /// The refresh token that it gives, and then takes.
    pub(crate) refresh_token: Option<String>,
    /// The status and the error of its answers to refreshes, where it does not look at them.
    pub(crate) refusal: Option<(u16, &'static str)>,
}

pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) conduct: Arc<Mutex<Conduct>>,
    server: ServerHandle,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

type State = Data<(String, Arc<Mutex<Conduct>>)>;

impl Issuer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let conduct = Arc::new(Mutex::new(Conduct {
            keys: SigningKeys::ephemeral("one").unwrap(),
            claims: Map::new(),
            userinfo: None,
            down: false,
            described: None,
            code: None,
            requests: Vec::new(),
            refresh_token: None,
            refusal: None,
        }));
        let state = Data::new((url.clone(), conduct.clone()));
        let app = move || {
            App::new()
                .app_data(state.clone())
                .service(resource("/.well-known/openid-configuration").route(get().to(describe)))
                .service(resource("/jwks").route(get().to(keys)))
                .service(resource("/token").route(post().to(token)))
                .service(resource("/userinfo").route(get().to(userinfo)))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, conduct, server: handle }
    }

    pub(crate) fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.url)
    }

    /// What a user does at the issuer's page: it gives a code for the request in `address`.
    pub(crate) fn approve(&self, address: &str) -> (String, String) {
        let (_, query) = address.split_once('?').unwrap();
        let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        assert_eq!(value("client_id").as_deref(), Some(CLIENT));
        assert_eq!(value("response_type").as_deref(), Some("code"));
        let code = uuid::Uuid::new_v4().to_string();
        self.conduct.lock().unwrap().code = Some((code.clone(), value("nonce"), value("code_challenge")));
        (code, value("state").unwrap())
    }

    pub(crate) fn does(&self, change: impl FnOnce(&mut Conduct)) {
        change(&mut self.conduct.lock().unwrap());
    }
}

async fn describe(state: State) -> HttpResponse {
    let (url, conduct) = &**state;
    let mut conduct = conduct.lock().unwrap();
    conduct.requests.push("describe".into());
    if conduct.down {
        return HttpResponse::BadGateway().finish();
    }
    HttpResponse::Ok().json(json!({
        "issuer": conduct.described.as_deref().unwrap_or(url),
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"),
        "userinfo_endpoint": format!("{url}/userinfo"),
        "id_token_signing_alg_values_supported": ["RS256", "HS256"],
    }))
}

async fn keys(state: State) -> HttpResponse {
    let mut conduct = state.1.lock().unwrap();
    conduct.requests.push("keys".into());
    HttpResponse::Ok().json(conduct.keys.jwks())
}

async fn userinfo(state: State) -> HttpResponse {
    match &state.1.lock().unwrap().userinfo {
        Some(said) => HttpResponse::Ok().json(said),
        None => HttpResponse::NotFound().finish(),
    }
}

async fn token(state: State, request: HttpRequest, body: Bytes) -> HttpResponse {
    let (url, conduct) = &**state;
    let mut conduct = conduct.lock().unwrap();
    conduct.requests.push("token".into());
    if conduct.down {
        return HttpResponse::BadGateway().finish();
    }
    let refused = |error: &str| HttpResponse::BadRequest().json(json!({ "error": error }));
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let basic = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if basic != Some("Basic b3VyLWNsaWVudDpvdXItc2VjcmV0") {
        return HttpResponse::Unauthorized().json(json!({ "error": "invalid_client" }));
    }
    if value("grant_type") == Some("refresh_token") {
        if let Some((status, error)) = conduct.refusal {
            let status = StatusCode::from_u16(status).unwrap();
            return HttpResponse::build(status).json(json!({ "error": error }));
        }
        if value("refresh_token") != conduct.refresh_token.as_deref() {
            return refused("invalid_grant");
        }
        let next = format!("{}+", conduct.refresh_token.take().unwrap_or_default());
        conduct.refresh_token = Some(next.clone());
        return HttpResponse::Ok().json(json!({
            "access_token": "x", "token_type": "Bearer", "expires_in": 300, "refresh_token": next,
        }));
    }
    let Some((code, nonce, challenge)) = conduct.code.take() else { return refused("invalid_grant") };
    let verifier = value("code_verifier").unwrap_or_default();
    let shown = base64::Engine::encode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        Sha256::digest(verifier.as_bytes()),
    );
    if value("code") != Some(code.as_str()) || challenge.is_some_and(|challenge| challenge != shown) {
        return refused("invalid_grant");
    }
    let now = chrono::Utc::now().timestamp();
    let mut claims = json!({
        "iss": url, "aud": [CLIENT], "sub": "person-1", "iat": now, "exp": now + 300, "nonce": nonce,
    });
    for (name, value) in &conduct.claims {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    let claims: Claims = serde_json::from_value(claims).unwrap();
    let id_token = conduct.keys.signing().sign(&claims).unwrap();
    HttpResponse::Ok().json(json!({
        "access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
        "refresh_token": conduct.refresh_token,
    }))
}
