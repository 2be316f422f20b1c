//! A private server's life, on the real thing.

use std::time::Duration;

use postgres::{Durability, Options, Postgres};

fn options(folder: &std::path::Path) -> Options {
    Options {
        data: folder.join("postgres"),
        log: folder.join("postgres.log"),
        port: None,
        password: "secret".into(),
        durability: Durability::Full,
        remove_afterwards: None,
        max_connections: 20,
    }
}

#[tokio::test]
async fn data_survives_a_stop_and_a_start() {
    // A folder that only its owner can enter, as a state folder below a home folder is.
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(options(folder.path())).await.unwrap();
    server.ensure_databases(&["graph"]).await.unwrap();
    let pool = sqlx::PgPool::connect_with(server.connect_options("graph")).await.unwrap();
    sqlx::query("create table kept (x int)").execute(&pool).await.unwrap();
    pool.close().await;
    server.stop().await;

    let server = Postgres::start(options(folder.path())).await.unwrap();
    server.ensure_databases(&["graph"]).await.unwrap();
    let pool = sqlx::PgPool::connect_with(server.connect_options("graph")).await.unwrap();
    let rows: i64 = sqlx::query_scalar("select count(*) from kept").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 0);
    pool.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_start_waits_for_the_predecessor_that_is_still_stopping() {
    let folder = tempfile::tempdir().unwrap();
    let first = Postgres::start(options(folder.path())).await.unwrap();
    // As after `kill -9` of the owner: nobody waits for the end of the first server.
    drop(first);
    let second = tokio::time::timeout(Duration::from_secs(30), Postgres::start(options(folder.path()))).await;
    second.expect("in time").expect("started").stop().await;
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(options(folder.path())).await.unwrap();
    let wrong = server.connect_options("postgres").password("wrong");
    assert!(sqlx::PgPool::connect_with(wrong).await.is_err());
    server.stop().await;
}
