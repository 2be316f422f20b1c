//! What documents look like.

use serde_json::{Value, json};
use tube::Form;

use crate::graph::{FILES, cases, documents, fill, link, study};

const PROJECT: &str = "    props: [{name: project_id}]\n";

#[tokio::test]
async fn a_root_has_its_properties_in_their_types() {
    let database = study().await;
    let mapping = cases(
        "    props:
      - {name: submitter_id}
      - {name: project_id}
      - {name: years, src: age}
      - {name: weight}
      - {name: consented}
      - {name: tags}
      - name: sex
        value_mappings:
          - female: F",
    );
    let right = documents(&database, &mapping, Form::Right).await;
    assert_eq!(
        right[0],
        json!({ "_case_id": "C1", "submitter_id": "c1", "project_id": "p-q", "years": 40,
            "weight": 70.123456789, "consented": "true", "tags": ["a", "b"], "sex": "F",
            "auth_resource_path": "/programs/p/projects/q" })
    );
    assert_eq!(right[1]["sex"], "male", "what is not listed stays");
    assert_eq!(right[2]["_case_id"], "C3");
    assert_eq!(right[2].get("sex"), None, "nulls are not written");
    let compat = documents(&database, &mapping, Form::Compat).await;
    assert_eq!(compat[0]["weight"].to_string(), "70.12346", "single precision");
    assert_eq!(compat[1].get("sex"), None, "what is not listed is lost");
}

#[tokio::test]
async fn parents_are_sets_or_single_values_and_near_ones_survive_the_lack_of_far_ones() {
    let database = study().await;
    let lonely =
        [("case", "C4", json!({ "project_id": "p-q" })), ("study", "S2", json!({ "description": "x" }))];
    fill(&database, &lonely, &[("C4", "studies", "S2")]).await;
    let mapping = cases(&format!(
        "{PROJECT}    parent_props:
      - path: studies[description].projects[title:name]
      - path: studies[study:submitter_id]
        relation: 1-1"
    ));
    let right = documents(&database, &mapping, Form::Right).await;
    let fields = |document: &Value| {
        (document["description"].clone(), document["title"].clone(), document["study"].clone())
    };
    assert_eq!(fields(&right[0]), (json!(["about sleep"]), json!(["the project"]), json!("study")));
    assert_eq!(fields(&right[3]), (json!(["x"]), Value::Null, Value::Null));
    let compat = documents(&database, &mapping, Form::Compat).await;
    assert_eq!(fields(&compat[0]), fields(&right[0]));
    assert_eq!(fields(&compat[3]), (Value::Null, Value::Null, Value::Null));
}

#[tokio::test]
async fn of_several_children_the_first_by_the_named_field_is_flattened() {
    let database = study().await;
    let mapping = cases(&format!(
        "{PROJECT}    flatten_props:
      - path: demographics
        props: [{{name: ethnicity}}]
      - path: diagnoses
        props: [{{name: diagnosis, src: code}}]
        sorted_by: updated_datetime, desc"
    ));
    let right = documents(&database, &mapping, Form::Right).await;
    assert_eq!((&right[0]["ethnicity"], &right[0]["diagnosis"]), (&json!("x"), &json!("cold")));
    assert_eq!(right[2].get("diagnosis"), None);
    let compat = documents(&database, &mapping, Form::Compat).await;
    assert_eq!(compat[0]["diagnosis"], "flu", "by what is read, which the date is not");
}

#[tokio::test]
async fn unsorted_children_make_several_documents_where_that_is_wanted() {
    let database = study().await;
    let mapping = cases(&format!(
        "{PROJECT}    settings: {{bypass_multiplicity_check: true}}
    flatten_props:
      - path: diagnoses
        props: [{{name: diagnosis, src: code}}]"
    ));
    let all = documents(&database, &mapping, Form::Right).await;
    let told: Vec<_> = all.iter().map(|one| (one["_case_id"].clone(), one["diagnosis"].clone())).collect();
    assert_eq!(
        told,
        [
            (json!("C1"), json!("flu")),
            (json!("C1"), json!("cold")),
            (json!("C2"), json!("flu")),
            (json!("C3"), Value::Null),
        ]
    );
}

#[tokio::test]
async fn functions_are_applied_to_what_stands_at_the_end_of_paths() {
    let database = study().await;
    let mapping = cases(&format!(
        "{PROJECT}    aggregated_props:
      - {{name: samples, path: samples, fn: count}}
      - {{name: ways, path: samples.aliquots, fn: count}}
      - {{name: tissues, path: samples, src: tissue, fn: set}}
      - {{name: each, path: samples, src: tissue, fn: list}}
      - {{name: parts, path: samples.aliquots, src: submitter_id, fn: set}}
      - {{name: amount, path: samples.aliquots, fn: sum}}
      - {{name: least, path: samples.aliquots, src: amount, fn: min}}
      - {{name: most, path: samples.aliquots, src: amount, fn: max}}"
    ));
    let right = documents(&database, &mapping, Form::Right).await;
    let fields = ["samples", "ways", "tissues", "each", "amount", "least", "most"];
    let of =
        |document: &Value| -> Vec<Value> { fields.iter().map(|field| document[*field].clone()).collect() };
    let tissues = json!(["skin", "blood"]);
    assert_eq!(
        of(&right[0]),
        [json!(2), json!(3), tissues.clone(), tissues, json!(5.5), json!(1.5), json!(2.5)]
    );
    let nothing = [json!(0), json!(0), json!([]), json!([]), Value::Null, Value::Null, Value::Null];
    assert_eq!(of(&right[2]), nothing);
    let compat = documents(&database, &mapping, Form::Compat).await;
    assert_eq!(compat[0]["most"], 1.5, "the original's maximum is the minimum");
    assert_eq!(compat[1]["ways"], 0, "a sample without aliquots");
    assert_eq!([&right[0]["parts"], &right[1]["parts"]], [&json!(["l1", "l2"]), &json!([])]);
    let parts: Vec<&Value> = compat.iter().map(|document| &document["parts"]).collect();
    assert_eq!(parts, [&json!([["l1"], ["l1", "l2"]]), &json!([[]]), &json!([])], "lists in lists");
    assert_eq!(compat[2].get("ways"), None, "no samples: the sum of nothing");
}

