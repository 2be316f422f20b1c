//! Reading the database of the original.

use serde_json::json;

use crate::support::Commons;

#[actix_web::test]
async fn records_and_transactions_of_the_original_are_shown() {
    let commons = Commons::adopted().await;
    let query = "{ case(order_by_asc: \"submitter_id\") { submitter_id age tags created_datetime \
                 samples { submitter_id tissue } diagnoses { code } studies { submitter_id } } \
                 _case_count(project_id: \"P-Q\") _aliquot_count \
                 project(first: 0) { code programs { name } } }";
    let created = "2019-05-01T10:00:00.000001+00:00";
    let expected = json!({
        "case": [
            {"submitter_id": "C", "age": 48.0, "tags": ["a", "b"], "created_datetime": created,
             "samples": [{"submitter_id": "X", "tissue": "blood"}], "diagnoses": [{"code": "C50"}],
             "studies": [{"submitter_id": "S"}]},
            {"submitter_id": "c2", "age": null, "tags": null, "created_datetime": created,
             "samples": [], "diagnoses": [],
             "studies": [{"submitter_id": "S"}]},
        ],
        "_case_count": 2,
        "_aliquot_count": 0,
        "project": [{"code": "Q", "programs": [{"name": "P"}]}],
    });
    assert_eq!(commons.data("admin", query).await, expected);
    let query = "{ transaction_log(id: 2) { role submitter state snapshots { id action new_props } \
                 documents { doc_format doc_size } } }";
    let expected = json!({"transaction_log": [{
        "role": "create", "submitter": "ada", "state": "SUCCEEDED",
        "snapshots": [{"id": "1", "action": "create", "new_props": "{'age': 47, 'submitter_id': 'C'}"}],
        "documents": [{"doc_format": "json", "doc_size": 39}],
    }]});
    assert_eq!(commons.data("admin", query).await, expected);
}
