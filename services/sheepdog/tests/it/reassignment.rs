//! Other locations for the bytes of file nodes.

use actix_web::test::TestRequest;
use indexclient::Record;
use serde_json::{Value, json};

use crate::support::{TestSheepdog, study, uri};

/// A project with a file, and the file's id.
async fn with_file() -> (TestSheepdog, String) {
    let sheepdog = TestSheepdog::start().await;
    let file = json!({"type": "reading", "submitter_id": "R", "file_name": "f", "file_size": 10,
                      "md5sum": format!("{:032x}", 1), "urls": "s3://old/f",
                      "studies": {"submitter_id": "S"}});
    let answer = sheepdog.put("/P/Q", json!([study("S"), file])).await;
    let id = answer.body["entities"][1]["id"].as_str().unwrap().to_owned();
    (sheepdog, id)
}

fn reassign(id: &str) -> String {
    format!("/admin/P/Q/files/{id}/reassign")
}

#[actix_web::test]
async fn a_file_gets_another_location_and_is_uploaded_with_it() {
    let (sheepdog, id) = with_file().await;
    let answer = sheepdog.put(&reassign(&id), json!({"s3_url": "s3://new/f"})).await;
    let message = "URL successfully reassigned. New url: s3://new/f";
    assert_eq!((answer.status, answer.body), (200, json!({ "message": message })));
    assert_eq!(sheepdog.index.all()[0].urls, ["s3://new/f"]);
    let states = "select jsonb_build_array((select _props -> 'file_state' from node_reading), \
                  (select properties -> 'file_state' from _voided_nodes where label = 'reading'))";
    assert_eq!(sheepdog.props(states).await, json!(["uploaded", "registered"]));
    let log = "select jsonb_build_array(l.role, l.state, s.entity_id, s.action, s.old_props -> 'file_state', \
               s.new_props -> 'file_state', d.response_json) from transaction_logs l \
               join transaction_snapshots s on s.transaction_id = l.id \
               join transaction_documents d on d.transaction_id = l.id order by l.id desc limit 1";
    let expected =
        json!(["update", "SUCCEEDED", id, "update", "registered", "uploaded", { "message": message }]);
    assert_eq!(sheepdog.props(log).await, expected);
}

#[actix_web::test]
async fn a_body_without_a_location_and_a_node_that_is_no_file_are_refused() {
    let (sheepdog, id) = with_file().await;
    for body in [json!({}), json!([]), json!({"s3_url": 1}), json!({"s3_url": "new/f"})] {
        assert_eq!(sheepdog.put(&reassign(&id), body.clone()).await.status, 400, "{body}");
    }
    let study = sheepdog.props("select to_jsonb(node_id) from node_study").await;
    let new = json!({"s3_url": "s3://new/f"});
    assert_eq!(sheepdog.put(&reassign(study.as_str().unwrap()), new.clone()).await.status, 404);
    assert_eq!(sheepdog.put(&reassign("nobody"), new.clone()).await.status, 404);
    sheepdog.forget_records().await;
    assert_eq!(sheepdog.put(&reassign(&id), new).await.status, 404);
}

#[actix_web::test]
async fn the_file_of_another_project_keeps_its_location() {
    let (sheepdog, id) = with_file().await;
    let authz = vec!["/programs/P/projects/other".to_owned()];
    sheepdog.index.put(Record { authz, ..sheepdog.index.all().remove(0) });
    let answer = sheepdog.put(&reassign(&id), json!({"s3_url": "s3://new/f"})).await;
    let message = answer.body["message"].as_str().unwrap_or_default().to_owned();
    assert!(answer.status == 400 && message.contains("belongs to another project"), "{message}");
    assert_eq!(sheepdog.index.all()[0].urls, ["s3://old/f"]);
}

#[actix_web::test]
async fn an_index_that_refuses_leaves_the_node_as_it_was() {
    let (sheepdog, id) = with_file().await;
    sheepdog.index.refuse_updates();
    assert_eq!(sheepdog.put(&reassign(&id), json!({"s3_url": "s3://new/f"})).await.status, 400);
    let state: Value = sheepdog.props("select _props -> 'file_state' from node_reading").await;
    assert_eq!(state, json!("registered"));
}

#[actix_web::test]
async fn only_who_may_do_everything_to_files_gives_them_other_locations() {
    let (sheepdog, id) = with_file().await;
    let request = TestRequest::put().uri(&uri(&reassign(&id))).set_json(json!({"s3_url": "s3://new/f"}));
    assert_eq!(sheepdog.send(request, Some("ada")).await.status, 403);
}

#[actix_web::test]
async fn what_is_not_there_says_where_to_go_instead() {
    let (sheepdog, id) = with_file().await;
    let message =
        |answer: crate::support::Answer| answer.body["message"].as_str().unwrap_or_default().to_owned();
    for method in ["GET", "PUT", "POST", "DELETE"] {
        let request =
            TestRequest::default().method(method.parse().unwrap()).uri(&uri(&format!("/P/Q/files/{id}")));
        let answer = sheepdog.send(request, Some("admin")).await;
        assert_eq!(answer.status, 501, "{method}");
        assert!(message(answer).contains("/user/data/upload"), "{method}");
    }
    let answer = sheepdog.put("/P/Q/xml/biospecimen/bcr", json!({})).await;
    assert_eq!(answer.status, 501);
    assert!(message(answer).contains("TSV"));
}
