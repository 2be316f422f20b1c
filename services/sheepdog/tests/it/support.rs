//! A sheepdog of the test's own: its database, a permissive arborist, an index in memory.

use std::sync::{Arc, Mutex, atomic::AtomicBool};

use actix_web::{
    App,
    body::{BoxBody, EitherBody},
    dev::{Service as _, ServiceResponse},
    test::{self, TestRequest},
};
use async_trait::async_trait;
use authz::{Authz, AuthzError, Mapping, Request, ResourceSpec, Subject};
use dictionary::Dictionary;
use indexclient::{Caller, IndexClient, IndexError, NewRecord, Record, RecordPatch, Revision};
use serde_json::{Value, json};
use sheepdog::{Config, Sheepdog};
use sqlx::PgPool;
use testing::{TestDatabase, TestTokens};
use web::Service as _;

/// Permits everything to the user `admin` and nothing to others.
struct AdminOnly(Arc<tokens::Verifier>);

#[async_trait]
impl Authz for AdminOnly {
    async fn decide(&self, subject: &Subject, _: &[Request]) -> Result<bool, AuthzError> {
        let Subject::Token(token) = subject else { return Ok(false) };
        let claims = self.0.verify(token, tokens::Expect::default()).await;
        let claims = claims.map_err(|error| AuthzError::Unauthenticated(error.to_string()))?;
        Ok(claims.username() == Some("admin"))
    }

    async fn mapping(&self, _: &Subject) -> Result<Mapping, AuthzError> {
        Ok(Mapping::new())
    }

    async fn ensure_resource(&self, _: &str, _: &ResourceSpec) -> Result<(), AuthzError> {
        Ok(())
    }
}

/// An index that keeps records in memory.
#[derive(Default)]
pub(crate) struct MemoryIndex {
    pub(crate) records: Mutex<Vec<Record>>,
    /// Refuse to change records.
    pub(crate) refuse_updates: AtomicBool,
}

#[async_trait]
impl IndexClient for MemoryIndex {
    async fn get(&self, guid: &str) -> Result<Option<Record>, IndexError> {
        Ok(self.get_many(&[guid.to_owned()]).await?.pop())
    }

    async fn get_many(&self, dids: &[String]) -> Result<Vec<Record>, IndexError> {
        let records = self.records.lock().unwrap();
        Ok(records.iter().filter(|record| dids.contains(&record.did)).cloned().collect())
    }

    async fn find_by_md5_and_size(&self, files: &[(String, i64)]) -> Result<Vec<Option<Record>>, IndexError> {
        let records = self.records.lock().unwrap();
        let find = |(md5, size): &(String, i64)| {
            let fits = |record: &&Record| record.hashes.get("md5") == Some(md5) && record.size == Some(*size);
            records.iter().find(fits).cloned()
        };
        Ok(files.iter().map(find).collect())
    }

    async fn create(&self, _: &Caller, new: &[NewRecord]) -> Result<Vec<Revision>, IndexError> {
        let mut records = self.records.lock().unwrap();
        let mut made = Vec::new();
        for record in new {
            let did = record.did.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
            let record = Record {
                rev: format!("{}", records.len()),
                baseid: did.clone(),
                size: Some(record.size),
                urls: record.urls.clone(),
                acl: record.acl.clone(),
                authz: record.authz.clone(),
                hashes: record.hashes.clone(),
                did,
                ..Record::default()
            };
            made.push(record.revision());
            records.push(record);
        }
        Ok(made)
    }

    async fn create_blank(
        &self,
        _: &Caller,
        _: Option<&str>,
        _: &str,
        _: Option<&[String]>,
    ) -> Result<Revision, IndexError> {
        Err(IndexError::BadRequest("not in this test".into()))
    }

    async fn fill_blank(
        &self,
        _: &Caller,
        _: &Revision,
        _: i64,
        _: &[(String, String)],
        _: &[String],
    ) -> Result<Revision, IndexError> {
        Err(IndexError::BadRequest("not in this test".into()))
    }

    async fn update(
        &self,
        _: &Caller,
        revision: &Revision,
        patch: &RecordPatch,
    ) -> Result<Revision, IndexError> {
        if self.refuse_updates.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(IndexError::Conflict("refused by the test".into()));
        }
        let mut records = self.records.lock().unwrap();
        let record = records.iter_mut().find(|record| record.did == revision.did);
        let record = record.ok_or_else(|| IndexError::NotFound("no record".into()))?;
        record.urls = patch.urls.clone().unwrap_or(record.urls.clone());
        record.acl = patch.acl.clone().unwrap_or(record.acl.clone());
        record.authz = patch.authz.clone().unwrap_or(record.authz.clone());
        record.uploader = patch.uploader.clone().unwrap_or(record.uploader.clone());
        record.rev.push('x');
        Ok(record.revision())
    }

    async fn add_aliases(&self, _: &Caller, _: &[(String, String)]) -> Result<(), IndexError> {
        Ok(())
    }

    async fn delete(&self, _: &Caller, revision: &Revision) -> Result<(), IndexError> {
        self.records.lock().unwrap().retain(|record| record.did != revision.did);
        Ok(())
    }
}

/// A running sheepdog with the project `P-Q` in it.
pub(crate) struct TestSheepdog {
    pub(crate) pool: PgPool,
    pub(crate) index: Arc<MemoryIndex>,
    service: Arc<Sheepdog>,
    tokens: Arc<TestTokens>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// The id of the first entity.
    pub(crate) fn id(&self) -> String {
        self.body["entities"][0]["id"].as_str().unwrap_or_default().to_owned()
    }

