//! A service of a test's own.

use std::sync::{Arc, Mutex};

use actix_web::{App, body::to_bytes, test as client};
use async_trait::async_trait;
use dataaccess::{AccessError, Caller, DataAccess, NewUpload};
use indexclient::{IndexClient as _, Record};
use metadata::{Config, Logins, Metadata, Neighbours};
use serde_json::Value;
use testing::{MemoryIndex, Rights, TestDatabase, TestTokens};
use web::Service as _;

/// The basic login of administrators, as a header.
pub(crate) const LOGIN: &str = "Basic b2JqOnNlY3JldA==";

/// fence over an index in memory: who has a header may do everything.
pub(crate) struct Files {
    index: Arc<MemoryIndex>,
    /// The answer to everything, if it is not a success.
    pub(crate) broken: Mutex<Option<AccessError>>,
}

impl Files {
    fn allow(&self, caller: &Caller) -> Result<(), AccessError> {
        match self.broken.lock().unwrap().clone() {
            Some(error) => Err(error),
            None if caller.0.is_none() => Err(AccessError::Refused { status: 401 }),
            None => Ok(()),
        }
    }

    async fn known(&self, guid: &str) -> Result<Record, AccessError> {
        self.index.get(guid).await.unwrap().ok_or(AccessError::Refused { status: 404 })
    }
}

#[async_trait]
impl DataAccess for Files {
    async fn begin_upload(
        &self,
        caller: &Caller,
        file_name: &str,
        authz: &[String],
    ) -> Result<NewUpload, AccessError> {
        self.allow(caller)?;
        let caller = indexclient::Caller::Bearer("x".into());
        let made = self.index.create_blank(&caller, None, file_name, Some(authz)).await.unwrap();
        Ok(NewUpload { url: format!("https://store/{}", made.did), guid: made.did })
    }

    async fn upload_url(&self, caller: &Caller, guid: &str) -> Result<String, AccessError> {
        self.allow(caller)?;
        Ok(format!("https://store/{guid}"))
    }

    async fn download_url(&self, caller: &Caller, guid: &str) -> Result<String, AccessError> {
        let record = self.known(guid).await?;
        self.allow(caller)?;
        Ok(format!("https://store/{}", record.did))
    }

    async fn delete(&self, caller: &Caller, guid: &str) -> Result<(), AccessError> {
        let record = self.known(guid).await?;
        self.allow(caller)?;
        self.index.delete(&indexclient::Caller::Service, &record.revision()).await.unwrap();
        Ok(())
    }
}

pub(crate) struct World {
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) database: TestDatabase,
    pub(crate) index: Arc<MemoryIndex>,
    pub(crate) files: Arc<Files>,
    tokens: TestTokens,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let database = TestDatabase::new("metadata", async |pool| Ok(metadata::migrate(pool).await?)).await;
        Self::on(database, config)
    }

    /// `boss` administers, `reader` may read where reading needs a right.
    pub(crate) fn on(database: TestDatabase, config: Config) -> Self {
        let tokens = TestTokens::new();
        let rights = Rights::of_verified_tokens(tokens.verifier())
            .grant("boss", "mds_gateway", "access", "/mds_gateway")
            .grant("other", "indexd", "access", "/mds_gateway")
            .grant("reader", "mds_gateway", "access", "/mds_metadata_queries");
        let index = Arc::new(MemoryIndex::default());
        let files = Arc::new(Files { index: index.clone(), broken: Mutex::default() });
        let logins = Logins::new(["obj:secret".to_owned(), "second:pass2".to_owned()]).unwrap();
        let neighbours = Neighbours {
            authz: Arc::new(rights),
            index: index.clone(),
            files: files.clone(),
            verifier: tokens.verifier(),
        };
        let metadata = Metadata::build(Config { logins, ..config }, database.pool.clone(), neighbours);
        Self { metadata, database, index, files, tokens }
    }

    /// The `Authorization` header of a user; none for nobody.
    pub(crate) fn header(&self, who: &str) -> Option<String> {
        (!who.is_empty()).then(|| format!("bearer {}", self.tokens.token(who)))
    }

    /// Status and body of the answer to a request with a text as its body.
    pub(crate) async fn raw(
        &self,
        (method, path): (&str, &str),
        authorization: Option<String>,
        content_type: &str,
        body: impl Into<actix_web::web::Bytes>,
    ) -> (u16, String) {
        let metadata = self.metadata.clone();
        let app = client::init_service(App::new().configure(|config| metadata.configure(config))).await;
        let mut request = client::TestRequest::default().method(method.parse().unwrap()).uri(path);
        if let Some(header) = authorization {
            request = request.insert_header(("Authorization", header));
        }
        if !content_type.is_empty() {
            request = request.insert_header(("Content-Type", content_type));
        }
        let answer = client::call_service(&app, request.set_payload(body).to_request()).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Status and JSON of the answer to `who`; nobody if it is empty.
    pub(crate) async fn send(&self, method: &str, path: &str, who: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, body) = self.raw((method, path), self.header(who), "application/json", body).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, "", &Value::Null).await
    }

    /// As the administrator.
    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send("POST", path, "boss", &body).await
    }

    /// As the administrator.
    pub(crate) async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.send("PUT", path, "boss", &body).await
    }

    /// As the administrator.
    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        self.send("DELETE", path, "boss", &Value::Null).await
    }

    /// A document that must be new.
    pub(crate) async fn document(&self, guid: &str, data: Value) {
        let (status, answer) = self.post(&format!("/metadata/{guid}"), data.clone()).await;
        assert_eq!((status, answer), (201, data), "{guid}");
    }
}
