//! One arborist a test: a database of its own, a server on a free port, and its in-process form.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use arborist::{Arborist, Config};
use authz::HttpAuthz;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use testing::{TestDatabase, TestTokens};

/// Limits that a test can reach.
const SMALL: Config = Config { requests_limit: 20, body_limit: 100_000 };

static PROVIDER: Once = Once::new();

/// A running arborist.
pub(crate) struct Commons {
    pub(crate) database: TestDatabase,
    pub(crate) tokens: TestTokens,
    pub(crate) arborist: Arc<Arborist>,
    pub(crate) url: String,
    client: Client,
}

impl Commons {
    pub(crate) async fn start() -> Self {
        Self::on(Self::database().await, SMALL)
    }

    /// With a pool of one connection, for which requests wait three seconds.
    pub(crate) async fn with_one_connection() -> Self {
        let mut database = Self::database().await;
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(3));
        database.pool = pool.connect_with(database.options.clone()).await.expect("the database answers");
        Self::on(database, SMALL)
    }

    /// With the limits that the service has.
    pub(crate) async fn with_limit_of_the_service() -> Self {
        Self::on(Self::database().await, Config::default())
    }

    async fn database() -> TestDatabase {
        let migrate = async |pool: &sqlx::PgPool| Ok(arborist::migrate(pool).await?);
        TestDatabase::new("arborist", migrate).await
    }

    fn on(database: TestDatabase, config: Config) -> Self {
        PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
        let tokens = TestTokens::new();
        let arborist = Arborist::build(config, database.pool.clone(), tokens.verifier());
        let listener = web::bind([127, 0, 0, 1].into(), 0).expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        // The server ends with the runtime of the test.
        drop(web::Server::start(listener, arborist.clone(), 1).expect("the listener is usable"));
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { database, tokens, arborist, url, client }
    }

    /// The HTTP form of the trait, against this arborist.
    pub(crate) fn over_http(&self) -> HttpAuthz {
        HttpAuthz::new(&self.url, self.client.clone())
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let method: Method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let header =
            |name| response.headers().get(name).map(|value| value.to_str().expect("ascii").to_owned());
        let (location, remote_user, retry_after) =
            (header("location"), header("remote_user"), header("retry-after"));
        let repeatable = header(authz::REPEATABLE_HEADER);
        let text = response.text().await.expect("a body");
        Answer { status, location, remote_user, retry_after, repeatable, text }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.send("GET", path, &[], None).await;
        (answer.status, answer.json())
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.call_as(method, path, None, body).await
    }

    /// With a provider label.
    pub(crate) async fn call_as(
        &self,
        method: &str,
        path: &str,
        provider: Option<&str>,
        body: Value,
    ) -> (u16, Value) {
        let headers: Vec<(&str, &str)> =
            provider.map(|label| ("X-AuthZ-Provider", label)).into_iter().collect();
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        let answer = self.send(method, path, &headers, body).await;
        (answer.status, answer.json())
    }

    /// Sends requests that must all succeed.
    pub(crate) async fn prepare(&self, requests: &[(&str, &str, Value)]) {
        for (method, path, body) in requests {
            let (status, answer) = self.call(method, path, body.clone()).await;
            assert!(status < 300, "{method} {path}: {status} {answer}");
        }
    }

    /// A small commons: two programs, a reader role, policies on one program.
    pub(crate) async fn prepare_programs(&self) {
        self.prepare(&[
            (
                "PUT",
                "/resource",
                json!({"name": "programs", "subresources": [
                {"name": "A", "subresources": [{"name": "x"}]}, {"name": "B"}]}),
            ),
            ("POST", "/role", role("reader", "indexd", "read")),
            ("POST", "/role", role("any", "*", "*")),
            ("POST", "/policy", policy("read-A", "/programs/A", "reader")),
            ("POST", "/policy", policy("all", "/programs", "any")),
            ("POST", "/user", json!({"name": "ada"})),
        ])
        .await;
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) remote_user: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) repeatable: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    /// The body as one JSON value; null when there is none.
    pub(crate) fn json(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

pub(crate) fn role(id: &str, service: &str, method: &str) -> Value {
    json!({"id": id, "permissions": [{"id": "p", "action": {"service": service, "method": method}}]})
}

pub(crate) fn policy(id: &str, path: &str, role: &str) -> Value {
    json!({"id": id, "resource_paths": [path], "role_ids": [role]})
}
