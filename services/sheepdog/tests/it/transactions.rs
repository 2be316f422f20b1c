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
    let message =
        format!("This transaction_log was committed already by transaction '{}'.", committed.body["transaction_id"]);
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
            json!({"message": "Project is in state 'review', which prevents /v0/submission/P/Q. In order to perform \
                               this action, the project must be in state <open>."})
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
    let document = "select jsonb_build_object('format', doc_format, 'success', response_json -> 'success', 'doc', doc) \
                    from transaction_documents";
    let document = sheepdog.props(document).await;
    assert_eq!((&document["format"], &document["success"]), (&json!("json"), &json!(true)));
    assert_eq!(document["doc"], study("S").to_string());
}
