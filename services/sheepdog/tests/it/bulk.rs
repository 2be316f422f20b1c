//! Several documents in one transaction.

use serde_json::{Value, json};
use sheepdog::Config;

use crate::support::{TestSheepdog, case, sample, study};

fn part(name: &str, format: &str, text: &str) -> Value {
    json!({"name": name, "doc_format": format, "doc": text})
}

fn parts() -> Value {
    let cases = "type\tsubmitter_id\tstudies.submitter_id\ncase\tC1\tS\ncase\tC2\tS\n";
    json!([
        part("studies", "JSON", &study("S").to_string()),
        part("cases", "tsv", cases),
        part("samples", "json", &json!([sample("X", "C1")]).to_string()),
    ])
}

#[actix_web::test]
async fn later_documents_see_the_nodes_of_earlier_ones() {
    let sheepdog = TestSheepdog::start().await;
    let answer = sheepdog.post("/P/Q/bulk", parts()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let mut body = answer.body;
    let transactions = body["subtransactions"].take();
    assert_eq!(
        body,
        json!({"code": 201, "created_entity_count": 4, "document_error_count": 0, "entity_error_count": 0,
               "message": "Bulk Transaction succeeded.", "subtransactions": null, "success": true,
               "transaction_id": body["transaction_id"], "transactional_errors": [],
               "updated_entity_count": 0})
    );
    assert_eq!(transactions[1]["name"], "cases");
    assert_eq!(transactions[1]["response_json"]["created_entity_count"], 2);
    assert_eq!(sheepdog.count("select count(*) from node_case").await, 2);
    let documents = "select count(*) from transaction_documents d \
                     join transaction_logs l on l.id = d.transaction_id \
                     where d.name in ('studies', 'cases', 'samples') and l.state = 'SUCCEEDED'";
    assert_eq!(sheepdog.count(documents).await, 3);
}

#[actix_web::test]
async fn one_bad_document_stops_all() {
    let sheepdog = TestSheepdog::start().await;
    let mut bad = parts();
    bad[1]["doc"] = json!("type\tsubmitter_id\ncase\t\"C1\n");
    let answer = sheepdog.put("/P/Q/bulk", bad).await;
    assert_eq!((answer.status, &answer.body["document_error_count"]), (400, &json!(2)));
    assert_eq!(answer.body["message"], "Bulk Transaction failed.");
    assert_eq!(answer.body["created_entity_count"], 0);
    assert_eq!(sheepdog.count("select count(*) from node_study").await, 0);
    let state = "select to_jsonb(state) from transaction_logs order by id desc limit 1";
    assert_eq!(sheepdog.props(state).await, json!("FAILED"));
}

#[actix_web::test]
async fn a_dry_run_writes_nothing_and_can_be_committed() {
    let sheepdog = TestSheepdog::start().await;
    let dry = sheepdog.put("/P/Q/bulk/_dry_run", parts()).await;
    assert_eq!((dry.status, &dry.body["success"]), (200, &json!(true)));
    assert_eq!(sheepdog.count("select count(*) from node_study").await, 0);
    let path = format!("/P/Q/transactions/{}/commit", dry.body["transaction_id"]);
    let committed = sheepdog.put(&path, json!({})).await;
    assert_eq!((committed.status, &committed.body["created_entity_count"]), (200, &json!(4)));
}

#[actix_web::test]
async fn what_is_no_list_of_documents_is_refused() {
    let sheepdog = TestSheepdog::start().await;
    for body in
        [json!({"a": 1}), json!([]), json!([5]), json!([{"name": "a"}]), json!([part("a", "xml", "")])]
    {
        let answer = sheepdog.put("/P/Q/bulk", body).await;
        assert_eq!(answer.status, 400);
        assert!(answer.body["message"].is_string());
    }
    assert_eq!(sheepdog.put("/P/Q", json!([study("S"), case("C", "S")])).await.status, 200);
}

#[actix_web::test]
async fn a_transfer_of_too_many_records_is_refused_before_anything_is_written() {
    let sheepdog = TestSheepdog::start().await;
    let config = Config { most_bulk_documents: 3, ..Config::default() };
    let small = sheepdog.with_config(config);
    let zeros = |count: usize| part("z", "json", &json!(vec![0; count]).to_string());
    let logs = "select count(*) from transaction_logs";
    let before = sheepdog.count(logs).await;
    for body in [json!([zeros(4)]), json!([zeros(2), zeros(2)]), json!(vec![zeros(0); 4])] {
        let refused = small.put("/P/Q/bulk", body).await;
        let message = "413 Request Entity Too Large: there are more than 3 documents";
        assert_eq!((refused.status, &refused.body["message"]), (413, &json!(message)));
    }
    assert_eq!(sheepdog.count(logs).await, before);
    assert_eq!(small.put("/P/Q/bulk", json!([zeros(3)])).await.status, 400);
}

#[actix_web::test]
async fn the_answer_to_many_errors_is_bounded_and_the_log_has_all() {
    let sheepdog = TestSheepdog::start().await;
    let bad: Vec<Value> = (0..150)
        .map(|number| json!({"type": "case", "submitter_id": format!("C{number}"), "age": "x".repeat(300)}))
        .collect();
    let mixed: Vec<Value> = bad.iter().cloned().chain(vec![json!(0); 150]).collect();
    let refused = sheepdog.put("/P/Q", json!(mixed)).await;
    assert_eq!((refused.status, &refused.body["entity_error_count"]), (400, &json!(300)));
    let entities = refused.body["entities"].as_array().unwrap();
    assert_eq!(entities.len(), 300);
    let messages = |entities: &[Value]| -> Vec<String> {
        let errors =
            entities.iter().map(|entity| entity["errors"][0]["message"].as_str().unwrap_or_default());
        errors.map(str::to_owned).collect()
    };
    let brief = "(the message is in the transaction log)";
    let is_brief = messages(entities).iter().map(|message| message == brief).collect::<Vec<_>>();
    assert_eq!(is_brief, [vec![false; 100], vec![true; 200]].concat());
    assert_eq!(entities[120]["errors"][0]["keys"], entities[20]["errors"][0]["keys"]);
    let log = "select response_json from transaction_documents order by id desc limit 1";
    let logged = sheepdog.props(log).await;
    let logged = messages(logged["entities"].as_array().unwrap());
    assert!(logged.len() == 300 && logged.iter().all(|message| message != brief && !message.is_empty()));
}
