//! A service of a test's own, with two kinds.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use actix_web::{App, body::to_bytes, test as client, web::Bytes};
use archive::{Archive, Depot, Tiers};
use async_trait::async_trait;
use indexclient::Record;
use operations::{
    Config, Configuration, Count, Covers, Health, Held, Look, Looked, Operations, Outputs, Parts, Purpose,
    Reach, Setting, Storage, Store, StoreKind, Uncounted,
    manifest::{INGEST, Manifest, Manifests, Unusable, Wanted, WrongRow},
};
use serde_json::{Map, Value, json};
use storage::{Buckets, S3Store};
use testing::{MemoryIndex, Rights, TestDatabase};
use uuid::Uuid;
use web::{Failure, Service};
use workqueue::{Failed, Kind, Kinds, Policy, Queue, Readers, Settings, Work, Worker};

/// Says what it is told to, or fails.
struct Say {
    name: &'static str,
    readers: Readers,
}

#[async_trait]
impl Kind for Say {
    fn name(&self) -> &'static str {
        self.name
    }

    fn purpose(&self) -> &'static str {
        "Says something"
    }

    fn policy(&self) -> Policy {
        Policy { attempts: 1, readers: self.readers, ..Policy::default() }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        match params.get("say") {
            None | Some(Value::String(_)) => Ok(()),
            Some(_) => Err("say: it is a text".to_owned()),
        }
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let said = work.text("say").unwrap_or("nothing");
        work.log(said);
        tokio::time::sleep(Duration::from_millis(100)).await;
        if said == "no" { Err(Failed::ForGood("it says no".to_owned())) } else { Ok(json!({ "said": said })) }
    }
}

/// An archive whose runs nobody does: bytes are the matter of its own tests.
fn archive(
    records: Vec<Record>,
    database: &TestDatabase,
    authz: Arc<Rights>,
    folder: &std::path::Path,
) -> Arc<Archive> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
    let index = MemoryIndex::default();
    records.into_iter().for_each(|record| index.put(record));
    let url = format!("file://{}/tape", folder.display());
    let tiers = json!({"tiers": {"tape": {"url": url, "reserve_mib": 0, "capacity_gib": 1}}});
    let tiers = Tiers::from_document(tiers).unwrap();
    let stores = S3Store::new(Buckets::new([].into(), &[].into()).unwrap());
    let depot = Depot::new(Arc::new(stores), reqwest::Client::new(), &tiers);
    let (index, pool) = (Arc::new(index), database.pool.clone());
    Archive::build(archive::Parts { pool, index, authz, tiers, depot })
}

struct Healthy;

#[async_trait]
impl Health for Healthy {
    async fn look(&self) -> Vec<Looked> {
        let away = Err("its database is away".to_owned());
        [("fence", Ok(())), ("indexd", away)]
            .map(|(name, ready)| Looked { service: name.to_owned(), ready })
            .into()
    }
}

struct Signed;

#[async_trait]
impl Outputs for Signed {
    async fn output(&self, result: &Value) -> Result<String, Failure> {
        Ok(format!("https://store.example/{}?signed", result["said"].as_str().unwrap_or_default()))
    }
}

fn configuration() -> Configuration {
    let setting = |value: Option<&str>, from, place: Option<&str>, meaning: &str| Setting {
        value: value.map(str::to_owned),
        masked: false,
        from,
        place: place.map(str::to_owned),
        meaning: meaning.to_owned(),
    };
    let port = setting(Some("9000"), "environment", Some("COMMONS_PORT"), "Port of the gateway");
    let demo = setting(None, "default", None, "Also load a study");
    Configuration {
        command: Some("up".into()),
        covers: Covers::Commons,
        settings_file: None,
        options: [("port".to_owned(), port), ("demo".to_owned(), demo)].into(),
    }
}

/// A store that answers, and one that does not.
struct Two([Store; 2]);

impl Two {
    fn new() -> Self {
        let store = |url: &str, kind, purpose, tier: Option<&str>| Store {
            url: url.to_owned(),
            kind,
            purposes: [purpose].into(),
            endpoint: None,
            region: None,
            prefix: None,
            tier: tier.map(str::to_owned),
            storage_class: None,
            capacity: None,
        };
        let near = store("s3://near/", StoreKind::Embedded, Purpose::Uploads, None);
        Self([near, store("s3://far/cold/", StoreKind::S3, Purpose::Archive, Some("cold"))])
    }
}

#[async_trait]
impl Storage for Two {
    fn stores(&self) -> &[Store] {
        &self.0
    }

    async fn look(&self) -> Vec<Look> {
        let far = Reach::Unreached("it does not answer in time".to_owned());
        vec![Look { reach: Reach::Reached, free: Some(5) }, Look { reach: far, free: None }]
    }

    async fn count(&self) -> Result<Count, Uncounted> {
        Ok(Count {
            stores: vec![Held { records: 2, bytes: 30 }, Held::default()],
            others: vec![("gs://theirs/".to_owned(), Held { records: 1, bytes: 7 })],
            has_more: false,
            nowhere: Held { records: 4, bytes: 0 },
        })
    }
}

/// Takes a resource in each line for a row.
struct Lines;

#[async_trait]
impl Manifests for Lines {
    async fn examine(&self, manifest: &Manifest) -> Result<Wanted, Unusable> {
        let text = String::from_utf8_lossy(&manifest.bytes);
        let lines: Vec<&str> = text.lines().collect();
        if let Some(place) = lines.iter().position(|line| *line == "wrong") {
            let row = WrongRow { row: place + 1, column: Some("size".into()), reason: "it is wrong".into() };
            return Err(Unusable::Rows { rows: lines.len(), wrong: 1, shown: vec![row] });
        }
        let unguarded = lines.iter().position(|line| line.is_empty()).map(|place| place + 1);
        let guards = lines.iter().filter(|line| !line.is_empty()).map(|line| (*line).to_owned()).collect();
        Ok(Wanted { rows: lines.len(), guards, unguarded })
    }

