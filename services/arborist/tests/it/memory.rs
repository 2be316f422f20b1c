//! Decisions in memory: who sees a change, and when; what happens when the database is away.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use arborist::{Arborist, Config};
use authz::{Authz, AuthzError, Request, Subject};
use database::Work;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    time::{sleep, timeout},
};

use crate::commons::Commons;

fn ada() -> Subject {
    Subject::User("ada".into())
}

fn question() -> Vec<Request> {
    vec![Request::new("/programs/A/x", "indexd", "read")]
}

async fn may(authz: &dyn Authz) -> bool {
    authz.decide(&ada(), &question()).await.expect("an answer")
}

/// Waits until `arborist` decides in memory.
async fn in_memory(arborist: &Arborist) {
    let waiting = async {
        while !arborist.decides_in_memory() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("decisions are made in memory");
}

async fn grant(commons: &Commons) {
    commons.prepare(&[("POST", "/user/ada/policy", json!({"policy": "read-A"}))]).await;
}

async fn revoke(commons: &Commons) {
    assert_eq!(commons.call("DELETE", "/user/ada/policy/read-A", json!(null)).await.0, 204);
}

async fn commons() -> Commons {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons
}

/// Another process on the same database.
async fn second(commons: &Commons) -> Arc<Arborist> {
    let pool = database::pool(commons.database.options.clone(), Work::Small, 4);
    Arborist::build(Config::default(), pool, commons.tokens.verifier())
}

#[tokio::test]
async fn who_has_written_sees_it_at_once() {
    let commons = commons().await;
    in_memory(&commons.arborist).await;
    for _ in 0..40 {
        grant(&commons).await;
        assert!(may(&*commons.arborist).await);
        revoke(&commons).await;
        assert!(!may(&*commons.arborist).await);
    }
    in_memory(&commons.arborist).await;
    assert!(!may(&*commons.arborist).await);
}

#[tokio::test]
async fn another_process_hears_of_a_revocation() {
    let commons = commons().await;
    let other = second(&commons).await;
    let mut times = Vec::new();
    for _ in 0..60 {
        grant(&commons).await;
        while !(may(&*other).await && other.decides_in_memory()) {
            sleep(Duration::from_millis(1)).await;
        }
        revoke(&commons).await;
        let revoked = Instant::now();
        while may(&*other).await {
            tokio::task::yield_now().await;
        }
        times.push(revoked.elapsed());
    }
    times.sort_unstable();
    println!("median {:?}, worst {:?}", times[times.len() / 2], times[times.len() - 1]);
    // Without notices it would take a quarter of a second, half of the time between two looks.
    assert!(times[times.len() / 2] < Duration::from_millis(100), "{times:?}");
}

#[tokio::test]
async fn without_notices_another_process_sees_a_revocation_when_it_looks() {
    let commons = commons().await;
    sqlx::raw_sql(
        "create or replace function decision_number() returns trigger language plpgsql as $$
         begin
             perform pg_advisory_xact_lock(7021503961373435250);
             update decision_change set generation = nextval('decision_generation') where id = new.id;
             return null;
         end $$",
    )
    .execute(&commons.database.pool)
    .await
    .unwrap();
    let other = second(&commons).await;
    for _ in 0..3 {
        grant(&commons).await;
        let seen = async {
            while !(may(&*other).await && other.decides_in_memory()) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(5), seen).await.expect("it is seen when the other looks");
        revoke(&commons).await;
        let seen = async {
            while may(&*other).await {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(5), seen).await.expect("it is seen when the other looks");
    }
}

/// A road to the socket of the database that can be cut.
struct Road {
    folder: tempfile::TempDir,
    /// What goes on: connections that are there are closed, and new ones too.
    open: Arc<AtomicBool>,
    /// Nothing goes on, and nobody is told.
    silent: Arc<AtomicBool>,
}

impl Road {
    fn to(options: &PgConnectOptions) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let name = format!(".s.PGSQL.{}", options.get_port());
        let server = options.get_socket().expect("tests use a socket").join(&name);
        let listener = UnixListener::bind(folder.path().join(&name)).expect("a socket");
        let road = Self { folder, open: Arc::new(true.into()), silent: Arc::new(false.into()) };
        let (open, silent) = (road.open.clone(), road.silent.clone());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, server.clone(), open.clone(), silent.clone()));
            }
        });
        road
    }
}

