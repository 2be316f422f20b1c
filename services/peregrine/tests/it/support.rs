//! A commons with a small study.

use std::sync::Arc;

use actix_web::{App, body::to_bytes, http::StatusCode, test as client};
use dictionary::Dictionary;
use peregrine::{Config, Peregrine};
use psqlgraph::names;
use serde_json::{Value, json};
use sql::Sql;
use sqlx::PgPool;
use testing::{Rights, TestDatabase, TestTokens};
use web::Service as _;

/// The dictionary of the tests.
pub(crate) fn dictionary() -> Arc<Dictionary> {
    let files = serde_json::from_str(include_str!("../data/dictionary.json")).unwrap();
    Arc::new(Dictionary::from_files(files).unwrap())
}

/// There are two users with rights, one about whom arborist does not answer, and one whose tokens it refuses.
fn rights(tokens: &TestTokens) -> Rights {
    Rights::of_verified_tokens(tokens.verifier())
        .grant("admin", "peregrine", "read", "/")
        .grant("reader", "peregrine", "read", "/programs/P/projects/Q")
        .grant("client narrow", "peregrine", "read", "/programs/P/projects/R")
        .unavailable_for("unlucky")
        .deactivated("gone")
}

pub(crate) struct Commons {
    pub(crate) service: Arc<Peregrine>,
    pub(crate) database: TestDatabase,
    pub(crate) tokens: TestTokens,
}

/// An answer over HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: actix_web::http::header::HeaderMap,
    pub(crate) body: String,
    /// The transfer broke off.
    pub(crate) is_broken: bool,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

impl Commons {
    /// With the study of [`load`].
    pub(crate) async fn with_study() -> Self {
        Self::configured(Config::default()).await
    }

    pub(crate) async fn configured(config: Config) -> Self {
        let database = TestDatabase::new("peregrine-study", async |pool: &PgPool| {
            psqlgraph::migrate(pool, &dictionary()).await?;
            load(&Loader { pool: pool.clone() }).await;
            Ok(())
        })
        .await;
        Self::on(database, config)
    }

    /// Without any data.
    pub(crate) async fn empty() -> Self {
        let database = TestDatabase::new("peregrine-empty", async |pool: &PgPool| {
            psqlgraph::migrate(pool, &dictionary()).await?;
            Ok(())
        })
        .await;
        Self::on(database, Config::default())
    }

    /// On a database that the original left behind, after its migration.
    pub(crate) async fn adopted() -> Self {
        let database = TestDatabase::empty().await;
        let mut connection = database.pool.acquire().await.unwrap();
        for script in [testing::ORIGINAL_GRAPH, testing::ORIGINAL_SNAPSHOTS] {
            Sql::raw(script).run_script(&mut connection).await.unwrap();
        }
        drop(connection);
        let files = serde_json::from_str(testing::SMALL_DICTIONARY).unwrap();
        let small = Arc::new(Dictionary::from_files(files).unwrap());
        psqlgraph::migrate(&database.pool, &small).await.unwrap();
        let mut commons = Self::on(database, Config::default());
        commons.service = commons.service.with_dictionary(small);
        commons
    }

    fn on(database: TestDatabase, config: Config) -> Self {
        let tokens = TestTokens::new();
        let service = Peregrine::build(
            config,
            database.pool.clone(),
            dictionary(),
            Arc::new(rights(&tokens)),
            tokens.verifier(),
        );
        Self { service, database, tokens }
    }

    /// The same with another configuration.
    pub(crate) fn reconfigured(&self, config: Config) -> Arc<Peregrine> {
        let (pool, verifier) = (self.database.pool.clone(), self.tokens.verifier());
        Peregrine::build(config, pool, dictionary(), Arc::new(rights(&self.tokens)), verifier)
    }

    pub(crate) fn loader(&self) -> Loader {
        Loader { pool: self.database.pool.clone() }
    }

    pub(crate) async fn send(&self, request: client::TestRequest) -> Answer {
        self.send_to(&self.service, request).await
    }