    async fn keep(&self, manifest: &Manifest) -> Result<Value, Failure> {
        Ok(json!({ "bytes": manifest.bytes.len(), "format": manifest.form.as_str() }))
    }

    async fn fetch(&self, url: &str, _: usize) -> Result<Bytes, Unusable> {
        match url.strip_prefix("https://store.example/") {
            Some(text) => Ok(Bytes::from(text.split('?').next().unwrap().to_owned())),
            None => Err(Unusable::Invalid("URL: it is none of a bucket of uploads here".to_owned())),
        }
    }
}

pub(crate) struct World {
    pub(crate) operations: Arc<Operations>,
    pub(crate) queue: Queue,
    pub(crate) database: TestDatabase,
    _folder: tempfile::TempDir,
}

impl World {
    /// `op` may everything but write files, `admin` may that too, `reader` may read, `ada` and `bob` may have
    /// jobs, and `ada` may write files below `/own`; `eve` may nothing.
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::of(config, None).await
    }

    /// With an archive in a folder, and these records. `op` and `ada` may archive what is in the program P.
    pub(crate) async fn archiving(records: Vec<Record>) -> Self {
        Self::of(Config::default(), Some(records)).await
    }

    async fn of(config: Config, archived: Option<Vec<Record>>) -> Self {
        let database = TestDatabase::new("operations", async |pool| {
            workqueue::migrate(pool).await?;
            archive::migrate(pool).await?;
            Ok(operations::migrate(pool).await?)
        })
        .await;
        let rights = Rights::of_plain_tokens()
            .grant("op", "gen3-ops", "*", "/services/ops")
            .grant("op", "job", "access", "/sower")
            .grant("reader", "gen3-ops", "read", "/services/ops/say")
            .grant("ada", "job", "access", "/sower")
            .grant("ada", "indexd", "*", "/own")
            .grant("admin", "gen3-ops", "*", "/services/ops")
            .grant("admin", "indexd", "*", "/services/indexd/admin")
            .grant("op", "argo_workflow", "access", "/services/workflow/argo/admin")
            .grant("reader", "argo_workflow", "access", "/services/workflow/argo/admin")
            .grant("bob", "job", "access", "/sower")
            .grant("op", "gen3-archive", "*", "/programs/P")
            .grant("ada", "gen3-ops", "create", "/services/ops/archive")
            .grant("ada", "gen3-archive", "*", "/programs/P")
            .deactivated("gone")
            .unavailable_for("unheard");
        let rights = Arc::new(rights);
        let mut kinds: Vec<Arc<dyn Kind>> = vec![
            Arc::new(Say { name: "say", readers: Readers::Permitted }),
            Arc::new(Say { name: "export", readers: Readers::AskerToo }),
            Arc::new(Say { name: INGEST, readers: Readers::AskerToo }),
        ];
        let folder = tempfile::tempdir().unwrap();
        let archive = archived.map(|records| archive(records, &database, rights.clone(), folder.path()));
        kinds.extend(archive.iter().flat_map(archive::kinds));
        let queue = Queue::new(database.pool.clone(), Kinds::new(kinds));
        let parts = Parts {
            pool: database.pool.clone(),
            queue: queue.clone(),
            authz: rights,
            health: Arc::new(Healthy),
            outputs: Arc::new(Signed),
            manifests: Some(Arc::new(Lines)),
            archive,
            configuration: configuration(),
            storage: Arc::new(Two::new()),
        };
        let actions = [("export-files", "export"), ("index-object-manifest", INGEST)];
        let actions = actions.map(|(action, kind)| (action.to_owned(), kind.to_owned())).into();
        let operations = Operations::build(Config { actions, ..config }, parts);
        Self { operations, queue, database, _folder: folder }
    }

    pub(crate) fn work(&self) -> Worker {
        let settings = Settings {
            beat: Duration::from_millis(30),
            look: Duration::from_millis(30),
            ..Settings::default()
        };
        Worker::start(&self.queue, settings)
    }

    /// Status and body of the answer to `who`; nobody if it is empty.
    pub(crate) async fn text(&self, method: &str, path: &str, who: &str, body: &Value) -> (u16, String) {
        self.accepting("*/*", method, path, who, body).await
    }

    pub(crate) async fn accepting(
        &self,
        accepted: &str,
        method: &str,
        path: &str,
        who: &str,
        body: &Value,
    ) -> (u16, String) {
        let operations = self.operations.clone();
        let app = client::init_service(App::new().configure(|config| operations.configure(config))).await;
        let mut request = client::TestRequest::default()
            .method(method.parse().unwrap())
            .uri(path)
            .insert_header(("Accept", accepted));
        if !who.is_empty() {
            request = request.insert_header(("Authorization", format!("bearer {who}")));
        }
        match body {
            Value::Null => {}
            Value::String(text) => request = request.set_payload(text.clone()),
            body => request = request.set_payload(body.to_string()),
        }
        let answer = client::call_service(&app, request.to_request()).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.ok().unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    pub(crate) async fn send(&self, method: &str, path: &str, who: &str, body: &Value) -> (u16, Value) {
        let (status, text) = self.text(method, path, who, body).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn get(&self, path: &str, who: &str) -> (u16, Value) {
        self.send("GET", path, who, &Value::Null).await
    }

    /// Waits until a run has ended.
    pub(crate) async fn ended(&self, id: &str) {
        let id: Uuid = id.parse().unwrap();
        for _ in 0..1_000 {
            if self.queue.find(id).await.unwrap().unwrap().state.is_end() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the run does not end");
    }
}
