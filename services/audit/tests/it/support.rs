//! A service of a test's own.

use std::sync::Arc;

use actix_web::{App, body::to_bytes, test as client};
use audit::{Audit, Config};
use serde_json::{Value, json};
use testing::{Rights, TestDatabase};
use web::Service;

pub(crate) struct World {
    pub(crate) audit: Arc<Audit>,
    pub(crate) database: TestDatabase,
}

pub(crate) fn rights() -> Rights {
    Rights::of_plain_tokens()
        .grant("reader", "audit", "read", "/services/audit")
        .grant("half", "audit", "read", "/services/audit/login")
        .refuse_token("forged")
        .unavailable_for("unlucky")
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let database = TestDatabase::new("audit", async |pool| Ok(audit::migrate(pool).await?)).await;
        Self::on(database, config)
    }

    pub(crate) fn on(database: TestDatabase, config: Config) -> Self {
        let audit = Audit::build(config, database.pool.clone(), Arc::new(rights()));
        Self { audit, database }
    }

    /// Status and JSON of the answer to `who`; nobody if it is empty.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        who: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let audit = self.audit.clone();
        let app = client::init_service(App::new().configure(|config| audit.configure(config))).await;
        let mut request = client::TestRequest::default().method(method.parse().unwrap()).uri(path);
        if !who.is_empty() {
            request = request.insert_header(("Authorization", format!("bearer {who}")));
        }
        if let Some(body) = body {
            request = request.set_payload(body.to_string());
        }
        let answer = client::call_service(&app, request.to_request()).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.expect("a body");
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub(crate) async fn write(&self, category: &str, body: &Value) {
        let answer = self.send("POST", &format!("/log/{category}"), "", Some(body)).await;
        assert_eq!(answer, (201, Value::Null), "{body}");
    }

    /// What the reader gets.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, "reader", None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }
}

/// A download of `guid` by `username` at `timestamp`, with other fields changed.
pub(crate) fn download(username: &str, guid: &str, timestamp: i64, more: &Value) -> Value {
    let mut body = json!({
        "request_url": format!("/data/download/{guid}"), "status_code": 200, "username": username, "sub": 10,
        "guid": guid, "resource_paths": ["/a", "/b"], "action": "download", "timestamp": timestamp,
    });
    let fields = body.as_object_mut().expect("an object");
    fields.extend(more.as_object().cloned().unwrap_or_default());
    body
}
