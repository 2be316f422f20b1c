//! What requests see of a server that goes away, on the real thing.

#![expect(clippy::unwrap_used, reason = "tests panic")]

mod server;

use std::{
    net::TcpListener,
    process::Command,
    time::{Duration, Instant},
};

use database::Work;
use postgres::{Options, Postgres};
use sqlx::{PgPool, postgres::PgConnectOptions};

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn server(folder: &std::path::Path) -> Postgres {
    let options = Options { port: Some(free_port()), loopback: true, ..server::options(folder) };
    Postgres::start(options).await.unwrap()
}

async fn setting(pool: &PgPool, name: &str) -> String {
    sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(pool).await.unwrap()
}

async fn one(pool: &PgPool) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("select 1").fetch_one(pool).await
}

#[tokio::test]
async fn sessions_have_limits_but_what_an_operator_has_set_holds() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let options = server.connect_options("postgres");
    let pool = database::pool(options.clone(), Work::Large, 2);
    assert_eq!(setting(&pool, "lock_timeout").await, "30s");
    assert_eq!(setting(&pool, "idle_in_transaction_session_timeout").await, "1min");
    assert_eq!(setting(&pool, "statement_timeout").await, "0");
    // Sockets of the same machine have no such thing.
    assert_eq!(setting(&pool, "tcp_keepalives_idle").await, "0");
    let remote = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(server.port())
        .username("commons")
        .password("secret")
        .database("postgres");
    let remote = database::pool(remote, Work::Large, 2);
    assert_eq!(setting(&remote, "tcp_keepalives_idle").await, "30");
    assert_eq!(setting(&remote, "tcp_user_timeout").await, "60000");
    let small = database::pool(options.clone(), Work::Small, 2);
    assert_eq!(setting(&small, "statement_timeout").await, "5min");
    let own = options.clone().options([("lock_timeout", "7s")]);
    assert_eq!(setting(&database::pool(own, Work::Large, 2), "lock_timeout").await, "7s");
    sqlx::raw_sql("alter role commons set lock_timeout = '8s'").execute(&pool).await.unwrap();
    assert_eq!(setting(&database::pool(options.clone(), Work::Large, 2), "lock_timeout").await, "8s");
    let maintenance = database::pool(options, Work::Maintenance, 2);
    assert_eq!(setting(&maintenance, "idle_in_transaction_session_timeout").await, "10min");
    let patience = |pool: &sqlx::PgPool| pool.options().get_acquire_timeout().as_secs();
    assert_eq!((patience(&small), patience(&maintenance)), (15, 90));
    server.stop().await;
}

/// What a pool says that knows that the server is away, without having asked anybody.
fn is_refused_here<T>(answer: &Result<T, sqlx::Error>) -> bool {
    matches!(answer, Err(sqlx::Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound)
}

#[tokio::test]
async fn while_the_server_is_away_nobody_waits_and_when_it_is_back_all_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path()).await;
    let options: PgConnectOptions = first.connect_options("postgres");
    let pool = database::pool(options.clone(), Work::Small, 2);
    let other = database::pool(options.clone(), Work::Large, 2);
    let mut lookout = database::look_after(vec![pool.clone(), other.clone()]);
    assert_eq!(one(&pool).await.unwrap(), 1);
    let mut held = pool.acquire().await.unwrap();
    let port = first.port();
    first.stop().await;

    // A statement over a connection that has ended fails, whoever has noticed what.
    assert!(sqlx::query("select 1").execute(&mut *held).await.is_err());
    drop(held);
    // From the moment on at which it is known, nobody asks the server, and so nobody waits for it: not the
    // connections that rest in a pool, and not new ones.
    lookout.away().await;
    for pool in [&pool, &pool, &other] {
        let answer = one(pool).await;
        assert!(is_refused_here(&answer), "{answer:?}");
    }

    let again = Options { port: Some(port), ..server::options(folder.path()) };
    let again = Postgres::start(again).await.unwrap();
    // And from this moment on it is as before: the first who asks is served.
    lookout.there().await;
    for pool in [&pool, &other] {
        assert_eq!(one(pool).await.unwrap(), 1);
    }
    again.stop().await;
}

#[tokio::test]
async fn a_server_that_refuses_is_not_away() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let pool = database::pool(server.connect_options("postgres"), Work::Small, 2);
    assert_eq!(one(&pool).await.unwrap(), 1);
    let wrong = server.connect_options("postgres").password("wrong");
    database::look_after(vec![database::pool(wrong, Work::Small, 1), pool.clone()]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut second = pool.acquire().await.unwrap();
    assert!(sqlx::query("select 1").execute(&mut *second).await.is_ok());
    // A new connection, too.
    assert_eq!(one(&pool).await.unwrap(), 1);
    server.stop().await;
}

/// The processes that hold the server's end of connections, and the main one.
fn signal(folder: &std::path::Path, name: &str) {
    let file = std::fs::read_to_string(folder.join("postgres/postmaster.pid")).unwrap();
    let number = file.lines().next().unwrap().to_owned();
    let children = Command::new("ps").args(["-o", "pid=", "--ppid", &number]).output().unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    for number in children.split_whitespace().chain([number.as_str()]) {
        Command::new("kill").args([name, number]).status().unwrap();
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_found_out_promptly() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let pool = database::pool(server.connect_options("postgres"), Work::Small, 2);
    assert_eq!(database::promptly(one(&pool)).await.unwrap(), 1);
    signal(folder.path(), "-STOP");
    let begun = Instant::now();
    let answer = database::promptly(one(&pool)).await;
    signal(folder.path(), "-CONT");
    assert!(matches!(answer, Err(sqlx::Error::PoolTimedOut)), "{answer:?}");
    // Sooner than the pool itself gives up a connection that says nothing, which takes five seconds.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    server.stop().await;
}
