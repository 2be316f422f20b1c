//! Joins.

use serde_json::{Value, json};
use tube::Form;

use crate::graph::{FILES, Memory, cases, read, run, study};

fn joined(join: &str) -> String {
    let cases = cases(&format!(
        "    props: [{{name: project_id}}, {{name: submitter_id}}]
    aggregated_props: [{{name: samples, path: samples, fn: count}}]
    joining_props:
{join}"
    ));
    format!("{cases}{FILES}")
}

async fn documents(mapping: &str) -> (Vec<Value>, String) {
    let database = study().await;
    let etl = read(mapping, Form::Right);
    let mut memory = Memory::default();
    run(&etl, &database, &mut memory).await.unwrap();
    let way = etl.plan()[0].statements.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>().join("\n");
    (memory.documents("c"), way)
}

#[tokio::test]
async fn files_below_a_case_are_found_by_way_of_links() {
    let join = "      - index: file
        join_on: case_id
        props:
          - {name: sizes, src: file_size, fn: set}
          - {name: bytes, src: file_size, fn: sum}
          - {name: codes, src: consent_codes, fn: set}";
    let (cases, way) = documents(&joined(join)).await;
    assert!(!way.contains("held in memory"), "{way}");
    let of =
        |document: &Value| [document["sizes"].clone(), document["bytes"].clone(), document["codes"].clone()];
    assert_eq!(of(&cases[0]), [json!([10]), json!(10), json!(["gru", "hmb"])]);
    assert_eq!(of(&cases[1]), [Value::Null, Value::Null, Value::Null], "no match: absent");
}

#[tokio::test]
async fn other_joins_are_made_by_the_values_of_fields() {
    let join = "      - index: file
        join_on: project_id
        props: [{name: names, src: file_name, fn: set}]
      - index: file
        join_on: _case_id
        props: [{name: study, src: study_name}]";
    let (cases, way) = documents(&joined(join)).await;
    assert!(way.contains("held in memory"), "{way}");
    assert_eq!(cases[2]["names"], json!(["one", "two"]));
    assert_eq!((&cases[0]["study"], cases[1].get("study")), (&json!("study"), None));
}

#[tokio::test]
async fn a_joined_field_has_the_type_it_has_in_the_other_index() {
    let join = "      - index: file
        join_on: _case_id
        props: [{name: file_size, fn: set}, {name: files, src: file_name, fn: count}]";
    let etl = read(&joined(join), Form::Right);
    let outline = etl.outlines().next().unwrap();
    let mapping = outline.mapping();
    assert_eq!(mapping["mappings"]["properties"]["file_size"]["type"], "long");
    assert_eq!(mapping["mappings"]["properties"]["files"]["type"], "float");
    assert_eq!(outline.arrays(), ["file_size"]);
}
