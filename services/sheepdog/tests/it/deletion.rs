//! Deleting, and who stands in the way.

use actix_web::test::TestRequest;
use serde_json::json;

use crate::support::{TestSheepdog, case, sample};

#[actix_web::test]
async fn a_leaf_goes_with_its_edges_and_leaves_history() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let id = sheepdog.put("/P/Q", sample("X", "C")).await.id();
    let answer = sheepdog.delete(&format!("/P/Q/entities/{id}")).await;
    assert_eq!(
        answer.body,
        json!({"code": 200, "deleted_entity_count": 1, "dependent_ids": "", "entity_error_count": 0,
               "entities": [{"action": "delete", "errors": [], "id": id, "type": "sample", "valid": true,
                             "warnings": [], "unique_keys": [{"project_id": "P-Q", "submitter_id": "X"}]}],
               "message": "Successfully deleted 1 entities", "success": true,
               "transaction_id": answer.body["transaction_id"], "transactional_error_count": 0,
               "transactional_errors": []})
    );
    assert_eq!(sheepdog.count("select count(*) from node_sample").await, 0);
    assert_eq!(sheepdog.count("select count(*) from _voided_nodes where label = 'sample'").await, 1);
    assert_eq!(sheepdog.count("select count(*) from _voided_edges where label = 'derived_from'").await, 1);
}

#[actix_web::test]
async fn a_parent_stays_while_a_child_needs_it() {
    let (sheepdog, id) = TestSheepdog::with_case().await;
    let child = sheepdog.put("/P/Q", sample("X", "C")).await.id();
    let refused = sheepdog.delete(&format!("/P/Q/entities/{id}")).await;
    assert_eq!((refused.status, &refused.body["dependent_ids"]), (400, &json!(child)));
    assert_eq!(
        refused.body["entities"][0]["errors"][0]["dependents"],
        json!([{"id": child, "type": "sample"}])
    );
    assert_eq!(sheepdog.count("select count(*) from node_case").await, 1);
    let together = sheepdog.delete(&format!("/P/Q/entities/{id},{child}")).await;
    assert_eq!((together.status, &together.body["deleted_entity_count"]), (200, &json!(2)));
}

#[actix_web::test]
async fn a_child_that_keeps_another_parent_is_only_unlinked() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let samples = sheepdog.put("/P/Q", json!([sample("X", "C"), sample("Y", "C")])).await;
    let aliquot = json!({"type": "aliquot", "submitter_id": "A",
                         "samples": [{"submitter_id": "X"}, {"submitter_id": "Y"}]});
    sheepdog.put("/P/Q", aliquot).await;
    let answer = sheepdog.delete(&format!("/P/Q/entities/{}", samples.id())).await;
    assert_eq!(answer.status, 200);
    assert_eq!(sheepdog.count("select count(*) from edge_aliquotderivedfromsample").await, 1);
}

#[actix_web::test]
async fn a_dry_run_deletes_nothing_until_it_is_committed() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let id = sheepdog.put("/P/Q", sample("X", "C")).await.id();
    let dry = sheepdog.delete(&format!("/P/Q/entities/_dry_run/{id}")).await;
    assert_eq!(dry.body["message"], "Dry run successful. Would have deleted 1 entities");
    assert_eq!(sheepdog.count("select count(*) from node_sample").await, 1);
    let path = format!("/P/Q/transactions/{}/commit", dry.body["transaction_id"]);
    let committed = sheepdog.put(&path, json!({})).await;
    assert_eq!(committed.body["message"], "Successfully deleted 1 entities");
    assert_eq!(sheepdog.count("select count(*) from node_sample").await, 0);
}

#[actix_web::test]
async fn unknown_ids_and_other_projects_nodes_are_not_found() {
    let (sheepdog, id) = TestSheepdog::with_case().await;
    sheepdog.put("/P", json!({"code": "R", "name": "R", "dbgap_accession_number": "phsR"})).await;
    for path in [format!("/P/R/entities/{id}"), "/P/Q/entities/nope".to_owned()] {
        let answer = sheepdog.delete(&path).await;
        assert_eq!((answer.status, answer.errors()), (400, vec![("NOT_FOUND".to_owned(), json!(["id"]))]));
    }
    let program: String =
        sqlx::query_scalar("select node_id from node_program").fetch_one(&sheepdog.pool).await.unwrap();
    assert_eq!(sheepdog.delete(&format!("/P/Q/entities/{program}")).await.status, 400);
    assert_eq!(sheepdog.count("select count(*) from node_case").await, 1);
}