    /// `type` and `keys` of all errors of all entities.
    pub(crate) fn errors(&self) -> Vec<(String, Value)> {
        let entities = self.body["entities"].as_array().cloned().unwrap_or_default();
        let errors =
            entities.iter().flat_map(|entity| entity["errors"].as_array().cloned().unwrap_or_default());
        errors
            .map(|error| (error["type"].as_str().unwrap_or_default().to_owned(), error["keys"].clone()))
            .collect()
    }
}

/// The dictionary of these tests.
pub(crate) fn dictionary() -> Dictionary {
    let files = serde_json::from_str(testing::SMALL_DICTIONARY).unwrap();
    Dictionary::from_files(files).unwrap()
}

impl TestSheepdog {
    /// Starts one whose submissions may have 1 MiB.
    pub(crate) async fn start() -> Self {
        let database = TestDatabase::new("graph", async |pool| {
            psqlgraph::migrate(pool, &self::dictionary()).await?;
            Ok(())
        })
        .await;
        let sheepdog = Self::on(database);
        let program = json!({"type": "program", "name": "P", "dbgap_accession_number": "phsP"});
        sheepdog.put("", program).await;
        sheepdog.put("/P", json!({"code": "Q", "name": "Q", "dbgap_accession_number": "phsQ"})).await;
        sheepdog
    }

    /// Starts one on a database that the original left behind, after its migration.
    pub(crate) async fn adopted() -> Self {
        let database = TestDatabase::empty().await;
        let mut connection = database.pool.acquire().await.unwrap();
        for script in [testing::ORIGINAL_GRAPH, testing::ORIGINAL_SNAPSHOTS] {
            sqlx::raw_sql(script).execute(&mut *connection).await.unwrap();
        }
        drop(connection);
        psqlgraph::migrate(&database.pool, &dictionary()).await.unwrap();
        Self::on(database)
    }

    fn on(database: TestDatabase) -> Self {
        let dictionary = Arc::new(dictionary());
        let tokens = Arc::new(TestTokens::new());
        let index = Arc::new(MemoryIndex::default());
        let config = Config { body_limit: 1 << 20, ..Config::default() };
        let authz = Arc::new(AdminOnly(tokens.verifier()));
        let pool = database.pool.clone();
        let service =
            Sheepdog::build(config, pool, dictionary, authz, index.clone(), tokens.verifier()).unwrap();
        Self { pool: database.pool, index, service, tokens }
    }

    /// Another sheepdog on the same database, with another configuration and an index of its own.
    pub(crate) fn with_config(&self, config: Config) -> Self {
        let index = Arc::new(MemoryIndex::default());
        let authz = Arc::new(AdminOnly(self.tokens.verifier()));
        let (pool, dictionary) = (self.pool.clone(), Arc::new(dictionary()));
        let verifier = self.tokens.verifier();
        let service =
            Sheepdog::build(config, pool.clone(), dictionary, authz, index.clone(), verifier).unwrap();
        Self { pool, index, service, tokens: self.tokens.clone() }
    }

    /// With a study `S` and a case `C` in it; the id of the case.
    pub(crate) async fn with_case() -> (Self, String) {
        let sheepdog = Self::start().await;
        let answer = sheepdog.put("/P/Q", json!([study("S"), case("C", "S")])).await;
        let id = answer.body["entities"][1]["id"].as_str().unwrap().to_owned();
        (sheepdog, id)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(TestRequest::get().uri(&uri(path)), Some("admin")).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(TestRequest::put().uri(&uri(path)).set_json(body), Some("admin")).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(TestRequest::post().uri(&uri(path)).set_json(body), Some("admin")).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(TestRequest::delete().uri(&uri(path)), Some("admin")).await
    }

    pub(crate) async fn put_text(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = TestRequest::put().uri(&uri(path)).insert_header(("Content-Type", content_type));
        self.send(request.set_payload(body.into()), Some("admin")).await
    }

    pub(crate) async fn post_text(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = TestRequest::post().uri(&uri(path)).insert_header(("Content-Type", content_type));
        self.send(request.set_payload(body.into()), Some("admin")).await
    }

    /// Sends as `user`, or without a token.
    pub(crate) async fn send(&self, request: TestRequest, user: Option<&str>) -> Answer {
        let service = self.service.clone();
        let app = test::init_service(App::new().configure(|cfg| service.configure(cfg))).await;
        let request = match user {
            None => request,
            Some(user) => {
                let token = self.tokens.token(user);
                request.insert_header(("Authorization", format!("Bearer {token}")))
            }
        };
        let answer: ServiceResponse<EitherBody<BoxBody>> =
            app.call(request.to_request()).await.unwrap().map_into_left_body();
        let status = answer.status().as_u16();
        let bytes = test::read_body(answer).await;
        Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    /// How many rows a query counts.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap()
    }

    /// The stored properties of a node.
    pub(crate) async fn props(&self, query: &'static str) -> Value {
        sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap()
    }
}

pub(crate) fn uri(path: &str) -> String {
    format!("/v0/submission{path}")
}

pub(crate) fn study(submitter_id: &str) -> Value {
    json!({"type": "study", "submitter_id": submitter_id, "projects": {"code": "Q"}})
}

pub(crate) fn case(submitter_id: &str, study: &str) -> Value {
    json!({"type": "case", "submitter_id": submitter_id, "studies": {"submitter_id": study}})
}

pub(crate) fn sample(submitter_id: &str, case: &str) -> Value {
    json!({"type": "sample", "submitter_id": submitter_id, "cases": {"submitter_id": case}})
}
