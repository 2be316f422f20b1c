//! Transaction logs.

use psqlgraph::transactions::{self, Document, NewLog, Role, Snapshot, State};
use serde_json::json;

use crate::support::Commons;

/// Three transactions: a creation in Q, a dry run in Q, an update in R.
async fn commons_with_logs() -> Commons {
    let commons = Commons::with_study().await;
    let mut connection = commons.database.pool.acquire().await.unwrap();
    for (role, project, is_dry_run) in
        [(Role::Create, "Q", false), (Role::Update, "Q", true), (Role::Delete, "R", false)]
    {
        let log = NewLog { submitter: Some("ada"), role, program: "P", project, is_dry_run };
        let id = transactions::open(&mut connection, &log).await.unwrap();
        let snapshot = Snapshot {
            entity_id: "case-c01".into(),
            action: "create",
            old_props: "{}".into(),
            new_props: "{\"a\": true}".into(),
        };
        transactions::add_snapshots(&mut connection, id, vec![snapshot]).await.unwrap();
        let response = json!({"code": 200, "success": true, "transaction_id": id, "entities": [
            {"id": "case-c01", "unique_keys": [{"submitter_id": "c01"}],
             "related_cases": [{"id": "x", "submitter_id": "rel"}]}
        ]});
        let document = Document { name: Some("d"), format: "json", text: "{é}", response: &response };
        transactions::add_document(&mut connection, id, &document).await.unwrap();
        transactions::finish(&mut connection, id, State::Succeeded, Some("[{\"b\": null}]")).await.unwrap();
    }
    drop(connection);
    commons
}

#[actix_web::test]
async fn a_log_shows_its_snapshots_documents_and_answer() {
    let commons = commons_with_logs().await;
    let query = "{transaction_log(project_id: \"P-Q\", type: \"upload\", is_dry_run: false) {id type role \
                 state submitter project_id \
                 canonical_json snapshots {id action new_props transaction_id} documents {name doc_size \
                 doc_format response_json \
                 response {success code transaction_id entities {id unique_keys}}} related_cases \
                 {submitter_id}}}";
    assert_eq!(
        commons.data("admin", query).await,
        json!({"transaction_log": [{
            "id": "1", "type": "upload", "role": "create", "state": "SUCCEEDED", "submitter": "ada",
            "project_id": "P-Q",
            "canonical_json": "[{'b': None}]",
            "snapshots": [{"id": "1", "action": "create", "new_props": "{'a': True}", "transaction_id": 1}],
            "documents": [{
                "name": "d", "doc_size": 3, "doc_format": "json",
                "response_json": "{\"code\": 200, \"success\": true, \"entities\": \
                                  [{\"id\": \"case-c01\", \"unique_keys\": \
                                  [{\"submitter_id\": \"c01\"}], \"related_cases\": \
                                  [{\"id\": \"x\", \"submitter_id\": \"rel\"}]}], \
                                  \"transaction_id\": 1}",
                "response": {"success": true, "code": 200, "transaction_id": "1", "entities": [
                    {"id": "case-c01", "unique_keys": "[{\"submitter_id\": \"c01\"}]"}
                ]},
            }],
            "related_cases": [{"submitter_id": "rel"}],
        }]})
    );
}

#[actix_web::test]
async fn logs_are_filtered_ordered_and_counted() {
    let commons = commons_with_logs().await;
    let cases = [
        ("id: 2", json!(["2"])),
        ("id: \"x\"", json!([])),
        ("quick_search: \"3\"", json!(["3"])),
        ("project: \"Q\", program: \"P\"", json!(["1", "2"])),
        ("committable: true", json!(["2"])),
        ("committable: false", json!(["1", "3"])),
        ("type: \"delete\"", json!(["3"])),
        ("entities: [\"case-c01\"], closed: false", json!(["1", "2", "3"])),
        ("entities: [\"nope\"]", json!([])),
        ("related_cases: [\"rel\"], is_dry_run: true", json!(["2"])),
        ("state: \"FAILED\"", json!([])),
        ("order_by_desc: \"id\"", json!(["3", "2", "1"])),
        ("order_by_asc: \"nope\", first: 0", json!(["1", "2", "3"])),
    ];
    for (filter, ids) in cases {
        let data = commons
            .data(
                "admin",
                &format!("{{transaction_log({filter}) {{id}} n: _transaction_log_count({filter})}}"),
            )
            .await;
        let found: Vec<_> =
            data["transaction_log"].as_array().unwrap().iter().map(|log| log["id"].clone()).collect();
        assert_eq!(json!(found), ids, "{filter}");
        let counted = if filter.contains("first: 0") { json!(0) } else { json!(found.len()) };
        assert_eq!(data["n"], counted, "{filter}");
    }
    let data = commons
        .data(
            "admin",
            "{transaction_log(last: 2) {id} n: _transaction_log_count(last: 2) o: \
                                      _transaction_log_count(first: 1)}",
        )
        .await;
    assert_eq!(data, json!({"transaction_log": [{"id": "3"}, {"id": "2"}], "n": 3, "o": 1}));
}

#[actix_web::test]
async fn a_node_has_the_logs_that_touched_it() {
    let commons = commons_with_logs().await;
    let query = "{case(submitter_id: [\"c01\", \"c02\"], order_by_asc: \"id\") {_transaction_logs(first: 1) \
                 {id} _transaction_logs_count}}";
    assert_eq!(
        commons.data("admin", query).await,
        json!({"case": [
            {"_transaction_logs": [{"id": "1"}], "_transaction_logs_count": 3},
            {"_transaction_logs": [], "_transaction_logs_count": 0},
        ]})
    );
}

#[actix_web::test]
async fn logs_of_hidden_projects_do_not_show() {
    let commons = commons_with_logs().await;
    let query =
        "{transaction_log {id} _transaction_log_count case(submitter_id: \"c01\") {_transaction_logs_count}}";
    assert_eq!(
        commons.data("reader", query).await,
        json!({
            "transaction_log": [{"id": "1"}, {"id": "2"}], "_transaction_log_count": 2,
            "case": [{"_transaction_logs_count": 2}],
        })
    );
}

#[actix_web::test]
async fn snapshots_of_deletions_are_shown_as_the_original_has_them_whoever_wrote_them() {
    let commons = Commons::with_study().await;
    let mut connection = commons.database.pool.acquire().await.unwrap();
    let log = NewLog { submitter: None, role: Role::Delete, program: "P", project: "Q", is_dry_run: false };
    let id = transactions::open(&mut connection, &log).await.unwrap();
    let snapshot = |entity: &str, action, old: &str, new: &str| Snapshot {
        entity_id: entity.into(),
        action,
        old_props: old.into(),
        new_props: new.into(),
    };
    let snapshots = vec![
        snapshot("now", "delete", "{}", "{\"a\": 1}"),
        snapshot("then", "delete", "{\"a\": 2}", "{}"),
        snapshot("other", "update", "{\"a\": 3}", "{}"),
    ];
    transactions::add_snapshots(&mut connection, id, snapshots).await.unwrap();
    drop(connection);
    let query = "{transaction_log {snapshots {old_props new_props}}}";
    let shown = commons.data("admin", query).await["transaction_log"][0]["snapshots"].take();
    assert_eq!(
        shown,
        json!([
            {"old_props": "{}", "new_props": "{'a': 1}"},
            {"old_props": "{}", "new_props": "{'a': 2}"},
            {"old_props": "{'a': 3}", "new_props": "{}"},
        ])
    );
}
