//! Dry runs, their commit, and project states.

use serde_json::json;

use crate::support::{TestSheepdog, case, study};

#[actix_web::test]
async fn a_dry_run_leaves_nothing_and_can_be_committed_once() {
    let sheepdog = TestSheepdog::start().await;
    let dry = sheepdog.post("/P/Q/_dry_run", json!([study("S"), case("C", "S")])).await;
    assert_eq!((dry.status, &dry.body["success"]), (200, &json!(true)));
    assert_eq!(sheepdog.count("select count(*) from node_case").await, 0);
    let path = format!("/P/Q/transactions/{}/commit", dry.body["transaction_id"]);
    let committed = sheepdog.put(&path, json!({})).await;
    assert_eq!((committed.status, &committed.body["created_entity_count"]), (201, &json!(2)));
    assert_eq!(sheepdog.count("select count(*) from node_case").await, 1);
    let again = sheepdog.put(&path, json!({})).await;
    let message = format!(
        "This transaction_log was committed already by transaction '{}'.",
        committed.body["transaction_id"]
    );
    assert_eq!((again.status, again.body), (400, json!({ "message": message })));
}

#[actix_web::test]
async fn a_closed_or_real_transaction_cannot_be_committed() {
    let sheepdog = TestSheepdog::start().await;
    let dry = sheepdog.put("/P/Q/_dry_run", study("S")).await.body["transaction_id"].clone();
    let closed = sheepdog.put(&format!("/P/Q/transactions/{dry}/close"), json!({})).await;
    assert_eq!(closed.body, json!({"code": 200, "message": "Closed transaction.", "transaction_id": dry}));
    let refused = sheepdog.put(&format!("/P/Q/transactions/{dry}/commit"), json!({})).await;
    assert_eq!(refused.body["message"], "Unable to commit closed transaction log.");
    let real = sheepdog.put("/P/Q", study("S")).await.body["transaction_id"].clone();
    let refused = sheepdog.put(&format!("/P/Q/transactions/{real}/commit"), json!({})).await;
    assert_eq!(refused.body["message"], format!("Cannot submit transaction_log '{real}', not a dry_run."));
    assert_eq!(sheepdog.put("/P/Q/transactions/999999/commit", json!({})).await.status, 404);
}

#[actix_web::test]
async fn a_project_in_review_takes_nothing() {
    let sheepdog = TestSheepdog::start().await;
    let reviewed = sheepdog.put("/P/Q/review", json!({})).await;
    assert_eq!(reviewed.body["message"], "Successfully transitioned project state to 'review'");
    let refused = sheepdog.put("/P/Q", study("S")).await;
    assert_eq!(
        (refused.status, refused.body),
        (
            400,
            json!({"message": "Project is in state 'review', which prevents /v0/submission/P/Q. In order to \
                               perform this action, the project must be in state <open>."})
        )
    );
    assert_eq!(sheepdog.put("/P/Q/open", json!({})).await.status, 200);
    assert_eq!(sheepdog.put("/P/Q", study("S")).await.status, 200);
}

#[actix_web::test]
async fn the_log_holds_snapshots_and_the_document() {
    let sheepdog = TestSheepdog::start().await;
    let id = sheepdog.put("/P/Q", study("S")).await.id();
    let snapshot = "select jsonb_build_object('id', entity_id, 'action', action, 'old', old_props, \
                    'description', new_props -> 'description', 'has_links', new_props ? 'projects') \
                    from transaction_snapshots";
    assert_eq!(
        sheepdog.props(snapshot).await,
        json!({"id": id, "action": "create", "old": {}, "description": null, "has_links": false})
    );
    let document = "select jsonb_build_object('format', doc_format, 'success', response_json -> 'success', \
                    'doc', doc) from transaction_documents";
    let document = sheepdog.props(document).await;
    assert_eq!((&document["format"], &document["success"]), (&json!("json"), &json!(true)));
    assert_eq!(document["doc"], study("S").to_string());
}

