//! The graph and the file index are two databases: what becomes of a submission that ends between the two.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use indexclient::{Caller, IndexClient as _, NewRecord, Record};
use indexmap::IndexMap;
use psqlgraph::{
    outbox::{self, Change, Intent},
    running::{self, Worker},
    transactions::{NewLog, Role, TransactionId},
};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
};

use crate::support::{TestSheepdog, study};

const DID: &str = "11111111-1111-4111-8111-111111111111";
const BASEID: &str = "22222222-2222-4222-8222-222222222222";
const LOG: NewLog<'static> =
    NewLog { submitter: Some("ada"), role: Role::Create, program: "P", project: "Q", is_dry_run: false };

fn reading(submitter_id: &str) -> Value {
    json!({"type": "reading", "submitter_id": submitter_id, "file_name": "f", "file_size": 10,
           "md5sum": format!("{:032x}", 1), "studies": {"submitter_id": "S"}})
}

fn record() -> NewRecord {
    NewRecord {
        did: Some(DID.to_owned()),
        baseid: Some(BASEID.to_owned()),
        form: "object".to_owned(),
        size: 10,
        hashes: IndexMap::from([("md5".to_owned(), format!("{:032x}", 1))]),
        authz: vec!["/programs/P/projects/Q".to_owned()],
        ..NewRecord::default()
    }
}

async fn soon(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not within 10 s: {what}");
}

async fn state(sheepdog: &TestSheepdog, id: TransactionId) -> String {
    let state = sqlx::query_scalar("select state from transaction_logs where id = $1").bind(id);
    state.fetch_one(&sheepdog.pool).await.unwrap()
}

async fn notes(sheepdog: &TestSheepdog) -> i64 {
    sheepdog.count("select count(*) from transactions_outbox").await
}

/// A process that has opened a transaction and noted `change` of the record.
async fn other(sheepdog: &TestSheepdog, change: Change) -> (Worker, TransactionId) {
    let worker = Worker::start(&sheepdog.pool.connect_options()).await.unwrap();
    let mut connection = sheepdog.pool.acquire().await.unwrap();
    let id = running::open(&mut connection, worker.number(), &LOG).await.unwrap();
    let intents = [Intent { did: DID.to_owned(), change }];
    outbox::note(&mut connection, id, worker.number(), &intents).await.unwrap();
    (worker, id)
}

fn creation() -> Change {
    Change::Create { baseid: BASEID.to_owned() }
}

