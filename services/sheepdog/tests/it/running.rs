//! What becomes of transactions whose process has gone, and of work whose client has.

use std::time::Duration;

use psqlgraph::{
    running::{self, Worker},
    transactions::{NewLog, Role, TransactionId},
};
use serde_json::json;

use crate::support::{TestSheepdog, study};

const LOG: NewLog<'static> =
    NewLog { submitter: Some("ada"), role: Role::Create, program: "P", project: "Q", is_dry_run: false };

async fn state(sheepdog: &TestSheepdog, id: TransactionId) -> String {
    sqlx::query_scalar("select state from transaction_logs where id = $1")
        .bind(id)
        .fetch_one(&sheepdog.pool)
        .await
        .unwrap()
}

#[actix_web::test]
async fn the_transaction_of_a_worker_that_died_becomes_errored_and_that_of_a_living_one_stays() {
    let sheepdog = TestSheepdog::start().await;
    let options = sheepdog.pool.connect_options();
    let (dies, lives) = (Worker::start(&options).await.unwrap(), Worker::start(&options).await.unwrap());
    let mut connection = sheepdog.pool.acquire().await.unwrap();
    let lost = running::open(&mut connection, dies.number(), &LOG).await.unwrap();
    let kept = running::open(&mut connection, lives.number(), &LOG).await.unwrap();
    drop(dies);
    // The server notices the end of a connection in its own time.
    for _ in 0..200 {
        running::sweep(&mut connection).await.unwrap();
        if state(&sheepdog, lost).await == "ERRORED" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(
        (state(&sheepdog, lost).await.as_str(), state(&sheepdog, kept).await.as_str()),
        ("ERRORED", "PENDING")
    );
    assert_eq!(sheepdog.count("select count(*) from transactions_running").await, 1);
    drop(lives);
}

#[actix_web::test]
async fn rows_that_stay_pending_by_contract_are_left_alone() {
    let sheepdog = TestSheepdog::start().await;
    assert_eq!(sheepdog.put("/P/Q/release", json!({})).await.status, 400);
    running::sweep(&mut sheepdog.pool.acquire().await.unwrap()).await.unwrap();
    let pending = "select jsonb_agg(jsonb_build_array(role, submitter) order by id) from transaction_logs \
                   where state = 'PENDING'";
    assert_eq!(sheepdog.props(pending).await, json!([["update", null], ["release", "admin"]]));
}

#[actix_web::test]
async fn a_transaction_that_has_ended_is_no_longer_noted() {
    let sheepdog = TestSheepdog::start().await;
    let id = sheepdog.put("/P/Q", study("S")).await.id();
    sheepdog.put("/P/Q", json!({"type": "case", "submitter_id": "C"})).await;
    sheepdog.put("/P/Q/_dry_run", study("T")).await;
    let document = json!({"name": "a", "doc_format": "json", "doc": study("U").to_string()});
    sheepdog.put("/P/Q/bulk", json!([document])).await;
    sheepdog.delete(&format!("/P/Q/entities/{id}")).await;
    assert_eq!(sheepdog.count("select count(*) from transactions_running").await, 0);
    let states = "select count(*) from transaction_logs where state = 'PENDING' and submitter is not null";
    assert_eq!(sheepdog.count(states).await, 0);
}

#[actix_web::test]
async fn a_deletion_ends_though_its_client_went_away() {
    let sheepdog = TestSheepdog::start().await;
    let id = sheepdog.put("/P/Q", study("S")).await.id();
    // Somebody else holds the project, so that the deletion is on its way when the client goes.
    let mut other = sheepdog.pool.begin().await.unwrap();
    sqlx::query("select from node_project for update").execute(&mut *other).await.unwrap();
    let path = format!("/P/Q/entities/{id}");
    let request = sheepdog.delete(&path);
    assert!(tokio::time::timeout(Duration::from_millis(500), request).await.is_err());
    other.rollback().await.unwrap();
    for _ in 0..200 {
        if sheepdog.count("select count(*) from node_study").await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let log = "select to_jsonb(state) from transaction_logs where role = 'delete'";
    assert_eq!(sheepdog.props(log).await, json!("SUCCEEDED"));
}

#[actix_web::test]
async fn a_writer_that_waits_too_long_for_its_project_is_asked_to_come_again() {
    let sheepdog = TestSheepdog::start().await;
    let id = sheepdog.put("/P/Q", study("S")).await.id();
    let options = (*sheepdog.pool.connect_options()).clone().options([("lock_timeout", "200ms")]);
    let impatient = sheepdog.through(sqlx::PgPool::connect_with(options).await.unwrap());
    let mut other = sheepdog.pool.begin().await.unwrap();
    sqlx::query("select from node_project for update").execute(&mut *other).await.unwrap();
    let document = json!({"name": "a", "doc_format": "json", "doc": study("U").to_string()});
    for answer in [
        impatient.put("/P/Q", study("T")).await,
        impatient.put("/P/Q/bulk", json!([document])).await,
        impatient.delete(&format!("/P/Q/entities/{id}")).await,
    ] {
        assert_eq!(answer.status, 503, "{answer:?}");
    }
    other.rollback().await.unwrap();
    let states = "select jsonb_agg(state order by id) from transaction_logs where submitter is not null";
    let states = sheepdog.props(states).await;
    assert_eq!(states, json!(["SUCCEEDED", "ERRORED", "ERRORED", "ERRORED"]));
    assert_eq!(impatient.put("/P/Q", study("T")).await.status, 200);
}

#[actix_web::test]
async fn a_submission_whose_project_is_deleted_meanwhile_says_so() {
    let sheepdog = TestSheepdog::start().await;
    let mut other = sheepdog.pool.begin().await.unwrap();
    sqlx::query("select from node_project for update").execute(&mut *other).await.unwrap();
    let deletion = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        sqlx::query("delete from edge_projectmemberofprogram").execute(&mut *other).await.unwrap();
        sqlx::query("delete from node_project").execute(&mut *other).await.unwrap();
        other.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(sheepdog.put("/P/Q", study("S")), deletion);
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body["transactional_errors"], json!(["the project has been deleted"]));
    let states = "select jsonb_agg(state) from transaction_logs where submitter is not null";
    assert_eq!(sheepdog.props(states).await, json!(["FAILED"]));
}
