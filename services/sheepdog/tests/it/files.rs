//! File nodes and the index.

use indexclient::Record;
use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::support::{TestSheepdog, study};

fn reading(submitter_id: &str, md5: u8) -> Value {
    json!({"type": "reading", "submitter_id": submitter_id, "file_name": "f", "file_size": 10,
           "md5sum": format!("{md5:032x}"), "studies": {"submitter_id": "S"}})
}

fn indexed(did: &str, md5: u8, uploader: Option<&str>) -> Record {
    Record {
        did: did.to_owned(),
        rev: "r".to_owned(),
        size: Some(10),
        hashes: IndexMap::from([("md5".to_owned(), format!("{md5:032x}"))]),
        uploader: uploader.map(str::to_owned),
        ..Record::default()
    }
}

#[actix_web::test]
async fn a_file_is_registered_with_what_guards_it() {
    let sheepdog = TestSheepdog::start().await;
    let mut file = reading("R", 1);
    file["urls"] = json!("s3://a/b");
    file["consent_codes"] = json!(["gru"]);
    assert_eq!(sheepdog.put("/P/Q", json!([study("S"), file])).await.status, 200);
    let records = sheepdog.index.all();
    let [record] = records.as_slice() else { panic!("one record: {records:?}") };
    assert_eq!(record.urls, ["s3://a/b"]);
    assert_eq!(record.authz, ["/programs/P/projects/Q", "/consents/gru"]);
    assert_eq!(record.acl, ["phsQ", "phsP"]);
    let stored = "select _props || jsonb_build_object('acl', acl) from node_reading";
    let stored = sheepdog.props(stored).await;
    assert_eq!((&stored["object_id"], &stored["urls"]), (&json!(record.did), &Value::Null));
    assert_eq!(stored["acl"], json!(["phsQ", "phsP"]));
    assert_eq!((&stored["file_state"], &stored["error_type"]), (&json!("registered"), &Value::Null));
}

#[actix_web::test]
async fn a_refused_submission_leaves_no_record() {
    let sheepdog = TestSheepdog::start().await;
    let mut orphan = reading("R", 1);
    orphan["studies"] = json!({"submitter_id": "nobody"});
    assert_eq!(sheepdog.put("/P/Q", json!([study("S"), orphan])).await.status, 400);
    assert_eq!(
        sheepdog.put("/P/Q/_dry_run", json!([study("S"), reading("R", 1)])).await.body["success"],
        true
    );
    assert_eq!(sheepdog.index.all().len(), 0);
}

#[actix_web::test]
async fn records_are_taken_back_when_the_index_fails_half_way() {
    let sheepdog = TestSheepdog::start().await;
    let did = "11111111-1111-4111-8111-111111111111";
    sheepdog.index.put(indexed(did, 1, Some("admin")));
    sheepdog.index.refuse_updates();
    let mut claimed = reading("R1", 1);
    claimed["object_id"] = json!(did);
    let answer = sheepdog.put("/P/Q", json!([study("S"), claimed, reading("R2", 2)])).await;
    assert_eq!(answer.status, 400);
    let message = "Fail to register the data node in indexd. Detail refused by the test";
    assert_eq!(answer.body["transactional_errors"], json!([message]));
    assert_eq!(sheepdog.index.all().len(), 1);
    assert_eq!(sheepdog.count("select count(*) from node_reading").await, 0);
}

#[actix_web::test]
async fn who_submits_while_the_index_is_away_is_asked_to_come_again() {
    let sheepdog = TestSheepdog::start().await;
    let did = "11111111-1111-4111-8111-111111111111";
    sheepdog.index.put(indexed(did, 1, Some("admin")));
    sheepdog.index.lose_updates();
    let mut claimed = reading("R1", 1);
    claimed["object_id"] = json!(did);
    let document = json!([study("S"), claimed]);
    let bulk = json!([{"name": "a", "doc_format": "json", "doc": document.to_string()}]);
    for (path, body) in [("/P/Q", document), ("/P/Q/bulk", bulk)] {
        assert_eq!(sheepdog.put(path, body).await.status, 503, "{path}");
    }
    assert_eq!(sheepdog.count("select count(*) from node_reading").await, 0);
    let states = "select jsonb_agg(state) from transaction_logs where submitter is not null";
    assert_eq!(sheepdog.props(states).await, json!(["ERRORED", "ERRORED"]));
}

#[actix_web::test]
async fn an_uploaded_file_is_claimed_by_its_uploader_only() {
    let sheepdog = TestSheepdog::start().await;
    let dids = ["11111111-1111-4111-8111-111111111111", "11111111-1111-4111-8111-222222222222"];
    sheepdog.index.put(indexed(dids[0], 1, Some("admin")));
    sheepdog.index.put(indexed(dids[1], 2, Some("somebody")));
    let mut own = reading("R1", 1);
    own["object_id"] = json!(dids[0]);
    let mut foreign = reading("R2", 2);
    foreign["object_id"] = json!(dids[1]);
    let mut wrong = reading("R3", 3);
    wrong["object_id"] = json!(dids[0]);
    assert_eq!(sheepdog.put("/P/Q", json!([study("S"), own])).await.status, 200);
    let refused = sheepdog.put("/P/Q", json!([foreign, wrong])).await;
    assert_eq!(refused.errors(), vec![("INVALID_VALUE".to_owned(), json!([])); 2]);
    let records = sheepdog.index.all();
    assert_eq!((records[0].uploader.clone(), records[0].acl.len()), (None, 2));
    assert_eq!(records[1].uploader.as_deref(), Some("somebody"));
}