async fn carry(mut near: UnixStream, server: PathBuf, open: Arc<AtomicBool>, silent: Arc<AtomicBool>) {
    if !open.load(SeqCst) {
        return;
    }
    let mut far = UnixStream::connect(server).await.expect("the server answers");
    let watch = async {
        while open.load(SeqCst) && !silent.load(SeqCst) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        () = watch => {}
    }
    while silent.load(SeqCst) {
        sleep(Duration::from_millis(50)).await;
    }
}

async fn behind(road: &Road, commons: &Commons) -> Arc<Arborist> {
    let options = commons.database.options.clone().socket(road.folder.path());
    let pool = database::pool(options, Work::Small, 4);
    Arborist::build(Config::default(), pool, commons.tokens.verifier())
}

#[tokio::test]
async fn who_is_cut_off_from_the_database_denies() {
    let commons = commons().await;
    grant(&commons).await;
    let road = Road::to(&commons.database.options);
    let other = behind(&road, &commons).await;
    in_memory(&other).await;
    assert!(may(&*other).await);
    road.open.store(false, SeqCst);
    revoke(&commons).await;
    while other.decides_in_memory() {
        sleep(Duration::from_millis(1)).await;
    }
    let answer = timeout(Duration::from_secs(30), other.decide(&ada(), &question())).await.unwrap();
    assert!(matches!(answer, Err(AuthzError::Unavailable(_))), "{answer:?}");
    let mapping = timeout(Duration::from_secs(30), other.mapping(&ada())).await.unwrap();
    assert!(matches!(mapping, Err(AuthzError::Unavailable(_))), "{mapping:?}");
    road.open.store(true, SeqCst);
    in_memory(&other).await;
    assert!(!may(&*other).await);
}

