//! Submission of a project, and what follows from it.

use serde_json::{Value, json};

use crate::support::{TestSheepdog, case, sample};

/// A project in review with a study, a case, two samples, one of which is in another state, and a file.
async fn in_review() -> TestSheepdog {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let file = json!({"type": "reading", "submitter_id": "R", "file_name": "f", "file_size": 10,
                      "md5sum": format!("{:032x}", 1), "studies": {"submitter_id": "S"}});
    let answer = sheepdog.put("/P/Q", json!([sample("X", "C"), sample("Y", "C"), file])).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let mut connection = sheepdog.pool.acquire().await.unwrap();
    sqlx::raw_sql(
        "update node_sample set _props = _props || '{\"state\": \"error\"}' \
             where _props ->> 'submitter_id' = 'Y'; \
         update node_reading set _props = _props || '{\"file_state\": \"validated\", \"state\": null}'; \
         delete from _voided_nodes",
    )
    .execute(&mut *connection)
    .await
    .unwrap();
    drop(connection);
    assert_eq!(sheepdog.put("/P/Q/review", json!({})).await.status, 200);
    sheepdog
}

#[actix_web::test]
async fn a_reviewed_project_is_submitted_with_its_records_and_then_released() {
    let sheepdog = in_review().await;
    let refused = sheepdog.put("/P/Q/release", json!({})).await;
    let reason =
        json!([{"message": "Project is not releasable. Project must be submitted at least once first."}]);
    assert_eq!((refused.status, &refused.body["transactional_errors"]), (400, &reason));

    let submitted = sheepdog.put("/P/Q/submit", json!({})).await;
    let id = submitted.body["transaction_id"].clone();
    let expected = json!({"code": 200, "entities": [], "entity_error_count": 0, "success": true,
                          "transaction_id": id,
                          "message": "Successfully transitioned project state to 'submitted'",
                          "transactional_error_count": 0, "transactional_errors": []});
    assert_eq!((submitted.status, submitted.body), (200, expected));
    let project = sheepdog.props("select _props from node_project").await;
    assert_eq!((&project["state"], &project["releasable"]), (&json!("submitted"), &json!(true)));

    let states = "select jsonb_object_agg(_props ->> 'submitter_id', \
                      coalesce(_props ->> 'file_state' || '/', '') || (_props ->> 'state')) \
                  from (select _props from node_study union all select _props from node_case \
                  union all select _props from node_sample union all select _props from node_reading) n";
    // A study is administrative and keeps its state.
    let expected = json!({"S": "validated", "C": "submitted", "X": "submitted", "Y": "error",
                          "R": "submitted/submitted"});
    assert_eq!(sheepdog.props(states).await, expected);

    assert_eq!(sheepdog.put("/P/Q/release", json!({})).await.status, 200);
    assert_eq!(sheepdog.props("select _props -> 'released' from node_project").await, json!(true));
}

#[actix_web::test]
async fn a_submission_of_a_project_leaves_history_versions_and_snapshots() {
    let sheepdog = in_review().await;
    let id = sheepdog.put("/P/Q/submit", json!({})).await.body["transaction_id"].clone();
    let history =
        "select jsonb_object_agg(label, properties -> 'state') from _voided_nodes where label <> 'project'";
    let expected = json!({"case": "validated", "sample": "validated", "reading": null});
    assert_eq!(sheepdog.props(history).await, expected);

    let versions = "select jsonb_object_agg(v.label, jsonb_build_array(v.project_id, \
                    v.properties -> 'state', v.properties = n._props, v.created = n.created, v.acl = n.acl, \
                    v.gdc_versions, cardinality(v.neighbors))) from versioned_nodes v \
                    join (select * from node_case union all select * from node_sample \
                          union all select * from node_reading) n using (node_id)";
    let version = |neighbors: u8| json!(["P-Q", "submitted", true, true, true, null, neighbors]);
    // The case has a study and two samples.
    let expected = json!({"case": version(3), "sample": version(1), "reading": version(1)});
    assert_eq!(sheepdog.props(versions).await, expected);

    let snapshots = "select jsonb_agg(jsonb_build_array(transaction_id, action, old_props -> 'age', \
                     old_props -> 'state', new_props -> 'state', \
                     old_props ->> 'updated_datetime' < new_props ->> 'updated_datetime')) \
                     from transaction_snapshots where action = 'submit' and new_props ? 'age'";
    let expected = json!([[id, "submit", null, "validated", "submitted", true]]);
    assert_eq!(sheepdog.props(snapshots).await, expected);
    let log = "select jsonb_build_array(id, role, state, is_dry_run) from transaction_logs \
               order by id desc limit 1";
    assert_eq!(sheepdog.props(log).await, json!([id, "submit", "SUCCEEDED", false]));
}

