//! A service of a test's own.

use std::sync::{Arc, Mutex};

use actix_web::{App, body::to_bytes, test as client};
use async_trait::async_trait;
use authz::AuthzError;
use policystore::{Policy, PolicyStore, SimpleRole};
use requestor::{Config, Requestor};
use serde_json::{Value, json};
use testing::{Rights, TestDatabase, TestTokens};
use web::Service;

/// arborist's policies in memory.
#[derive(Default)]
pub(crate) struct MemoryPolicies {
    pub(crate) policies: Mutex<Vec<Policy>>,
    pub(crate) grants: Mutex<Vec<(String, String)>>,
    /// Grants and revocations are not made.
    pub(crate) broken: Mutex<bool>,
}

impl MemoryPolicies {
    fn change(&self, change: impl FnOnce(&mut Vec<(String, String)>)) -> Result<(), AuthzError> {
        if *self.broken.lock().unwrap() {
            return Err(AuthzError::Unavailable("down".into()));
        }
        change(&mut self.grants.lock().unwrap());
        Ok(())
    }

    pub(crate) fn held(&self) -> Vec<(String, String)> {
        self.grants.lock().unwrap().clone()
    }
}

#[async_trait]
impl PolicyStore for MemoryPolicies {
    async fn policies(&self) -> Result<Vec<Policy>, AuthzError> {
        Ok(self.policies.lock().unwrap().clone())
    }

    async fn roles(&self) -> Result<Vec<String>, AuthzError> {
        Ok(vec!["study_reader".into()])
    }

    async fn ensure_role(&self, _: &SimpleRole) -> Result<(), AuthzError> {
        Ok(())
    }

    async fn ensure_policy(&self, policy: &Policy, _: &str) -> Result<(), AuthzError> {
        let mut policies = self.policies.lock().unwrap();
        if policies.iter().all(|known| known.id != policy.id) {
            policies.push(policy.clone());
        }
        Ok(())
    }

    async fn holds(&self, username: &str, policy: &str) -> Result<bool, AuthzError> {
        Ok(self.held().contains(&(username.into(), policy.into())))
    }

    async fn grant(&self, username: &str, policy: &str, label: &str) -> Result<(), AuthzError> {
        assert_eq!(label, "requestor");
        self.change(|grants| grants.push((username.into(), policy.into())))
    }

    async fn revoke(&self, username: &str, policy: &str, _: &str) -> Result<(), AuthzError> {
        self.change(|grants| grants.retain(|held| *held != (username.into(), policy.into())))
    }
}

pub(crate) struct World {
    pub(crate) requestor: Arc<Requestor>,
    pub(crate) policies: Arc<MemoryPolicies>,
    pub(crate) database: TestDatabase,
    tokens: TestTokens,
}

fn policy(id: &str, path: &str) -> Policy {
    Policy {
        id: id.into(),
        resource_paths: vec![path.into()],
        role_ids: vec!["r".into()],
        permission_ids: vec!["reader".into(), "storage_reader".into()],
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(&Value::Null).await
    }

    pub(crate) async fn with(config: &Value) -> Self {
        let database = TestDatabase::new("requestor", async |pool| Ok(requestor::migrate(pool).await?)).await;
        Self::on(database, config)
    }

    /// `boss` may do everything below `/a`, `ann` request there, and `bob` everything below `/b`.
    pub(crate) fn on(database: TestDatabase, config: &Value) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let tokens = TestTokens::new();
        let rights = Rights::of_verified_tokens(tokens.verifier())
            .grant("boss", "requestor", "*", "/a")
            .grant("ann", "requestor", "create", "/a")
            .grant("bob", "*", "*", "/b")
            .deactivated("gone")
            .unavailable_for("unheard");
        let policies = Arc::new(MemoryPolicies::default());
        *policies.policies.lock().unwrap() =
            vec![policy("p1", "/a/1"), policy("p2", "/a/2"), policy("pb", "/b/1")];
        let requestor = Requestor::build(
            Config::from_document(config).unwrap(),
            database.pool.clone(),
            Arc::new(rights),
            policies.clone(),
            tokens.verifier(),
            reqwest::Client::builder().no_proxy().build().unwrap(),
        );
        Self { requestor, policies, database, tokens }
    }

    /// Status and JSON of the answer to `who`; nobody if it is empty.
    pub(crate) async fn send(&self, method: &str, path: &str, who: &str, body: &Value) -> (u16, Value) {
        let requestor = self.requestor.clone();
        let app = client::init_service(App::new().configure(|config| requestor.configure(config))).await;
        let mut request = client::TestRequest::default().method(method.parse().unwrap()).uri(path);
        if !who.is_empty() {
            request = request.insert_header(("Authorization", format!("bearer {}", self.tokens.token(who))));
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

    /// A new request of `who`, which must be made.
    pub(crate) async fn request(&self, who: &str, body: Value) -> Value {
        let (status, answer) = self.send("POST", "/request", who, &body).await;
        assert_eq!(status, 201, "{body}: {answer}");
        answer
    }

    pub(crate) async fn set_status(&self, who: &str, request: &Value, status: &str) -> (u16, Value) {
        let path = format!("/request/{}", request["request_id"].as_str().unwrap());
        self.send("PUT", &path, who, &json!({ "status": status })).await
    }
}