#[actix_web::test]
async fn what_a_killed_process_wrote_to_the_index_is_taken_back() {
    let sheepdog = TestSheepdog::sweeping().await;
    let (worker, id) = other(&sheepdog, creation()).await;
    sheepdog.index.create(&Caller::Service, &[record()]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!((sheepdog.index.all().len(), notes(&sheepdog).await), (1, 1), "its process lives");
    drop(worker);
    soon("the record is gone", async || sheepdog.index.all().is_empty()).await;
    soon("nothing is noted", async || notes(&sheepdog).await == 0).await;
    assert_eq!(state(&sheepdog, id).await, "ERRORED");
}

#[actix_web::test]
async fn a_record_of_another_one_under_the_same_guid_is_not_taken_back() {
    let sheepdog = TestSheepdog::sweeping().await;
    let (worker, _) = other(&sheepdog, creation()).await;
    let theirs = NewRecord { baseid: None, ..record() };
    sheepdog.index.create(&Caller::Service, &[theirs]).await.unwrap();
    drop(worker);
    soon("nothing is noted", async || notes(&sheepdog).await == 0).await;
    assert_eq!(sheepdog.index.all().len(), 1);
}

#[actix_web::test]
async fn a_record_that_another_submission_has_found_is_not_taken_back() {
    let sheepdog = TestSheepdog::sweeping().await;
    let (worker, _) = other(&sheepdog, creation()).await;
    sheepdog.index.create(&Caller::Service, &[record()]).await.unwrap();
    let answer = sheepdog.put("/P/Q", json!([study("S"), reading("R")])).await;
    assert_eq!(answer.status, 200);
    drop(worker);
    soon("nothing is noted", async || notes(&sheepdog).await == 0).await;
    assert_eq!(sheepdog.index.all().len(), 1);
    let object_id = sheepdog.props("select _props -> 'object_id' from node_reading").await;
    assert_eq!(object_id, json!(DID));
}

#[actix_web::test]
async fn a_claim_of_a_killed_process_is_taken_back_unless_it_was_not_made() {
    let sheepdog = TestSheepdog::sweeping().await;
    let patch = json!({"authz": ["/programs/P/projects/Q"], "uploader": null});
    let undo = json!({"authz": [], "uploader": "ada"});
    for (claimed, uploader) in [(true, None), (false, Some("ada"))] {
        let (worker, _) = other(&sheepdog, Change::Patch { patch: patch.clone(), undo: undo.clone() }).await;
        let authz = if claimed { vec!["/programs/P/projects/Q".to_owned()] } else { Vec::new() };
        let uploader = uploader.map(str::to_owned);
        sheepdog.index.put(Record { did: DID.to_owned(), authz, uploader, ..Record::default() });
        drop(worker);
        soon("nothing is noted", async || notes(&sheepdog).await == 0).await;
        let record = sheepdog.index.record(DID).unwrap();
        assert_eq!((record.authz, record.uploader.as_deref()), (Vec::new(), Some("ada")));
    }
}

#[actix_web::test]
async fn transactions_that_this_process_has_given_up_are_ended_while_it_lives() {
    let sheepdog = TestSheepdog::sweeping().await;
    // Its number stands with what it works on: here with a submission that has to wait for its project.
    let mut other = sheepdog.pool.begin().await.unwrap();
    sqlx::query("select from node_project for update").execute(&mut *other).await.unwrap();
    let number = async {
        let noted = "select count(*) from transactions_running";
        soon("it works", async || sheepdog.count(noted).await == 1).await;
        let number = sqlx::query_scalar("select worker from transactions_running");
        let number: i32 = number.fetch_one(&sheepdog.pool).await.unwrap();
        other.rollback().await.unwrap();
        number
    };
    let (_, number) = tokio::join!(sheepdog.put("/P/Q", study("S")), number);
    let mut connection = sheepdog.pool.acquire().await.unwrap();
    let id = running::open(&mut connection, number, &LOG).await.unwrap();
    outbox::note(&mut connection, id, number, &[Intent { did: DID.to_owned(), change: creation() }])
        .await
        .unwrap();
    drop(connection);
    sheepdog.index.create(&Caller::Service, &[record()]).await.unwrap();
    soon("the transaction has ended", async || state(&sheepdog, id).await == "ERRORED").await;
    soon("the record is gone", async || sheepdog.index.all().is_empty()).await;
}

#[actix_web::test]
async fn an_update_of_a_file_whose_record_is_lost_makes_it_again() {
    let sheepdog = TestSheepdog::sweeping().await;
    assert_eq!(sheepdog.put("/P/Q", json!([study("S"), reading("R")])).await.status, 200);
    let before = sheepdog.index.all();
    sheepdog.forget_records().await;
    let answer = sheepdog.put("/P/Q", reading("R")).await;
    assert_eq!((answer.status, answer.body["entities"][0]["action"].as_str()), (200, Some("update")));
    let after = sheepdog.index.all();
    assert_eq!(after.len(), 1);
    assert_eq!((&after[0].did, &after[0].authz), (&before[0].did, &before[0].authz));
    assert_eq!((after[0].size, &after[0].hashes), (Some(10), &before[0].hashes));
}

#[actix_web::test]
async fn when_the_answer_to_a_commit_is_lost_the_log_tells_how_it_ended() {
    let sheepdog = TestSheepdog::sweeping().await;
    assert_eq!(sheepdog.put("/P/Q", study("S")).await.status, 200);
    for (cut, status, files) in [(Cut::Afterwards, 200, 1), (Cut::Before, 503, 0)] {
        let proxy = Proxy::start(&sheepdog.pool).await;
        let through = sheepdog.through(proxy.pool(&sheepdog.pool).await);
        proxy.cut.store(cut as u8, Ordering::SeqCst);
        let answer = through.put("/P/Q", reading("R")).await;
        assert_eq!(answer.status, status, "{:?}", answer.body);
        assert_eq!(proxy.cut.load(Ordering::SeqCst), Cut::Never as u8, "a commit was cut");
        soon("nothing is noted", async || notes(&sheepdog).await == 0).await;
        assert_eq!(sheepdog.index.all().len(), files);
        assert_eq!(sheepdog.count("select count(*) from node_reading").await, files as i64);
        let last = "select to_jsonb(state) from transaction_logs order by id desc limit 1";
        assert_eq!(sheepdog.props(last).await, json!(if files == 1 { "SUCCEEDED" } else { "ERRORED" }));
        let id = sheepdog.props("select coalesce(jsonb_agg(node_id), '[]') from node_reading").await;
        if let Some(id) = id[0].as_str() {
            assert_eq!(sheepdog.delete(&format!("/P/Q/entities/{id}")).await.status, 200);
            sheepdog.forget_records().await;
        }
    }
}

#[actix_web::test]
async fn a_deletion_whose_answer_from_the_database_is_lost_is_a_success_all_the_same() {
    let sheepdog = TestSheepdog::sweeping().await;
    let id = sheepdog.put("/P/Q", study("S")).await.id();
    let proxy = Proxy::start(&sheepdog.pool).await;
    let through = sheepdog.through(proxy.pool(&sheepdog.pool).await);
    proxy.cut.store(Cut::Afterwards as u8, Ordering::SeqCst);
    assert_eq!(through.delete(&format!("/P/Q/entities/{id}")).await.status, 200);
    assert_eq!(proxy.cut.load(Ordering::SeqCst), Cut::Never as u8, "a commit was cut");
    let states = "select jsonb_agg(state) from transaction_logs where role = 'delete'";
    assert_eq!(sheepdog.props(states).await, json!(["SUCCEEDED"]));
    assert_eq!(sheepdog.count("select count(*) from node_study").await, 0);
}

/// When the connection of the next commit is cut.
#[derive(Clone, Copy)]
enum Cut {
    Never,
    /// The server does not get it.
    Before,
    /// The server gets it, and the client no answer.
    Afterwards,
}

/// Stands between sheepdog and PostgreSQL.
struct Proxy {
    /// Of its socket, which has the same name as PostgreSQL's.
    folder: tempfile::TempDir,
    cut: Arc<AtomicU8>,
}

impl Proxy {
    async fn start(pool: &PgPool) -> Self {
        let options = pool.connect_options();
        let socket = format!(".s.PGSQL.{}", options.get_port());
        let server = options.get_socket().unwrap().join(&socket);
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(socket)).unwrap();
        let cut = Arc::new(AtomicU8::new(Cut::Never as u8));
        let shared = cut.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&server).await.unwrap();
                tokio::spawn(pass(client, server, shared.clone()));
            }
        });
        Self { folder, cut }
    }

    async fn pool(&self, direct: &PgPool) -> PgPool {
        let options = (*direct.connect_options()).clone().socket(self.folder.path());
        PgPoolOptions::new().max_connections(5).connect_with(options).await.unwrap()
    }
}

async fn pass(mut client: UnixStream, mut server: UnixStream, cut: Arc<AtomicU8>) -> io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            count = client.read(&mut asked) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                let is_commit = asked[..count].windows(7).any(|bytes| bytes == b"COMMIT\0");
                let when = if is_commit { cut.swap(Cut::Never as u8, Ordering::SeqCst) } else { 0 };
                if when == Cut::Before as u8 {
                    return Ok(());
                }
                server.write_all(&asked[..count]).await?;
                if when == Cut::Afterwards as u8 {
                    assert!(server.read(&mut answered).await? > 0, "a commit is answered");
                    return Ok(());
                }
            }
            count = server.read(&mut answered) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                client.write_all(&answered[..count]).await?;
            }
        }
    }
}
