//! What goes wrong at the beginning is told with its cause and its remedy, and without what is of no use.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use commons::up::{Options, Running};
use testing::TestDatabase;

/// What the program tells on standard error, and its exit status.
fn told(folder: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    let output = command.env_remove("RUST_LOG").env_remove("DATABASE_URL").output().unwrap();
    (String::from_utf8(output.stderr).unwrap(), output.status.code())
}

#[test]
fn an_address_that_does_not_answer_is_told_with_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (told, _) = told(folder.path(), &["dictionary", "check", &format!("http://{closed}/d.json")]);
    assert!(told.contains("refused"), "{told}");
}

#[tokio::test]
async fn the_words_of_the_database_come_without_the_place_in_its_source() {
    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::empty().await;
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let url = database.url.replace(&name, "frog");
    let place = folder.path().to_owned();
    let told =
        tokio::task::spawn_blocking(move || told(&place, &["migrate", "fence", "--database-url", &url]).0);
    let told = told.await.unwrap();
    assert!(told.contains("database \"frog\" does not exist") && !told.contains("at line"), "{told}");
}

#[tokio::test]
async fn the_url_of_a_database_that_does_not_exist_is_not_printed() {
    commons::install_crypto();
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(Options::on_free_ports(folder.path().join("state"))).await.unwrap();
    let place = folder.path().to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let url = |name: &str| told(&place, &["database", "url", name, "--state", "state"]);
        (url("frog"), url("fence"), url("postgres"))
    });
    let (frog, fence, postgres) = asked.await.unwrap();
    assert_eq!(frog.1, Some(4), "{}", frog.0);
    assert!(frog.0.contains("no database frog") && frog.0.contains("sheepdog"), "{}", frog.0);
    assert_eq!((fence.1, postgres.1), (Some(0), Some(0)));
    running.stop().await;
}

#[tokio::test]
async fn an_index_of_which_nobody_can_know_the_layout_is_neither_served_nor_moved() {
    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::empty().await;
    indexd::migrate(&database.pool).await.unwrap();
    let rows = "insert into record (guid) values ('a'), ('b'); insert into index_record (did) values ('a')";
    sqlx::raw_sql(rows).execute(&database.pool).await.unwrap();
    // Another connection would keep the records from being moved anyway.
    database.pool.close().await;
    let (place, url) = (folder.path().to_owned(), database.url.clone());
    let run = move |command: &[&str]| told(&place, &[command, &["--database-url", &url]].concat());
    let asked = tokio::task::spawn_blocking(move || {
        [&["serve", "indexd", "--port", "0"][..], &["migrate", "indexd"], &["index", "migrate", "--dry-run"]]
            .map(run)
    });
    let [served, migrated, moved] = asked.await.unwrap();
    for (told, status) in [&served, &migrated] {
        assert!(told.contains("set USE_SINGLE_TABLE") && *status != Some(0), "{told}");
    }
    assert!(moved.0.contains("name theirs with --from") && moved.1 == Some(3), "{moved:?}");
}
