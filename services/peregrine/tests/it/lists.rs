//! Lists, links, pages, order, counts, and what is shown of a node.

use serde_json::json;

use crate::support::Commons;

#[actix_web::test]
async fn values_come_back_as_stored() {
    let commons = Commons::with_study().await;
    let query = "{sample(submitter_id: \"c030\") {id type submitter_id project_id weight days is_ffpe \
                 composition \
                 created_datetime cases {consent_codes primary_site}}}";
    assert_eq!(
        commons.data("admin", query).await,
        json!({"sample": [{
            "id": "sample-c030", "type": "sample", "submitter_id": "c030", "project_id": "P-Q",
            "weight": 1.5, "days": 3.0,
            "is_ffpe": true, "composition": "Cell", "created_datetime": "2026-11-21T07:22:39.752252+00:00",
            "cases": [{"consent_codes": [], "primary_site": null}],
        }]})
    );
}

#[actix_web::test]
async fn keys_are_in_the_order_of_the_selection() {
    let commons = Commons::with_study().await;
    let query =
        "{b: case(id: \"case-c01\") {z: id samples {id} __typename a: submitter_id n: _samples_count type}}";
    let answer = commons.post("admin", &json!({ "query": query })).await;
    assert_eq!(
        answer.body,
        r#"{"data":{"b":[{"z":"case-c01","samples":[{"id":"sample-c010"}],"__typename":"case","a":"c01","n":1,"type":"case"}]}}"#
    );
}

#[actix_web::test]
async fn lists_and_links_have_ten_unless_asked_otherwise() {
    let commons = Commons::with_study().await;
    assert_eq!(commons.listed("{case {submitter_id}}").await.len(), 10);
    for first in ["0", "-1"] {
        assert_eq!(commons.listed(&format!("{{case(first: {first}) {{submitter_id}}}}")).await.len(), 14);
    }
    let data = commons
        .data("admin", "{experiment(submitter_id: \"eQ\") {cases {id} all: cases(first: 0) {id}}}")
        .await;
    let length = |key: &str| data["experiment"][0][key].as_array().unwrap().len();
    assert_eq!((length("cases"), length("all")), (10, 12));
}

#[actix_web::test]
async fn a_page_is_cut_for_each_parent() {
    let commons = Commons::with_study().await;
    let query = "{case(submitter_id: [\"c03\", \"c06\", \"c07\"], order_by_asc: \"submitter_id\") \
                 {submitter_id \
                 samples(first: 1, offset: 1, order_by_desc: \"submitter_id\") {submitter_id}}}";
    assert_eq!(
        commons.data("admin", query).await,
        json!({"case": [
            {"submitter_id": "c03", "samples": [{"submitter_id": "c031"}]},
            {"submitter_id": "c06", "samples": [{"submitter_id": "c060"}]},
            {"submitter_id": "c07", "samples": [{"submitter_id": "c071"}]},
        ]})
    );
}

#[actix_web::test]
async fn ascending_explicit_nulls_come_first_and_absent_values_last() {
    let commons = Commons::with_study().await;
    let weights = async |query: &str| {
        let data = commons.data("admin", query).await;
        data["sample"].as_array().unwrap().iter().map(|sample| sample["weight"].as_f64()).collect::<Vec<_>>()
    };
    let ascending = weights("{sample(first: 0, order_by_asc: \"weight\") {weight}}").await;
    let (nulls, absent) = (3, 2);
    assert!(
        ascending[..nulls].iter().chain(&ascending[ascending.len() - absent..]).all(Option::is_none),
        "{ascending:?}"
    );
    assert!(ascending[nulls..ascending.len() - absent].is_sorted(), "{ascending:?}");
    let mut descending = weights("{sample(first: 0, order_by_desc: \"weight\") {weight}}").await;
    descending.reverse();
    assert_eq!(descending, ascending);
}

#[actix_web::test]
async fn deep_links_find_their_way_through_shared_nodes() {
    let commons = Commons::with_study().await;
    let query = "{reads(first: 0, order_by_asc: \"submitter_id\") {submitter_id aliquots {samples {cases \
                 {experiments {projects \
                 {project_id programs {name}}}}}}}}";
    let path = json!([{"samples": [{"cases": [{"experiments": [{"projects": [
        {"project_id": "P-Q", "programs": [{"name": "P"}]}
    ]}]}]}]}]);
    assert_eq!(
        commons.data("admin", query).await,
        json!({"reads": [{"submitter_id": "f1", "aliquots": path}, {"submitter_id": "f2", "aliquots": path}]})
    );
}

#[actix_web::test]
async fn neighbours_are_found_over_every_link_but_that_to_the_project() {
    let commons = Commons::with_study().await;
    let query = "{case(id: \"case-c01\") {_links(order_by_asc: \"submitter_id\") {submitter_id type ... on \
                 diagnosis {age}}} \
                 experiment(submitter_id: \"eR\") {_links {submitter_id}}}";
    assert_eq!(
        commons.data("admin", query).await,
        json!({
            "case": [{"_links": [
                {"submitter_id": "c010", "type": "sample"},
                {"submitter_id": "d1", "type": "diagnosis", "age": 30.0},
                {"submitter_id": "eQ", "type": "experiment"},
            ]}],
            "experiment": [{"_links": [{"submitter_id": "r1"}]}],
        })
    );
}

