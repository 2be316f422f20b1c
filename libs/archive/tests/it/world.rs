//! Files in a store, their records, and an archive with three tiers.

use std::{
    net::TcpListener,
    path::PathBuf,
    sync::{Arc, Once},
    time::Duration,
};

use archive::{Archive, Depot, Parts, Tiers, kinds};
use futures_util::TryStreamExt as _;
use indexclient::Record;
use objectstore::{EmbeddedS3, Settings as Store};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use storage::{AwsCredentials, BucketConfig, Buckets, Location, ObjectStore, S3Store, StorageError};
use testing::{MemoryIndex, Rights, TestDatabase};
use uuid::Uuid;
use workqueue::{Kinds, Queue, Run, Settings, Worker};

use crate::probe::{Gate, Gated, Probe};

pub(crate) const PROJECT: &str = "/programs/P/projects/x";

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) index: Arc<MemoryIndex>,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) rights: Arc<Rights>,
    pub(crate) folder: tempfile::TempDir,
    _endpoint: EmbeddedS3,
}

/// A process: the archive and its worker.
pub(crate) struct Process {
    pub(crate) archive: Arc<Archive>,
    pub(crate) queue: Queue,
    pub(crate) probe: Arc<Probe>,
    pub(crate) worker: Worker,
}

fn http() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
    reqwest::Client::new()
}

fn store(address: std::net::SocketAddr) -> Arc<dyn ObjectStore> {
    let bucket = || BucketConfig {
        cred: "keys".to_owned(),
        region: Some("us-east-1".to_owned()),
        endpoint_url: Some(format!("http://{address}")),
        ..BucketConfig::default()
    };
    let buckets = ["data", "cold"].map(|name| (name.to_owned(), bucket())).into();
    let keys = [("keys".to_owned(), AwsCredentials::key("AK", "secret"))].into();
    Arc::new(S3Store::new(Buckets::new(buckets, &keys).unwrap()))
}

