//! A service of a test's own.

use std::sync::Arc;

use actix_web::{App, body::to_bytes, test as client};
use library::{Config, Library};
use serde_json::{Value, json};
use testing::{Rights, TestDatabase, TestTokens};
use web::Service;

pub(crate) struct World {
    pub(crate) library: Arc<Library>,
    pub(crate) database: TestDatabase,
    tokens: TestTokens,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let database = TestDatabase::new("library", async |pool| Ok(library::migrate(pool).await?)).await;
        Self::on(database, config)
    }

    pub(crate) fn on(database: TestDatabase, config: Config) -> Self {
        let tokens = TestTokens::new();
        let rights =
            Rights::of_verified_tokens(tokens.verifier()).deactivated("gone").unavailable_for("unheard");
        let library = Library::build(config, database.pool.clone(), Arc::new(rights), tokens.verifier());
        Self { library, database, tokens }
    }

    /// Status and JSON of the answer to the user with the id `who`; nobody if it is empty.
    pub(crate) async fn send(&self, method: &str, path: &str, who: &str, body: &Value) -> (u16, Value) {
        let library = self.library.clone();
        let app = client::init_service(App::new().configure(|config| library.configure(config))).await;
        let mut request = client::TestRequest::default().method(method.parse().unwrap()).uri(path);
        if !who.is_empty() {
            let token = self.tokens.token_with(who, |claims| {
                claims.sub = Some(who.to_owned()).filter(|who| who != "client");
            });
            request = request.insert_header(("Authorization", format!("bearer {token}")));
        }
        if !body.is_null() {
            request = request.set_payload(body.to_string());
        }
        let answer = client::call_service(&app, request.to_request()).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.expect("a body");
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str, who: &str) -> (u16, Value) {
        self.send("GET", path, who, &Value::Null).await
    }

    /// Makes a list of one item, and returns its id.
    pub(crate) async fn make(&self, who: &str, name: &str) -> String {
        let body = json!({"lists": [{"name": name, "items": {"a": file("1")}}]});
        let (status, answer) = self.send("PUT", "/lists", who, &body).await;
        assert_eq!(status, 201, "{answer}");
        answer["lists"].as_object().unwrap().keys().next().unwrap().clone()
    }
}

pub(crate) fn file(guid: &str) -> Value {
    json!({"type": "GA4GH_DRS", "dataset_guid": guid})
}