#[actix_web::test]
async fn nodes_of_any_type_are_one_list_or_a_page_a_type() {
    let commons = Commons::with_study().await;
    let list = commons.listed(
        "{node(of_type: [\"case\", \"diagnosis\"], order_by_desc: \"submitter_id\", \
                               first: 3, offset: 1) {submitter_id}}",
    );
    assert_eq!(list.await, ["r1", "d1", "c12"]);
    assert_eq!(commons.listed("{node(first: 4) {submitter_id}}").await.len(), 4);
    let types = commons.data("admin", "{node(category: \"biospecimen\", first: 1) {type}}").await;
    assert_eq!(types, json!({"node": [{"type": "sample"}, {"type": "aliquot"}]}));
    let query = "{node(submitter_id: \"c01\") {id ... on case {samples {submitter_id}} ...S}} fragment S on \
                 sample {weight}";
    let expected = json!({"node": [{"id": "case-c01", "samples": [{"submitter_id": "c010"}]}]});
    assert_eq!(commons.data("admin", query).await, expected);
    assert_eq!(
        commons.data("admin", "{node(of_type: [\"project\", \"program\", \"nope\"]) {id}}").await,
        json!({"node": []})
    );
}

#[actix_web::test]
async fn files_of_all_types_are_data_nodes() {
    let commons = Commons::with_study().await;
    let query = "{datanode(first: 1) {type file_size platform __typename} one: \
                 datanode(object_id: \"object-f2\") {submitter_id} \
                 indexes: datanode(type: \"reads_index\", of_type: [\"reads\", \"reads_index\"]) {type} \
                 none: datanode(platform: \"x\") {id}}";
    assert_eq!(
        commons.data("admin", query).await,
        json!({
            "datanode": [
                {"type": "reads", "file_size": 100.0, "platform": null, "__typename": "DataNode"},
                {"type": "reads_index", "file_size": 100.0, "platform": null, "__typename": "DataNode"},
            ],
            "one": [{"submitter_id": "f2"}],
            "indexes": [{"type": "reads_index"}],
            "none": [],
        })
    );
}

#[actix_web::test]
async fn counts_of_the_root_and_of_links() {
    let commons = Commons::with_study().await;
    let query = "{_case_count viewer {_sample_count case(first: 1) {type}} q: \
                 _case_count(project_id: \"P-Q\", first: 3) \
                 z: _case_count(first: 0) case(submitter_id: [\"c03\", \"c04\"], order_by_asc: \"id\") \
                 {_samples_count \
                 cells: _samples_count(submitter_id: \"c030\", primary_site: \"C\", first: 0) o: \
                 _samples_count(offset: 1) _experiments_count _diagnoses_count}}";
    assert_eq!(
        commons.data("admin", query).await,
        json!({
            "_case_count": 14, "viewer": {"_sample_count": 20, "case": [{"type": "case"}]}, "q": 12,
            "z": null,
            "case": [
                {"_samples_count": 3, "cells": 1, "o": null, "_experiments_count": 1, "_diagnoses_count": 0},
                {"_samples_count": 0, "cells": 0, "o": null, "_experiments_count": 1, "_diagnoses_count": 0},
            ],
        })
    );
}

#[actix_web::test]
async fn node_types_come_from_the_dictionary() {
    let commons = Commons::empty().await;
    let query = "{_node_type(first: -1, category: \"clinical\") {id title submittable required validators} \
                 first: _node_type(first: 2, order_by_desc: \"id\") {id} n: _node_type {id}}";
    let data = commons.data("admin", query).await;
    assert_eq!(
        data["_node_type"],
        json!([{"id": "diagnosis", "title": "Diagnosis", "submittable": "true",
                "required": "['type']", "validators": null}])
    );
    assert_eq!(data["first"], json!([{"id": "sample"}, {"id": "root"}]));
    assert_eq!(data["n"].as_array().unwrap().len(), 10);
}

#[actix_web::test]
async fn order_by_type_says_nothing_and_by_id_goes_by_the_nodes_id() {
    let commons = Commons::with_study().await;
    let listed =
        async |order: &str| commons.listed(&format!("{{case(first: 2, {order}) {{submitter_id}}}}")).await;
    assert_eq!(listed("order_by_asc: \"type\", order_by_desc: \"id\"").await, ["s1", "r1"]);
    assert_eq!(listed("order_by_asc: \"id\"").await, ["c01", "c02"]);
    let errors =
        commons.errors("{node(order_by_asc: \"nope\") {id} datanode(order_by_desc: \"nope\") {id}}").await;
    assert_eq!(errors, json!(["Cannot order by nope on node"]));
}

#[actix_web::test]
async fn paths_are_no_argument_of_nodes_of_any_type() {
    let commons = Commons::empty().await;
    let errors = commons.errors("{node(with_path_to: {type: \"case\"}) {id}}").await;
    assert_eq!(errors, json!(["Unknown argument \"with_path_to\" on field \"node\" of type \"Root\"."]));
    let errors = commons.errors("{case(with_path_to: {submitter_id: \"c01\"}) {id}}").await;
    assert!(
        errors[0].as_str().unwrap().contains("In field \"type\": Expected \"String!\", found null."),
        "{errors}"
    );
}