#[actix_web::test]
async fn nobody_else_may_delete() {
    let (sheepdog, id) = TestSheepdog::with_case().await;
    let path = format!("/v0/submission/P/Q/entities/{id}");
    let stranger = sheepdog.send(TestRequest::delete().uri(&path), Some("stranger")).await;
    assert_eq!(stranger.status, 403);
    let anonymous = sheepdog.send(TestRequest::delete().uri(&path), None).await;
    assert_eq!(anonymous.status, 401);
    assert_eq!(sheepdog.count("select count(*) from node_case").await, 1);
}

#[actix_web::test]
async fn fields_are_set_to_null_but_not_those_that_a_record_must_have() {
    let (sheepdog, id) = TestSheepdog::with_case().await;
    let mut document = case("C", "S");
    document["age"] = json!(7);
    sheepdog.put("/P/Q", document).await;
    assert_eq!(sheepdog.delete(&format!("/P/Q/entities/{id}?fields=age")).await.status, 200);
    assert_eq!(sheepdog.props("select _props from node_case").await["age"], json!(null));
    for field in ["submitter_id", "state"] {
        let refused = sheepdog.delete(&format!("/P/Q/entities/{id}?fields={field}")).await;
        assert_eq!(refused.errors(), vec![("INVALID_PROPERTY".to_owned(), json!([field]))]);
    }
}

#[actix_web::test]
async fn a_mark_for_deletion_is_a_system_annotation() {
    let (sheepdog, id) = TestSheepdog::with_case().await;
    let path = format!("/admin/P/Q/entities/{id}/to_delete/true");
    assert_eq!(sheepdog.delete(&path).await.status, 200);
    assert_eq!(sheepdog.delete(&path).await.status, 200);
    assert_eq!(sheepdog.props("select _sysan from node_case").await, json!({"to_delete": true}));
    assert_eq!(sheepdog.count("select count(*) from _voided_nodes where label = 'case'").await, 1);
    assert_eq!(sheepdog.delete(&path.replace("true", "perhaps")).await.status, 400);
}

#[actix_web::test]
async fn ids_may_stand_in_the_body() {
    let (sheepdog, id) = TestSheepdog::with_case().await;
    let read = sheepdog.post("/P/Q/entities", json!([id, id])).await;
    assert_eq!((read.status, read.body["entities"].as_array().map(Vec::len)), (200, Some(1)));
    let delete = async |path: &str, ids: serde_json::Value| {
        let request = TestRequest::delete().uri(&crate::support::uri(path)).set_json(ids);
        sheepdog.send(request, Some("admin")).await
    };
    for wrong in [json!([]), json!("x"), json!([5]), json!({})] {
        assert_eq!(delete("/P/Q/entities", wrong.clone()).await.status, 400);
        assert_eq!(sheepdog.post("/P/Q/entities", wrong).await.status, 400);
    }
    assert_eq!(delete("/P/Q/entities/_dry_run", json!([id])).await.body["deleted_entity_count"], 1);
    assert_eq!(delete("/P/Q/entities?fields=age", json!([id])).await.status, 200);
    assert_eq!(delete("/P/Q/entities", json!([id])).await.body["deleted_entity_count"], 1);
    assert_eq!(sheepdog.count("select count(*) from node_case").await, 0);
}

#[actix_web::test]
async fn unknown_fields_are_an_error_of_the_request() {
    let (sheepdog, id) = TestSheepdog::with_case().await;
    let answer = sheepdog.delete(&format!("/P/Q/entities/{id}?fields=age,bogus")).await;
    let message = format!("Attempted to delete non-existing field \"bogus\" in a node {id}");
    assert_eq!((answer.status, answer.body), (400, json!({ "message": message })));
    let state = "select state from transaction_logs order by id desc limit 1";
    let state: String = sqlx::query_scalar(state).fetch_one(&sheepdog.pool).await.unwrap();
    assert_eq!(state, "FAILED");
}