#[actix_web::test]
async fn a_dry_run_of_a_submission_changes_nothing_until_it_is_committed() {
    let sheepdog = in_review().await;
    let dry = sheepdog.post("/P/Q/submit/_dry_run", json!({})).await;
    let message = "Dry run successful. Would have successfully transitioned project state to 'submitted'";
    assert_eq!((dry.status, &dry.body["message"]), (200, &json!(message)));
    assert_eq!(sheepdog.count("select count(*) from versioned_nodes").await, 0);
    assert_eq!(sheepdog.props("select _props -> 'state' from node_project").await, json!("review"));
    let path = format!("/P/Q/transactions/{}/commit", dry.body["transaction_id"]);
    assert_eq!(sheepdog.put(&path, json!({})).await.status, 200);
    assert_eq!(sheepdog.count("select count(*) from versioned_nodes").await, 3);
}

#[actix_web::test]
async fn only_a_project_in_review_is_submitted() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let refused = sheepdog.put("/P/Q/submit", json!({})).await;
    let message = "Project is in state 'open', which prevents /v0/submission/P/Q/submit. In order to \
                   perform this action, \
                   the project must be in state <review>.";
    assert_eq!((refused.status, refused.body), (400, json!({ "message": message })));
    assert_eq!(sheepdog.count("select count(*) from transaction_logs where role = 'submit'").await, 0);
}

#[actix_web::test]
async fn a_submission_that_the_database_refuses_leaves_everything_as_it_was() {
    let sheepdog = in_review().await;
    sqlx::query("alter table versioned_nodes add constraint no_samples check (label <> 'sample')")
        .execute(&sheepdog.pool)
        .await
        .unwrap();
    assert_eq!(sheepdog.put("/P/Q/submit", json!({})).await.status, 500);
    let left = "select jsonb_build_array((select _props -> 'state' from node_project), \
                (select _props -> 'state' from node_case), (select count(*) from versioned_nodes), \
                (select count(*) from transaction_logs where role = 'submit'))";
    assert_eq!(sheepdog.props(left).await, json!(["review", "validated", 0, 0]));
}

#[actix_web::test]
async fn nothing_is_deleted_while_the_project_is_not_open() {
    let sheepdog = in_review().await;
    let id = sheepdog
        .props("select to_jsonb(node_id) from node_sample where _props ->> 'submitter_id' = 'X'")
        .await;
    let id = id.as_str().unwrap();
    for path in [
        format!("/P/Q/entities/{id}"),
        format!("/P/Q/entities/_dry_run/{id}"),
        format!("/P/Q/entities/{id}?fields=tissue"),
        format!("/admin/P/Q/entities/{id}/to_delete/true"),
    ] {
        let refused = sheepdog.delete(&path).await;
        let path = path.split('?').next().unwrap();
        let message = format!(
            "Project is in state 'review', which prevents /v0/submission{path}. In order to perform this \
                               action, the project must be in state <open>."
        );
        assert_eq!((refused.status, refused.body), (400, json!({ "message": message })));
    }
    assert_eq!(sheepdog.count("select count(*) from transaction_logs where role = 'delete'").await, 0);
}

#[actix_web::test]
async fn a_submitted_record_is_not_deleted() {
    let sheepdog = in_review().await;
    sheepdog.put("/P/Q/submit", json!({})).await;
    sqlx::query("update node_project set _props = _props || '{\"state\": \"open\"}'")
        .execute(&sheepdog.pool)
        .await
        .unwrap();
    let id = sheepdog
        .props("select to_jsonb(node_id) from node_sample where _props ->> 'state' = 'submitted'")
        .await;
    let refused = sheepdog.delete(&format!("/P/Q/entities/{}", id.as_str().unwrap())).await;
    let errors: Vec<(String, Value)> = refused.errors();
    assert_eq!((refused.status, errors), (400, vec![("INVALID_PERMISSIONS".to_owned(), json!(["state"]))]));
}

#[actix_web::test]
async fn records_of_another_project_keep_their_state() {
    let sheepdog = in_review().await;
    sheepdog.put("/P", json!({"code": "R", "name": "R", "dbgap_accession_number": "phsR"})).await;
    let study = json!({"type": "study", "submitter_id": "S", "projects": {"code": "R"}});
    assert_eq!(sheepdog.put("/P/R", json!([study, case("C", "S")])).await.status, 200);
    sheepdog.put("/P/Q/submit", json!({})).await;
    let state = "select _props -> 'state' from node_case where _props ->> 'project_id' = 'P-R'";
    assert_eq!(sheepdog.props(state).await, json!("validated"));
}