#[actix_web::test]
async fn a_submission_in_the_background_is_found_in_the_log() {
    let sheepdog = TestSheepdog::start().await;
    let answer = sheepdog.put("/P/Q?async=true", study("S")).await;
    let id = answer.body["transaction_id"].clone();
    let expected = json!({"code": 200, "message": "Transaction submitted.", "transaction_id": id});
    assert_eq!((answer.status, answer.body), (200, expected));
    for _ in 0..200 {
        let state = "select to_jsonb(state) from transaction_logs order by id desc limit 1";
        if sheepdog.props(state).await == json!("SUCCEEDED") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(sheepdog.count("select count(*) from node_study").await, 1);
}

#[actix_web::test]
async fn a_transaction_of_another_project_is_unknown() {
    let sheepdog = TestSheepdog::start().await;
    sheepdog.put("/P", json!({"code": "R", "name": "R", "dbgap_accession_number": "phsR"})).await;
    let dry = sheepdog.put("/P/Q/_dry_run", study("S")).await.body["transaction_id"].clone();
    let closed = sheepdog.put(&format!("/P/R/transactions/{dry}/close"), json!({})).await;
    let message = format!("Unable to find transaction_log with id: {dry} for project P-R");
    assert_eq!((closed.status, closed.body), (404, json!({ "message": message })));
    assert_eq!(sheepdog.put(&format!("/P/R/transactions/{dry}/commit"), json!({})).await.status, 400);
}

#[actix_web::test]
async fn writers_of_one_project_lose_nothing() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let with = |key: &str, value: serde_json::Value| {
        let mut document = case("C", "S");
        document[key] = value;
        document
    };
    let writes = (0..5).map(|number| sheepdog.put("/P/Q", with("age", json!(number))));
    let others = (0..5).map(|number| sheepdog.put("/P/Q", with("weight", json!(number))));
    let answers = futures_util::future::join_all(writes.chain(others).map(Box::pin)).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let props = sheepdog.props("select _props from node_case").await;
    assert!(props["age"].is_number() && props["weight"].is_number(), "{props}");
    // Each write but the first to a key changes the row, and each change leaves one row of history.
    let voided = sheepdog.count("select count(*) from _voided_nodes where label = 'case'").await;
    assert_eq!(voided, 10);
}

#[actix_web::test]
async fn a_client_that_goes_away_does_not_leave_a_submission_half_done() {
    let sheepdog = TestSheepdog::start().await;
    let documents: Vec<_> = (0..200).map(|number| study(&format!("S{number}"))).collect();
    // Dropped at its first pause after the body was read, or later; whatever was begun is finished.
    let request = sheepdog.put("/P/Q", json!(documents));
    let _ = tokio::time::timeout(std::time::Duration::from_millis(60), request).await;
    for _ in 0..100 {
        let pending =
            "select count(*) from transaction_logs where state = 'PENDING' and submitter is not null";
        if sheepdog.count(pending).await == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let studies = sheepdog.count("select count(*) from node_study").await;
    let succeeded = sheepdog.count("select count(*) from transaction_logs where state = 'SUCCEEDED'").await;
    assert_eq!(studies, 200 * succeeded);
}

#[actix_web::test]
async fn a_failed_submission_has_no_snapshots() {
    let sheepdog = TestSheepdog::start().await;
    let mut bad = case("C", "S");
    bad["age"] = json!("old");
    assert_eq!(sheepdog.put("/P/Q", json!([study("S"), bad])).await.status, 400);
    assert_eq!(sheepdog.count("select count(*) from transaction_snapshots").await, 0);
}

#[actix_web::test]
async fn the_snapshot_of_a_deletion_has_what_was_deleted_as_its_new_properties() {
    let sheepdog = TestSheepdog::start().await;
    let id = sheepdog.put("/P/Q", study("S")).await.id();
    assert_eq!(sheepdog.delete(&format!("/P/Q/entities/{id}")).await.status, 200);
    let snapshot = "select jsonb_build_array(entity_id, old_props, new_props -> 'submitter_id') \
                    from transaction_snapshots where action = 'delete'";
    assert_eq!(sheepdog.props(snapshot).await, json!([id, {}, "S"]));
}