#[actix_web::test]
async fn naming_the_file_of_another_project_gives_no_right_to_move_it() {
    let sheepdog = TestSheepdog::start().await;
    let did = "11111111-1111-4111-8111-111111111111";
    let authz = vec!["/programs/P/projects/other".to_owned()];
    let urls = vec!["s3://theirs/f".to_owned()];
    sheepdog.index.put(Record { authz, urls, ..indexed(did, 1, None) });
    let mut file = reading("R", 1);
    file["object_id"] = json!(did);
    assert_eq!(sheepdog.put("/P/Q", json!([study("S"), file])).await.status, 200);
    file["urls"] = json!("s3://mine/f");
    let refused = sheepdog.put("/P/Q", file).await;
    assert_eq!(refused.errors(), [("INVALID_PERMISSIONS".to_owned(), json!(["urls"]))]);
    assert_eq!(sheepdog.index.all()[0].urls, ["s3://theirs/f"]);
}

#[actix_web::test]
async fn the_same_bytes_are_one_record() {
    let sheepdog = TestSheepdog::start().await;
    let answer = sheepdog.put("/P/Q", json!([study("S"), reading("R1", 1), reading("R2", 1)])).await;
    assert_eq!(answer.status, 200);
    assert_eq!(sheepdog.put("/P/Q", reading("R3", 1)).await.status, 200);
    assert_eq!(sheepdog.index.all().len(), 1);
    assert_eq!(sheepdog.count("select count(distinct _props ->> 'object_id') from node_reading").await, 1);
}

#[actix_web::test]
async fn a_group_takes_one_of_its_links_and_only_one() {
    let sheepdog = TestSheepdog::start().await;
    let mut none = reading("R", 1);
    none.as_object_mut().unwrap().shift_remove("studies");
    let missing = sheepdog.put("/P/Q", json!([study("S"), none])).await;
    assert_eq!(missing.errors(), vec![("INVALID_LINK".to_owned(), json!(["aliquots", "studies"]))]);
    assert_eq!(
        missing.body["entities"][1]["errors"][0]["message"],
        "Entity is missing a required link to aliquots or studies"
    );
}

#[actix_web::test]
async fn locations_may_be_a_list_and_are_never_lost() {
    let sheepdog = TestSheepdog::start().await;
    let mut file = reading("R", 1);
    file["urls"] = json!(["s3://b/k1", "gs://b/k2"]);
    assert_eq!(sheepdog.put("/P/Q", json!([study("S"), file])).await.status, 200);
    assert_eq!(sheepdog.index.all()[0].urls, ["s3://b/k1", "gs://b/k2"]);
    file["urls"] = json!({"s3": "b/k1"});
    let refused = sheepdog.put("/P/Q", file).await;
    assert_eq!(refused.errors(), [("INVALID_VALUE".to_owned(), json!(["urls"]))]);
}

#[actix_web::test]
async fn the_size_and_hash_of_a_file_are_those_of_its_record() {
    let sheepdog = TestSheepdog::start().await;
    let file = reading("R", 1);
    assert_eq!(sheepdog.put("/P/Q", json!([study("S"), file])).await.status, 200);
    for (key, value) in [("file_size", json!(11)), ("md5sum", json!(format!("{:032x}", 2)))] {
        let mut changed = file.clone();
        changed[key] = value;
        let refused = sheepdog.put("/P/Q", changed).await;
        assert_eq!(refused.errors(), [("INVALID_VALUE".to_owned(), json!([]))], "{key}");
    }
    let mut renamed = file;
    renamed["file_name"] = json!("g");
    assert_eq!(sheepdog.put("/P/Q", renamed).await.status, 200);
}

/// The small dictionary, whose files have no `object_id`.
fn old_style() -> dictionary::Dictionary {
    let mut files: IndexMap<String, Value> = serde_json::from_str(testing::SMALL_DICTIONARY).unwrap();
    files["reading.yaml"]["properties"].as_object_mut().unwrap().shift_remove("object_id");
    dictionary::Dictionary::from_files(files).unwrap()
}

#[actix_web::test]
async fn without_object_id_the_node_has_the_id_of_its_record_or_one_of_its_own() {
    let sheepdog = TestSheepdog::of(old_style()).await;
    let known = "11111111-1111-4111-8111-111111111111";
    sheepdog.index.put(indexed(known, 1, None));
    let first = sheepdog.put("/P/Q", json!([study("S"), reading("R1", 1)])).await;
    assert_eq!(first.body["entities"][1]["id"], known);
    // What was found is not claimed.
    let record = sheepdog.index.all().into_iter().find(|record| record.did == known).unwrap();
    assert!(record.authz.is_empty() && record.acl.is_empty());
    // The same bytes again are another file.
    let second = sheepdog.put("/P/Q", json!([reading("R2", 1), reading("R3", 1)])).await;
    assert_eq!(second.body["created_entity_count"], 2, "{:?}", second.body);
    let mut wrong = reading("R4", 1);
    wrong["id"] = json!("22222222-2222-4222-8222-222222222222");
    let refused = sheepdog.put("/P/Q", wrong).await;
    assert_eq!(refused.errors(), [("INVALID_VALUE".to_owned(), json!([]))]);
    let changed = sheepdog.put("/P/Q", reading("R1", 9)).await;
    assert_eq!(changed.errors(), [("NOT_UNIQUE".to_owned(), json!([]))]);
}
