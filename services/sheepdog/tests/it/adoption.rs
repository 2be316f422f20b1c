//! Going on with the database of the original.

use serde_json::{Value, json};

use crate::support::{TestSheepdog, case, sample};

const CASE: &str = "ca000000-0000-4000-8000-000000000001";
const SAMPLE: &str = "5a000000-0000-4000-8000-000000000001";

#[actix_web::test]
async fn records_of_the_original_are_read_changed_and_deleted() {
    let sheepdog = TestSheepdog::adopted().await;
    let read = sheepdog.get(&format!("/P/Q/entities/{CASE}")).await;
    let properties = &read.body["entities"][0]["properties"];
    let shown = json!([properties["age"], properties["tags"], properties["studies"][0]["submitter_id"]]);
    assert_eq!((read.status, shown), (200, json!([48, ["a", "b"], "S"])));

    // Found by its key whatever the case, and the same record again: nothing is written.
    let mut document = case("C", "S");
    document["age"] = json!(48);
    let same = sheepdog.put("/P/Q", document.clone()).await;
    assert_eq!((same.status, same.id().as_str()), (200, CASE), "{:?}", same.body);
    let history = "select count(*) from _voided_nodes where label = 'case'";
    assert_eq!(sheepdog.count(history).await, 1);
    document["age"] = json!(49);
    assert_eq!(sheepdog.put("/P/Q", document).await.body["updated_entity_count"], 1);
    let stored = "select jsonb_build_array(n._props -> 'age', n._props -> 'created_datetime', \
                  v.properties -> 'age', v.created = n.created) from node_case n \
                  join _voided_nodes v using (node_id) where n._props ->> 'submitter_id' = 'C' \
                  order by v.key desc limit 1";
    let expected: Value = json!([49, "2019-05-01T10:00:00.000001+00:00", 48, true]);
    assert_eq!(sheepdog.props(stored).await, expected);

    // The first branch only.
    let refused = sheepdog.delete(&format!("/P/Q/entities/{CASE}")).await;
    assert_eq!(refused.body["dependent_ids"], "d1000000-0000-4000-8000-000000000001");
    assert_eq!(sheepdog.delete(&format!("/P/Q/entities/{SAMPLE}")).await.status, 200);
}

#[actix_web::test]
async fn types_that_the_dictionary_gained_are_filled_beside_the_records_of_the_original() {
    let sheepdog = TestSheepdog::adopted().await;
    let aliquot = json!({"type": "aliquot", "submitter_id": "A", "samples": [{"submitter_id": "x"}]});
    let answer = sheepdog.put("/P/Q", json!([aliquot, sample("Y", "c")])).await;
    assert_eq!((answer.status, &answer.body["created_entity_count"]), (200, &json!(2)), "{:?}", answer.body);
}

#[actix_web::test]
async fn a_dry_run_of_the_original_is_committed_and_its_pending_transactions_are_left_alone() {
    let sheepdog = TestSheepdog::adopted().await;
    let committed = sheepdog.put("/P/Q/transactions/3/commit", json!({})).await;
    assert_eq!((committed.status, &committed.body["created_entity_count"]), (200, &json!(1)));
    psqlgraph::running::sweep(&mut sheepdog.pool.acquire().await.unwrap()).await.unwrap();
    let pending = "select jsonb_agg(id order by id) from transaction_logs where state = 'PENDING'";
    assert_eq!(sheepdog.props(pending).await, json!([1, 4]));
}

#[actix_web::test]
async fn a_project_of_the_original_is_submitted_and_released() {
    let sheepdog = TestSheepdog::adopted().await;
    for transition in ["review", "submit", "release"] {
        let answer = sheepdog.put(&format!("/P/Q/{transition}"), json!({})).await;
        assert_eq!(answer.status, 200, "{transition}: {:?}", answer.body);
    }
    assert_eq!(sheepdog.count("select count(*) from versioned_nodes").await, 4);
}