impl World {
    pub(crate) async fn new() -> Self {
        http();
        let folder = tempfile::tempdir().unwrap();
        let settings = Store {
            folder: folder.path().join("objects"),
            access_key: "AK".into(),
            secret_key: "secret".into(),
            buckets: vec!["data".into(), "cold".into()],
            reserve: Some(0),
        };
        let endpoint = EmbeddedS3::start(&settings, TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let database = TestDatabase::new("archive", async |pool| {
            workqueue::migrate(pool).await?;
            Ok(archive::migrate(pool).await?)
        });
        let rights = Rights::of_plain_tokens().grant("ada", "gen3-archive", "*", "/programs/P").grant(
            "rita",
            "gen3-archive",
            "restore",
            "/programs/P",
        );
        Self {
            database: database.await,
            index: Arc::default(),
            store: store(endpoint.address()),
            rights: Arc::new(rights),
            folder,
            _endpoint: endpoint,
        }
    }

    pub(crate) fn tape(&self) -> PathBuf {
        self.folder.path().join("tape")
    }

    pub(crate) fn tiers(&self) -> Value {
        let below = self.folder.path().display();
        json!({"tiers": {
            "cold": {"url": "s3://cold/archive", "grace_days": 0},
            "folder": {"url": format!("file://{below}/folder"), "grace_days": 0, "reserve_mib": 0},
            "tape": {"url": format!("file://{below}/tape"), "mode": "packed", "block_mib": 1, "grace_days": 0,
                "reserve_mib": 0},
            "full": {"url": "s3://cold/full", "capacity_gib": 0},
            "glacier": {"url": "s3://cold/glacier", "storage_class": "GLACIER", "grace_days": 0,
                "restore_poll_seconds": 1},
        }})
    }

    pub(crate) fn process(&self) -> Process {
        self.process_with(Gate::open())
    }

    pub(crate) fn process_with(&self, gate: Arc<Gate>) -> Process {
        let probe = Arc::new(Probe::new(self.store.clone(), gate.clone()));
        self.process_on(probe, gate)
    }

    pub(crate) fn process_on(&self, probe: Arc<Probe>, gate: Arc<Gate>) -> Process {
        let tiers = Tiers::from_document(self.tiers()).unwrap();
        let depot = Depot::new(probe.clone(), http(), &tiers);
        let index = Arc::new(Gated { index: self.index.clone(), gate });
        let pool = self.database.pool.clone();
        let authz = self.rights.clone();
        let archive = Archive::build(Parts { pool: pool.clone(), index, authz, tiers, depot });
        let queue = Queue::new(pool, Kinds::new(kinds(&archive)));
        let settings = Settings {
            slots: 2,
            beat: Duration::from_millis(20),
            look: Duration::from_millis(20),
            usual_limits: archive::LIMITS.map(|(name, most)| (name.to_owned(), most)).into(),
            ..Settings::default()
        };
        Process { archive, worker: Worker::start(&queue, settings), queue, probe }
    }

    /// A file of the project, with its record.
    pub(crate) async fn file(&self, number: u32, bytes: &[u8]) -> String {
        let guid = format!("{:08x}-0000-4000-8000-000000000000", number);
        let url = format!("s3://data/{guid}/file.bin");
        self.write(&url, bytes).await;
        let hashes = [("sha256".to_owned(), hex::encode(Sha256::digest(bytes)))];
        self.index.put(Record {
            did: guid.clone(),
            rev: "0".into(),
            form: Some("object".into()),
            size: Some(i64::try_from(bytes.len()).unwrap()),
            urls: vec![url],
            authz: vec![PROJECT.to_owned()],
            hashes: hashes.into(),
            ..Record::default()
        });
        guid
    }

    /// Some files, small ones, an empty one, and one that goes in parts.
    pub(crate) async fn files(&self) -> Vec<(String, Vec<u8>)> {
        let large: Vec<u8> = (0..17 << 18_u32).flat_map(u32::to_le_bytes).collect();
        let contents = [b"one".to_vec(), Vec::new(), vec![7; 513], large, b"five".to_vec()];
        let mut files = Vec::new();
        for (number, bytes) in (1..).zip(contents) {
            files.push((self.file(number, &bytes).await, bytes));
        }
        files
    }

    pub(crate) fn record(&self, guid: &str) -> Record {
        self.index.record(guid).unwrap()
    }

    pub(crate) async fn write(&self, url: &str, bytes: &[u8]) {
        let location = Location::from_url(url).unwrap().unwrap();
        if bytes.len() < 1 << 20 {
            return self.store.write(&location, bytes.to_vec().into()).await.unwrap();
        }
        let access = storage::Access::Put;
        let signed = self.store.presign(&location, access, Duration::from_secs(60), &[]).await.unwrap();
        assert!(http().put(signed).body(bytes.to_vec()).send().await.unwrap().status().is_success());
    }

    /// What is at a URL of the store; nothing if nothing is.
    pub(crate) async fn read(&self, url: &str) -> Option<Vec<u8>> {
        let location = Location::from_url(url).unwrap().unwrap();
        match self.store.read(&location, None).await {
            Ok(stream) => Some(stream.try_collect::<Vec<_>>().await.unwrap().concat()),
            Err(StorageError::NotFound) => None,
            Err(error) => panic!("{url}: {error}"),
        }
    }

    pub(crate) async fn sql(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.database.pool).await.unwrap();
    }
}

impl Process {
    pub(crate) async fn ask(&self, kind: &str, params: Value) -> Run {
        self.ask_as(kind, params, Some("ada")).await
    }

    pub(crate) async fn ask_as(&self, kind: &str, params: Value, who: Option<&str>) -> Run {
        self.queue.submit(kind, params.as_object().cloned().unwrap(), who).await.unwrap()
    }

    pub(crate) async fn ended(&self, id: Uuid) -> Run {
        for _ in 0..3_000 {
            let run = self.queue.find(id).await.unwrap().unwrap();
            if run.state.is_end() {
                return run;
            }
            // What failed by the fault of a store waits for long.
            assert!(run.error.is_none(), "{run:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the run does not end");
    }

    /// Asks for a run, and waits for its end.
    pub(crate) async fn run(&self, kind: &str, params: Value) -> Run {
        let run = self.ask(kind, params).await;
        self.ended(run.id).await
    }

    /// Which states the files of a run have, in order.
    pub(crate) async fn states(&self, run: &Run) -> Vec<String> {
        let rows = self.archive.report(run.id, 0, 1_000).await.unwrap();
        rows.into_iter().map(|row| row.state).collect()
    }
}

/// The states of files that all are `count` times the same.
pub(crate) fn all(state: &str, count: usize) -> Vec<String> {
    vec![state.to_owned(); count]
}