    pub(crate) async fn send_to(&self, service: &Arc<Peregrine>, request: client::TestRequest) -> Answer {
        let service = service.clone();
        let app = client::init_service(App::new().configure(|cfg| service.configure(cfg))).await;
        let response = client::call_service(&app, request.to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body()).await;
        let is_broken = body.is_err();
        let body = String::from_utf8(body.unwrap_or_default().to_vec()).unwrap();
        Answer { status, headers, body, is_broken }
    }

    pub(crate) async fn get(&self, user: &str, path: &str) -> Answer {
        self.send(client::TestRequest::get().uri(path).insert_header(self.bearer(user))).await
    }

    pub(crate) fn bearer(&self, user: &str) -> (&'static str, String) {
        ("Authorization", format!("bearer {}", self.tokens.token(user)))
    }

    pub(crate) async fn post(&self, user: &str, body: &Value) -> Answer {
        self.post_to(&self.service, user, body).await
    }

    pub(crate) async fn post_to(&self, service: &Arc<Peregrine>, user: &str, body: &Value) -> Answer {
        let request =
            client::TestRequest::post().uri("/v0/submission/graphql").insert_header(self.bearer(user));
        self.send_to(service, request.set_payload(body.to_string())).await
    }

    /// The data of a query that succeeds.
    pub(crate) async fn data(&self, user: &str, query: &str) -> Value {
        let answer = self.post(user, &json!({ "query": query })).await;
        assert_eq!(answer.status, StatusCode::OK.as_u16(), "{query}: {}", answer.body);
        answer.json()["data"].take()
    }

    /// The errors of a query that fails.
    pub(crate) async fn errors(&self, query: &str) -> Value {
        let answer = self.post("admin", &json!({ "query": query })).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        answer.json()["errors"].take()
    }

    /// The submitter ids that the only field of a query lists, in order.
    pub(crate) async fn listed(&self, query: &str) -> Vec<String> {
        let data = self.data("admin", query).await;
        let list = data.as_object().unwrap().values().next().unwrap().as_array().unwrap().clone();
        list.iter().map(|node| node["submitter_id"].as_str().unwrap_or("-").to_owned()).collect()
    }

    /// The same, sorted.
    pub(crate) async fn found(&self, query: &str) -> Vec<String> {
        let mut listed = self.listed(query).await;
        listed.sort();
        listed
    }
}

/// Writes nodes and edges.
pub(crate) struct Loader {
    pub(crate) pool: PgPool,
}

impl Loader {
    /// A node whose id is `<label>-<name>`.
    pub(crate) async fn node(&self, label: &str, name: &str, props: Value) {
        let id = format!("{label}-{name}");
        let insert = Sql::raw("insert into ").then_ident(&names::node_table(label));
        let values =
            insert.text(" (node_id, acl, _sysan, _props) values (").bind(id.as_str()).text(", '{}', '{}', ");
        values.bind(props).text(")").query().execute(&self.pool).await.unwrap();
    }

    /// A node of a project, with what sheepdog adds.
    pub(crate) async fn entity(&self, project: &str, label: &str, name: &str, props: Value) {
        let mut all = json!({
            "submitter_id": name, "project_id": project, "state": "validated",
            "created_datetime": "2026-11-21T07:22:39.752252+00:00",
            "updated_datetime": "2026-11-21T07:22:39.752252+00:00",
        });
        all.as_object_mut().unwrap().extend(props.as_object().unwrap().clone());
        self.node(label, name, all).await;
    }

    pub(crate) async fn edge(&self, source: &str, edge: &str, target: &str) {
        let (source_label, target_label) =
            (source.rsplit_once('-').unwrap().0, target.rsplit_once('-').unwrap().0);
        let insert =
            Sql::raw("insert into ").then_ident(&names::edge_table(source_label, edge, target_label));
        let values = insert
            .text(" (src_id, dst_id, acl) values (")
            .bind(source)
            .text(", ")
            .bind(target)
            .text(", '{}')");
        values.query().execute(&self.pool).await.unwrap();
    }
}

