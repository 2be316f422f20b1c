//! A sheepdog of the test's own: its database, an arborist and an index in memory.

use std::{sync::Arc, time::Duration};

use actix_web::{
    App,
    body::{BoxBody, EitherBody},
    dev::{Service as _, ServiceResponse},
    test::{self, TestRequest},
};
use dictionary::Dictionary;
use indexclient::{Caller, IndexClient as _};
use serde_json::{Value, json};
use sheepdog::{Config, Sheepdog};
use sqlx::PgPool;
use testing::{MemoryIndex, Rights, TestDatabase, TestTokens};
use tokens::Verifier;
use web::Service as _;

/// `admin` may do everything, `submitter` everything in the project P-Q, `reader` may read it, others
/// nothing.
pub(crate) fn rights(verifier: Arc<Verifier>) -> Arc<Rights> {
    let rights = Rights::of_verified_tokens(verifier).grant("admin", "*", "*", "/");
    let rights = rights.grant("submitter", "*", "*", "/programs/P/projects/Q");
    let rights = rights.grant("writer", "sheepdog", "*", "/programs/P/projects/Q");
    Arc::new(rights.grant("reader", "sheepdog", "read", "/programs/P/projects/Q"))
}

/// Tests do not wait for what a commons looks for now and then.
const SWEEP_EVERY: Duration = Duration::from_millis(200);

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
        sheepdog.make_project().await;
        sheepdog
    }

    /// The same, which looks all the time for what others have given up.
    pub(crate) async fn sweeping() -> Self {
        let first = Self::start().await;
        first.through(first.pool.clone())
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

    /// Starts one for a dictionary of the test's own.
    pub(crate) async fn of(dictionary: Dictionary) -> Self {
        let database = TestDatabase::empty().await;
        psqlgraph::migrate(&database.pool, &dictionary).await.unwrap();
        let sheepdog = Self::with(database, dictionary);
        sheepdog.make_project().await;
        sheepdog
    }

    async fn make_project(&self) {
        let program = json!({"type": "program", "name": "P", "dbgap_accession_number": "phsP"});
        self.put("", program).await;
        self.put("/P", json!({"code": "Q", "name": "Q", "dbgap_accession_number": "phsQ"})).await;
    }

    fn on(database: TestDatabase) -> Self {
        Self::with(database, dictionary())
    }

    fn with(database: TestDatabase, dictionary: Dictionary) -> Self {
        let dictionary = Arc::new(dictionary);
        let tokens = Arc::new(TestTokens::new());
        let index = Arc::new(MemoryIndex::default());
        let config = Config { body_limit: 1 << 20, ..Config::default() };
        let authz = rights(tokens.verifier());
        let pool = database.pool.clone();
        let service =
            Sheepdog::build(config, pool, dictionary, authz, index.clone(), tokens.verifier()).unwrap();
        Self { pool: database.pool, index, service, tokens }
    }

    /// Another sheepdog on the same database, with another configuration and an index of its own.
    pub(crate) fn with_config(&self, config: Config) -> Self {
        let index = Arc::new(MemoryIndex::default());
        let authz = rights(self.tokens.verifier());
        let (pool, dictionary) = (self.pool.clone(), Arc::new(dictionary()));
        let verifier = self.tokens.verifier();
        let service =
            Sheepdog::build(config, pool.clone(), dictionary, authz, index.clone(), verifier).unwrap();
        Self { pool, index, service, tokens: self.tokens.clone() }
    }

    /// Another sheepdog on other connections to the same database, with the same index. It looks all the time
    /// for what others have given up.
    pub(crate) fn through(&self, pool: PgPool) -> Self {
        let authz = rights(self.tokens.verifier());
        let config = Config { sweep_every: SWEEP_EVERY, ..Config::default() };
        let (index, verifier) = (self.index.clone(), self.tokens.verifier());
        let dictionary = Arc::new(dictionary());
        let service = Sheepdog::build(config, pool, dictionary, authz, index.clone(), verifier).unwrap();
        Self { pool: self.pool.clone(), index, service, tokens: self.tokens.clone() }
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
        let answer = self.begin(request, user).await;
        let status = answer.status().as_u16();
        let bytes = test::read_body(answer).await;
        Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    /// Sends as `user`, and takes nothing of the body of the answer yet.
    pub(crate) async fn begin(
        &self,
        request: TestRequest,
        user: Option<&str>,
    ) -> ServiceResponse<EitherBody<BoxBody>> {
        let service = self.service.clone();
        let app = test::init_service(App::new().configure(|cfg| service.configure(cfg))).await;
        let request = match user {
            None => request,
            Some(user) => {
                let token = self.tokens.token(user);
                request.insert_header(("Authorization", format!("Bearer {token}")))
            }
        };
        app.call(request.to_request()).await.unwrap().map_into_left_body()
    }

    /// Empties the index.
    pub(crate) async fn forget_records(&self) {
        for record in self.index.all() {
            self.index.delete(&Caller::Service, &record.revision()).await.unwrap();
        }
    }

    /// The number of rows that a query counts.
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
