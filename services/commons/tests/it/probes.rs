//! What a supervisor hears of a service in a process of its own.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::Client;
use serde_json::Value;
use testing::TestDatabase;

use crate::{
    running::answer,
    split::{Process, free_port, url},
};

/// `commons serve library`, and where it answers.
fn library(database: &str) -> (Process, String) {
    let port = free_port();
    let (arborist, keys) = ("http://127.0.0.1:1", "http://127.0.0.1:1/jwks");
    let variables = [
        ("DATABASE_URL", database),
        ("ARBORIST_URL", arborist),
        ("JWKS_ENDPOINT", keys),
        ("TOKEN_ISSUERS", arborist),
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
    command.args(["serve", "library", "--host", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--metrics-port", "0"]).envs(variables).env("RUST_LOG", "off");
    (Process(command.stdin(Stdio::null()).spawn().unwrap()), url(port))
}

/// The first answer that `is_wanted`.
async fn until(client: &Client, url: String, is_wanted: impl Fn(u16, &Value) -> bool) -> Value {
    for _ in 0..300 {
        if let Ok(sent) = client.get(&url).send().await {
            let status = sent.status().as_u16();
            let said: Value = sent.json().await.unwrap();
            if is_wanted(status, &said) {
                return said;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{url} did not come to that in 30 s");
}

#[tokio::test]
async fn a_service_lives_while_it_waits_for_its_database_and_is_ready_once_that_is_migrated() {
    let client = Client::builder().no_proxy().build().unwrap();
    let closed = url(free_port());
    let nowhere = closed.replace("http://", "postgresql://somebody:s3cret@");
    let (_waiting, at) = library(&nowhere);
    let said = until(&client, format!("{at}/readyz"), |status, said| {
        status == 503 && said["checks"][0]["error"] == "it waits for the database"
    })
    .await;
    assert!(said["checks"][0]["since"].is_string() && !said.to_string().contains("s3cret"), "{said}");
    assert_eq!(answer(client.get(format!("{at}/livez"))).await.0, 200);
    assert_eq!(answer(client.get(format!("{at}/startupz"))).await.0, 503);
    assert_eq!(answer(client.get(format!("{at}/lists"))).await.0, 503);

    let database = TestDatabase::empty().await;
    let (_lacking, at) = library(&database.url);
    let missing = "the database of lists is not migrated: it has no table user_lists";
    until(&client, format!("{at}/readyz"), |status, said| {
        status == 503 && said["checks"][0]["error"] == missing
    })
    .await;
    assert_eq!(answer(client.get(format!("{at}/startupz"))).await.0, 503);
    library::migrate(&database.pool).await.unwrap();
    for path in ["readyz", "startupz"] {
        until(&client, format!("{at}/{path}"), |status, _| status == 200).await;
    }
    // What a later program left there is no database of this one.
    sqlx::query("update alembic_version set version_num = 'later'").execute(&database.pool).await.unwrap();
    until(&client, format!("{at}/readyz"), |status, said| {
        status == 503 && said.to_string().contains("Alembic revision later")
    })
    .await;
    assert_eq!(answer(client.get(format!("{at}/startupz"))).await.0, 200);
}
