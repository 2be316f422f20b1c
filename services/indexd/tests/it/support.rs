//! A running indexd of a test's own.

use std::sync::Arc;

use async_trait::async_trait;
use authz::Authz;
use indexd::{BoxError, Buckets, Config, IndexConfig, Indexd};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use testing::{Rights, TestDatabase};
use web::Server;

pub(crate) const UUID: &str = "072c30d2-c70a-5145-aaa6-62ebceaa64f8";
pub(crate) const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// The n-th GUID.
pub(crate) fn guid(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// The n-th md5.
pub(crate) fn md5(n: usize) -> String {
    format!("{n:032x}")
}

struct KnownBuckets;

#[async_trait]
impl Buckets for KnownBuckets {
    async fn buckets(&self) -> Result<Value, BoxError> {
        Ok(json!({
            "S3_BUCKETS": { "b": { "region": "us-east-1" } }, "GS_BUCKETS": { "g": {} },
            "AZ_BLOB_ACCOUNTS": { "acct": {} },
        }))
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) allow: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The status and the JSON.
    pub(crate) fn both(&self) -> (u16, Value) {
        (self.status, self.json())
    }
}

/// The basic login that the database of a test knows.
pub(crate) const LOGIN: &str = "Basic b2JqOnNlY3JldA==";

/// indexd on a port, with the basic login [`LOGIN`] (`obj:secret`).
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) indexd: Arc<Indexd>,
    pub(crate) database: TestDatabase,
    pub(crate) rights: Arc<Rights>,
    pub(crate) client: reqwest::Client,
    server: Server,
}

/// The configuration of most tests.
pub(crate) fn config() -> Config {
    Config {
        index: IndexConfig { default_prefix: "dg.T/".into(), prepend_prefix: true, add_prefix_alias: false },
        layout: Some(crate::layouts::layout()),
        hostname: "data.example.org".into(),
        ..Config::default()
    }
}

pub(crate) async fn database() -> TestDatabase {
    TestDatabase::new("indexd", async |pool| {
        indexd::migrate(pool).await?;
        indexd::users::add(pool, "obj", "secret").await?;
        Ok(())
    })
    .await
}

impl Running {
    pub(crate) async fn new() -> Self {
        Self::with(config(), Rights::of_plain_tokens()).await
    }

    pub(crate) async fn with(config: Config, rights: Rights) -> Self {
        let database = database().await;
        let pool = database.pool.clone();
        Self::on(config, rights, database, pool).await
    }

    /// With another pool of connections to the database.
    pub(crate) async fn on(config: Config, rights: Rights, database: TestDatabase, pool: PgPool) -> Self {
        let rights = Arc::new(rights);
        let arborist: Arc<dyn Authz> = rights.clone();
        let indexd = Indexd::build_with_buckets(config, pool, Some(arborist), Arc::new(KnownBuckets));
        let listener = web::bind([127, 0, 0, 1].into(), 0).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let server = Server::start(listener, indexd.clone(), 1).expect("a server");
        Self { url, indexd, database, rights, client: client(), server }
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await.expect("stopped");
    }

    /// A request as the basic login.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send_as(LOGIN, method, path, body).await
    }

    pub(crate) async fn send_as(&self, who: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !who.is_empty() {
            request = request.header("Authorization", who);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let header =
            |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("ASCII").to_owned());
        let (status, allow, retry_after) = (answer.status().as_u16(), header("allow"), header("retry-after"));
        Answer { status, allow, retry_after, text: answer.text().await.expect("a body") }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send_as("", Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Creates a record and returns its revision.
    pub(crate) async fn create(&self, body: Value) -> String {
        let answer = self.post("/index", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["rev"].as_str().expect("a rev").to_owned()
    }
}

pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::new()
}

/// A record body with more fields.
pub(crate) fn record(n: usize, more: Value) -> Value {
    let mut body = json!({
        "did": guid(n),
        "form": "object",
        "size": 100 + n,
        "urls": [format!("s3://b/{n}")],
        "hashes": { "md5": md5(n) },
    });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

/// `value` without what changes from run to run.
pub(crate) fn settled(mut value: Value) -> Value {
    for key in ["rev", "baseid", "created_date", "updated_date", "created_time", "updated_time"] {
        if let Some(entry) = value.get_mut(key) {
            *entry = json!("<set>");
        }
    }
    value
}

/// The dids of a list.
pub(crate) fn dids(list: &Value) -> Vec<String> {
    let records = list["records"].as_array().expect("records");
    records.iter().map(|record| record["did"].as_str().expect("a did").to_owned()).collect()
}