#[tokio::test]
async fn objects_are_nested_and_filtered_each_node_once() {
    let database = study().await;
    let mapping = cases(&format!(
        "{PROJECT}    nested_props:
      - path: samples
        props: [{{name: tissue}}]
        nested_props:
          - name: parts
            path: aliquots
            props: [{{name: amount}}]
            filter: {{prop: amount, op: \">\", value: 2}}
      - path: samples.aliquots
        props: []"
    ));
    let all = documents(&database, &mapping, Form::Right).await;
    assert_eq!(
        all[0]["samples"],
        json!([
            { "tissue": "skin", "_sample_id": "A1" },
            { "tissue": "blood", "_sample_id": "A2", "parts": [{ "amount": 2.5, "_aliquot_id": "L2" }] }
        ])
    );
    assert_eq!(all[0]["samples_aliquots"], json!([{ "_aliquot_id": "L1" }, { "_aliquot_id": "L2" }]));
    assert_eq!(all[2].get("samples"), None);
}

#[tokio::test]
async fn a_filter_chooses_documents_by_their_fields_and_by_what_is_below() {
    let database = study().await;
    let filtered = async |filter: &str, form: Form| -> Vec<Value> {
        let mapping = cases(&format!(
            "    props: [{{name: project_id}}, {{name: sex}}, {{name: age}}]\n    filter: {filter}"
        ));
        let all = documents(&database, &mapping, form).await;
        all.into_iter().map(|document| document["_case_id"].clone()).collect()
    };
    assert_eq!(filtered("{prop: age, op: '>=', value: 50}", Form::Right).await, ["C2"]);
    assert_eq!(filtered("{prop: sex, op: in, value: [\"'male'\", other]}", Form::Right).await, ["C2"]);
    assert_eq!(filtered("{prop: diagnoses.code, op: contains, value: cold}", Form::Right).await, ["C1"]);
    let compound = "{op: and, logics: [{op: or, logics: [{prop: sex, op: '=', value: female}, \
        {prop: sex, op: '=', value: male}]}, {prop: age, op: '>', value: 45}]}";
    assert_eq!(filtered(compound, Form::Right).await, ["C2"]);
    assert_eq!(filtered(compound, Form::Compat).await, ["C1", "C2"], "without parentheses");
}

#[tokio::test]
async fn a_project_is_named_by_its_program_and_code() {
    let database = study().await;
    let mapping =
        "mappings: [{name: d, doc_type: project, type: aggregator, root: project, props: [{name: name}]}]";
    assert_eq!(
        documents(&database, mapping, Form::Right).await,
        [json!({ "_project_id": "Q", "name": "the project", "project_code": "q", "program_name": ["p"],
            "project_id": "p-q", "auth_resource_path": "/programs/p/projects/q" })]
    );
}

#[tokio::test]
async fn a_collector_has_what_the_ancestors_on_all_ways_say_and_drops_what_belongs_to_nobody() {
    let database = study().await;
    let all = documents(&database, &format!("mappings:{FILES}"), Form::Right).await;
    assert_eq!(all.len(), 2, "{all:#?}");
    assert_eq!(
        all[0],
        json!({ "_file_id": "R1", "file_name": "one", "file_size": 10, "consent_codes": ["gru", "hmb"],
            "source_node": "reading", "auth_resource_path": "/programs/p/projects/q", "project_id": "p-q",
            "_case_id": ["C1"], "tags": ["a", "b"], "study_name": "study", "project_code": ["q"],
            "program_name": ["p"] })
    );
    assert_eq!((&all[1]["_file_id"], &all[1]["_case_id"]), (&json!("R2"), &json!([])));
}

#[tokio::test]
async fn a_file_of_two_projects_has_a_document_in_each() {
    let database = study().await;
    sqlx::query("insert into node_project (node_id, _props) values ('Q2', '{\"code\": \"q2\"}')")
        .execute(&database.pool)
        .await
        .unwrap();
    sqlx::query("insert into node_study (node_id, _props) values ('S2', '{}')")
        .execute(&database.pool)
        .await
        .unwrap();
    link(&database, "project", "programs", "Q2", "P").await;
    link(&database, "study", "projects", "S2", "Q2").await;
    link(&database, "reading", "studies", "R2", "S2").await;
    let all = documents(&database, &format!("mappings:{FILES}"), Form::Right).await;
    let told: Vec<_> = all.iter().map(|one| (one["_file_id"].clone(), one["project_id"].clone())).collect();
    assert_eq!(
        told,
        [(json!("R1"), json!("p-q")), (json!("R2"), json!("p-q")), (json!("R2"), json!("p-q2")),]
    );
    assert_eq!(all[1]["project_code"], json!(["q", "q2"]));
}
