//! A service of a test's own.

use std::sync::Arc;

use actix_web::{App, body::to_bytes, http::header::HeaderMap, test as client};
use serde_json::{Value, json};
use testing::{Rights, TestDatabase, TestTokens};
use url::Url;
use web::Service;
use wts::{Config, Wts};

use crate::provider::Provider;

pub(crate) const KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

/// A service with the providers `default`, which is the commons' own, and `other`.
pub(crate) struct World {
    pub(crate) wts: Arc<Wts>,
    pub(crate) database: TestDatabase,
    pub(crate) own: Provider,
    pub(crate) other: Provider,
    tokens: TestTokens,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// The cookie `wts`, as a browser sends it back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    }

    /// An argument of the address that a browser is sent to.
    pub(crate) fn sent(&self, name: &str) -> Option<String> {
        let url = Url::parse(&self.header("location")).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(TestDatabase::new("wts", async |pool| Ok(wts::migrate(pool).await?)).await)
    }

    pub(crate) fn on(database: TestDatabase) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (own, other) = (Provider::start(), Provider::start());
        let settings = json!({
            "fence_base_url": "https://site.example.org/user/",
            "wts_base_url": "https://site.example.org/wts/",
            "internal_commons_url": own.address, "oidc_client_id": "own", "oidc_client_secret": "secret",
            "encryption_key": KEY, "secret_key": "any",
            "aggregate_endpoint_allowlist": ["/user/user", "/authz/mapping"],
            "external_oidc": [{
                "base_url": other.address, "oidc_client_id": "them", "oidc_client_secret": "secret",
                "login_options": {
                    "other": { "name": "Other", "params": { "idp": "google" } },
                    "second": { "name": "Second" },
                },
            }],
        });
        let tokens = TestTokens::new();
        let redirects = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(redirects).build().unwrap();
        let config = Config::read(&settings, |_| None).unwrap();
        let rights =
            Rights::of_verified_tokens(tokens.verifier()).deactivated("gone").unavailable_for("unheard");
        let wts = Wts::build(config, database.pool.clone(), Arc::new(rights), tokens.verifier(), http);
        Self { wts, database, own, other, tokens }
    }

    /// The answer to `who`; nobody if it is empty.
    pub(crate) async fn get(&self, path: &str, who: &str) -> Answer {
        self.send("GET", path, who, "").await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, who: &str, cookie: &str) -> Answer {
        let token = if who.is_empty() { String::new() } else { self.tokens.token(who) };
        self.send_with(method, path, &token, cookie).await
    }

    pub(crate) async fn send_with(&self, method: &str, path: &str, token: &str, cookie: &str) -> Answer {
        let wts = self.wts.clone();
        let app = client::init_service(App::new().configure(|config| wts.configure(config))).await;
        let mut request = client::TestRequest::default().method(method.parse().unwrap()).uri(path);
        if !token.is_empty() {
            request = request.insert_header(("Authorization", format!("bearer {token}")));
        }
        if !cookie.is_empty() {
            request = request.insert_header(("Cookie", cookie));
        }
        let answer = client::call_service(&app, request.to_request()).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = to_bytes(answer.into_body()).await.expect("a body");
        Answer { status, headers, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Begins a login and comes back from the provider with a code; `query` is what begins it.
    pub(crate) async fn log_in(&self, who: &str, query: &str) -> Answer {
        let begun = self.get(&format!("/oauth2/authorization_url?{query}"), who).await;
        assert_eq!(begun.status, 302, "{}", begun.text);
        let callback = format!("/oauth2/authorize?code=a-code&state={}", begun.sent("state").unwrap());
        self.send("GET", &callback, who, &begun.cookie()).await
    }

    /// Lets time pass for the refresh tokens of everybody.
    pub(crate) async fn pass(&self, seconds: i64) {
        sqlx::query("update refresh_token set expires = expires - $1")
            .bind(seconds)
            .execute(&self.database.pool)
            .await
            .unwrap();
    }

    pub(crate) async fn stored(&self) -> Vec<(String, String, String, String)> {
        sqlx::query_as("select username, idp, userid, token from refresh_token order by username, idp")
            .fetch_all(&self.database.pool)
            .await
            .unwrap()
    }

    pub(crate) fn tokens(&self) -> &TestTokens {
        &self.tokens
    }
}