/// Programs P (projects Q and R) and O (the open project S). Q has cases c1 to c12 with samples, R and S one
/// each.
async fn load(to: &Loader) {
    for program in ["P", "O"] {
        to.node("program", program, json!({"name": program, "dbgap_accession_number": program})).await;
    }
    for (program, code, availability) in
        [("P", "Q", "Restricted"), ("P", "R", "Restricted"), ("O", "S", "Open")]
    {
        let props = json!({
            "code": code, "name": code, "dbgap_accession_number": code, "availability_type": availability,
        });
        to.node("project", code, props).await;
        to.edge(&format!("project-{code}"), "member_of", &format!("program-{program}")).await;
        let project = format!("{program}-{code}");
        let (experiment, collection) = (format!("e{code}"), format!("m{code}"));
        to.entity(&project, "experiment", &experiment, json!({"description": "an experiment"})).await;
        to.edge(&format!("experiment-{experiment}"), "performed_for", &format!("project-{code}")).await;
        let props =
            json!({"title": "The title", "creator": "Someone", "publisher": "Us", "description": "d"});
        to.entity(&project, "core_metadata_collection", &collection, props).await;
        to.edge(&format!("core_metadata_collection-{collection}"), "data_from", &format!("project-{code}"))
            .await;
    }
    for number in 1..=12 {
        case(to, number).await;
    }
    for (project, name) in [("P-R", "r1"), ("O-S", "s1")] {
        let code = &project[2..];
        to.entity(project, "case", name, json!({"primary_site": "Hidden"})).await;
        to.edge(&format!("case-{name}"), "member_of", &format!("experiment-e{code}")).await;
        to.entity(project, "sample", &format!("{name}s"), json!({"composition": "Cell"})).await;
        to.edge(&format!("sample-{name}s"), "derived_from", &format!("case-{name}")).await;
    }
    to.entity("P-Q", "diagnosis", "d1", json!({"age": 30, "vital_status": "dead"})).await;
    to.edge("diagnosis-d1", "describes", "case-c01").await;
    files(to).await;
}

/// Case `c<number>`: sites A, B and none in turn; one to three samples with different values.
async fn case(to: &Loader, number: u32) {
    let name = format!("c{number:02}");
    let mut props =
        json!({"consent_codes": (0..number % 3).map(|n| format!("code {n}")).collect::<Vec<_>>()});
    match number % 3 {
        1 => props["primary_site"] = json!("A"),
        2 => props["primary_site"] = json!("B"),
        _ => props["primary_site"] = Value::Null,
    }
    to.entity("P-Q", "case", &name, props).await;
    to.edge(&format!("case-{name}"), "member_of", "experiment-eQ").await;
    for part in 0..number % 4 {
        let sample = format!("{name}{part}");
        let weight = if part == 2 { Value::Null } else { json!(f64::from(number) / 2.0) };
        let mut props =
            json!({"composition": "Cell", "weight": weight, "days": number, "is_ffpe": part == 0});
        if part == 1 {
            props = json!({"composition": "Plasma", "weight": number});
        }
        to.entity("P-Q", "sample", &sample, props).await;
        to.edge(&format!("sample-{sample}"), "derived_from", &format!("case-{name}")).await;
        if part == 0 && number < 4 {
            to.entity("P-Q", "aliquot", &format!("a{number}"), json!({"amount": number})).await;
            to.edge(&format!("aliquot-a{number}"), "derived_from", &format!("sample-{sample}")).await;
        }
    }
}

async fn files(to: &Loader) {
    let file = |name: &str, format: &str| {
        json!({
            "file_name": name, "file_size": 100, "md5sum": "m", "object_id": format!("object-{name}"),
            "data_format": format,
        })
    };
    to.entity("P-Q", "reads", "f1", file("f1", "BAM")).await;
    to.edge("reads-f1", "data_from", "aliquot-a1").await;
    to.edge("reads-f1", "data_from", "core_metadata_collection-mQ").await;
    to.entity("P-Q", "reads", "f2", file("f2", "FASTQ")).await;
    to.edge("reads-f2", "data_from", "aliquot-a2").await;
    to.entity("P-Q", "reads_index", "i1", file("i1", "BAI")).await;
    to.edge("reads_index-i1", "derived_from", "reads-f1").await;
}