#[tokio::test]
async fn who_hears_nothing_from_the_database_soon_stops_deciding_in_memory() {
    let commons = commons().await;
    grant(&commons).await;
    let road = Road::to(&commons.database.options);
    let other = behind(&road, &commons).await;
    in_memory(&other).await;
    road.silent.store(true, SeqCst);
    revoke(&commons).await;
    let waiting = async {
        while other.decides_in_memory() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.expect("what is not confirmed is not believed");
    let answer = timeout(Duration::from_secs(2), other.decide(&ada(), &question())).await;
    assert!(!matches!(answer, Ok(Ok(true))), "{answer:?}");
}

#[tokio::test]
async fn a_grant_ends_to_the_second() {
    let commons = commons().await;
    in_memory(&commons.arborist).await;
    let (end, text): (f64, String) = sqlx::query_as(
        "with e as (select date_trunc('second', clock_timestamp()) + interval '3 seconds' as at)
         select extract(epoch from at)::float8,
             to_char(at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
         from e",
    )
    .fetch_one(&commons.database.pool)
    .await
    .unwrap();
    commons.prepare(&[("POST", "/user/ada/policy", json!({"policy": "read-A", "expires_at": text}))]).await;
    in_memory(&commons.arborist).await;
    assert!(may(&*commons.arborist).await);
    assert_eq!(commons.arborist.mapping(&ada()).await.unwrap().len(), 2);
    while may(&*commons.arborist).await {
        sleep(Duration::from_millis(2)).await;
    }
    let ended: f64 = sqlx::query_scalar("select extract(epoch from clock_timestamp())::float8")
        .fetch_one(&commons.database.pool)
        .await
        .unwrap();
    assert!(commons.arborist.decides_in_memory());
    assert!((end - 0.1..end + 1.0).contains(&ended), "{ended} is not {end}");
    // The kept mapping has ended too.
    assert_eq!(commons.call("POST", "/auth/mapping", json!({"username": "ada"})).await.1, json!({}));
}

/// One writer grants and revokes; readers ask the same process, another one, and over HTTP.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_grant_that_was_removed_never_comes_back() {
    let commons = Arc::new(commons().await);
    let other = second(&commons).await;
    // Odd while there is no grant.
    let phase = Arc::new(AtomicU64::new(1));
    let running = Arc::new(AtomicBool::new(true));
    let asked: [Arc<dyn Authz>; 4] = [
        commons.arborist.clone(),
        other.clone(),
        Arc::new(commons.over_http()),
        Arc::new(commons.over_http()),
    ];
    let mut readers = Vec::new();
    for (number, authz) in asked.into_iter().enumerate() {
        let (phase, running) = (phase.clone(), running.clone());
        readers.push(tokio::spawn(async move {
            let (mut denied_in, mut yes, mut no) = (0, 0_u64, 0_u64);
            while running.load(SeqCst) {
                let before = phase.load(SeqCst);
                let permitted = may(&*authz).await;
                let after = phase.load(SeqCst);
                if before == after && before % 2 == 1 {
                    if permitted {
                        assert_ne!(number, 0, "the process that served the revocation still permits");
                        assert_ne!(denied_in, before, "reader {number} was denied, and then permitted");
                    } else {
                        denied_in = before;
                    }
                }
                if permitted {
                    yes += 1
                } else {
                    no += 1
                }
                tokio::task::yield_now().await;
            }
            (yes, no)
        }));
    }
    for _ in 0..60 {
        phase.fetch_add(1, SeqCst);
        grant(&commons).await;
        sleep(Duration::from_millis(20)).await;
        revoke(&commons).await;
        phase.fetch_add(1, SeqCst);
        sleep(Duration::from_millis(80)).await;
    }
    running.store(false, SeqCst);
    for reader in readers {
        let (yes, no) = reader.await.unwrap();
        assert!(yes > 0 && no > 0, "{yes} {no}");
    }
}

#[tokio::test]
async fn restored_tables_are_read_anew() {
    let commons = commons().await;
    grant(&commons).await;
    in_memory(&commons.arborist).await;
    assert!(may(&*commons.arborist).await);
    // As a restored backup is: other rows, without a trigger having run, and a log that has gone back.
    sqlx::raw_sql(
        "begin;
         set local session_replication_role = replica;
         delete from usr_policy;
         delete from decision_change;
         commit",
    )
    .execute(&commons.database.pool)
    .await
    .unwrap();
    let waiting = async {
        while may(&*commons.arborist).await || !commons.arborist.decides_in_memory() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.expect("the tables are read anew");
}

#[tokio::test]
async fn the_original_may_write_with_a_role_that_knows_nothing_of_the_log() {
    let commons = commons().await;
    in_memory(&commons.arborist).await;
    sqlx::raw_sql(
        "create role original_arborist;
         grant select, insert, update, delete on usr_policy, usr, policy to original_arborist",
    )
    .execute(&commons.database.pool)
    .await
    .unwrap();
    let options = commons.database.options.clone().options([("role", "original_arborist")]);
    let pool = sqlx::PgPool::connect_with(options).await.unwrap();
    sqlx::raw_sql(
        "insert into usr_policy (usr_id, policy_id)
         select usr.id, policy.id from usr, policy where usr.name = 'ada' and policy.name = 'read-A'",
    )
    .execute(&pool)
    .await
    .unwrap();
    let waiting = async {
        while !(may(&*commons.arborist).await && commons.arborist.decides_in_memory()) {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.expect("the grant counts");
}

#[tokio::test]
async fn mappings_are_kept_until_something_about_them_changes() {
    let commons = commons().await;
    let mapping = async || {
        in_memory(&commons.arborist).await;
        let (status, body) = commons.call("POST", "/auth/mapping", json!({"username": "ADA"})).await;
        assert_eq!(status, 200);
        body.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert!(mapping().await.is_empty());
    grant(&commons).await;
    assert_eq!(mapping().await, ["/programs/A", "/programs/A/x"]);
    assert_eq!(mapping().await, ["/programs/A", "/programs/A/x"]);
    commons.prepare(&[("POST", "/resource/programs/A", json!({"name": "y"}))]).await;
    assert_eq!(mapping().await, ["/programs/A", "/programs/A/x", "/programs/A/y"]);
    commons.prepare(&[("POST", "/group/logged-in/policy", json!({"policy": "all"}))]).await;
    assert_eq!(mapping().await.len(), 5);
    commons.prepare(&[("DELETE", "/group/logged-in/policy/all", json!(null))]).await;
    revoke(&commons).await;
    assert!(mapping().await.is_empty());
}
