//! A private server's life, on the real thing.

#![expect(clippy::unwrap_used, reason = "tests panic")]

use std::time::Duration;

use postgres::{Durability, Options, Postgres};
use sqlx::{Connection as _, PgConnection};

fn options(folder: &std::path::Path) -> Options {
    Options {
        data: folder.join("postgres"),
        log: folder.join("postgres.log"),
        port: None,
        loopback: false,
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

/// Kills the server's main process, as the kernel does when memory runs out.
fn kill(folder: &std::path::Path) {
    let file = std::fs::read_to_string(folder.join("postgres/postmaster.pid")).unwrap();
    let number = file.lines().next().unwrap();
    let killed = std::process::Command::new("kill").args(["-9", number]).status().unwrap();
    assert!(killed.success());
}

/// Counts rows once the server answers again.
async fn count(server: &Postgres) -> i64 {
    let begun = std::time::Instant::now();
    loop {
        let counted = async {
            let mut connection = PgConnection::connect_with(&server.connect_options("postgres")).await?;
            sqlx::query_scalar("select count(*) from kept").fetch_one(&mut connection).await
        };
        match counted.await {
            Ok(rows) => return rows,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(30), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_server_that_is_killed_runs_again_at_its_address_with_all_that_was_committed_however_often() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(options(folder.path())).await.unwrap();
    let mut connection = PgConnection::connect_with(&server.connect_options("postgres")).await.unwrap();
    sqlx::raw_sql("create table kept (x int); insert into kept values (1)")
        .execute(&mut connection)
        .await
        .unwrap();
    // More often than a server that does not start is tried.
    for _ in 0..6 {
        kill(folder.path());
        // Until the end is noticed, the old server's connections may still work.
        while connection.ping().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(count(&server).await, 1);
        connection = PgConnection::connect_with(&server.connect_options("postgres")).await.unwrap();
    }
    server.stop().await;
    let pid_file = folder.path().join("postgres/postmaster.pid");
    assert!(!pid_file.exists(), "the server that was started again is stopped in order, too");
}

#[tokio::test]
async fn a_stop_while_the_server_is_being_started_again_waits_for_its_end_too() {
    for delay in [10, 60, 150] {
        let folder = tempfile::tempdir().unwrap();
        let server = Postgres::start(options(folder.path())).await.unwrap();
        kill(folder.path());
        tokio::time::sleep(Duration::from_millis(delay)).await;
        server.stop().await;
        let left = std::fs::read_to_string(folder.path().join("postgres/postmaster.pid"));
        let number = left.unwrap_or_default().lines().next().unwrap_or_default().to_owned();
        let runs = !number.is_empty() && std::fs::exists(format!("/proc/{number}/stat")).unwrap();
        assert!(!runs, "{number} still runs, stopped {delay} ms after it was killed");
    }
}

#[tokio::test]
async fn a_server_that_cannot_run_any_more_is_given_up_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(options(folder.path())).await.unwrap();
    std::fs::remove_file(folder.path().join("postgres/global/pg_control")).unwrap();
    kill(folder.path());
    let why = tokio::time::timeout(Duration::from_secs(90), server.lost()).await.expect("in time");
    assert!(why.to_string().contains("pg_control") || why.to_string().contains("control file"), "{why}");
    // There is nothing to stop any more.
    tokio::time::timeout(Duration::from_secs(1), server.stop()).await.expect("at once");
}

#[tokio::test]
async fn making_a_cluster_leaves_nothing_beside_it_and_removes_what_a_crash_left() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("postgres.new-abc")).unwrap();
    std::fs::write(folder.path().join("postgres.new-abc/password"), "secret").unwrap();
    let server = Postgres::start(options(folder.path())).await.unwrap();
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["postgres", "postgres.log"]);
    server.stop().await;
}

/// The addresses on which this machine's servers listen, as the kernel lists them (Linux).
fn listening_ports() -> Vec<u16> {
    let listed = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let listens = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let port = fields.next()?.rsplit(':').next()?.to_owned();
        (fields.nth(1)? == "0A").then(|| u16::from_str_radix(&port, 16).unwrap())
    };
    listed.lines().filter_map(listens).collect()
}

#[tokio::test]
async fn no_other_account_can_stand_in_for_the_server_or_reach_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(options(folder.path())).await.unwrap();
    let number = server.port();
    assert!(!listening_ports().contains(&number), "a port is anybody's while its server is away");
    let data = folder.path().join("postgres");
    for place in [&data, &data.join(format!(".s.PGSQL.{number}"))] {
        assert_eq!(std::fs::metadata(place).unwrap().permissions().mode() & 0o077, 0, "{place:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_path_that_is_too_long_for_a_socket_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("d".repeat(100));
    let server = Postgres::start(options(&deep)).await.unwrap();
    let mut connection = PgConnection::connect_with(&server.connect_options("postgres")).await.unwrap();
    connection.ping().await.unwrap();
    let mut by_url = PgConnection::connect(&server.url("postgres")).await.unwrap();
    by_url.ping().await.unwrap();
    server.stop().await;
}
