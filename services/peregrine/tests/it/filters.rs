//! Every filter, on lists and on counts.

use serde_json::json;

use crate::support::Commons;

/// Lists `label` with `filter` and compares it with `wanted`. The count must agree.
async fn check(commons: &Commons, label: &str, filter: &str, wanted: &[&str]) {
    let found = commons.found(&format!("{{{label}(first: 0, {filter}) {{submitter_id}}}}")).await;
    assert_eq!(found, wanted, "{label}({filter})");
    let count = commons.data("admin", &format!("{{n: _{label}_count({filter})}}")).await;
    assert_eq!(count, json!({ "n": wanted.len() }), "_{label}_count({filter})");
}

#[actix_web::test]
async fn properties_equal_any_of_the_values() {
    let commons = Commons::with_study().await;
    check(&commons, "case", "submitter_id: [\"c01\", \"c02\", \"zz\", null]", &["c01", "c02"]).await;
    check(&commons, "case", "primary_site: \"B\"", &["c02", "c05", "c08", "c11"]).await;
    check(&commons, "case", "primary_site: \"b\"", &[]).await;
    check(&commons, "case", "primary_site: []", &[]).await;
    check(&commons, "case", "primary_site: null, project_id: \"O-S\"", &["s1"]).await;
    check(&commons, "sample", "weight: 1.0", &["c020"]).await;
    check(&commons, "sample", "weight: [1, 1.5, 2]", &["c020", "c021", "c030"]).await;
    check(&commons, "sample", "days: 3, is_ffpe: false", &["c032"]).await;
    check(&commons, "project", "project_id: [\"P-Q\", \"X-Y\"], code: \"Q\"", &["-"]).await;
}

#[actix_web::test]
async fn a_list_property_has_all_of_the_values() {
    let commons = Commons::with_study().await;
    check(&commons, "case", "consent_codes: \"code 1\"", &["c02", "c05", "c08", "c11"]).await;
    check(&commons, "case", "consent_codes: [\"code 1\", \"code 0\"]", &["c02", "c05", "c08", "c11"]).await;
    check(&commons, "case", "consent_codes: \"code\"", &[]).await;
    check(&commons, "case", "consent_codes: [], submitter_id: \"c01\"", &["c01"]).await;
}

#[actix_web::test]
async fn ids_and_texts_in_them() {
    let commons = Commons::with_study().await;
    check(&commons, "case", "id: \"case-c01\"", &["c01"]).await;
    check(&commons, "case", "ids: [\"case-c01\", \"case-c12\"], id: \"case-c12\"", &["c12"]).await;
    check(&commons, "case", "ids: []", &[]).await;
    check(&commons, "case", "quick_search: \"C1\"", &["c10", "c11", "c12"]).await;
    check(&commons, "case", "quick_search: \"ASE-R\"", &["r1"]).await;
    check(&commons, "case", "quick_search: \"c_2\"", &["c02", "c12"]).await;
    check(&commons, "case", "quick_search: \"\\\\\"", &[]).await;
}

#[actix_web::test]
async fn times_are_compared_strictly() {
    let commons = Commons::with_study().await;
    let own = "2026-11-21T07:22:39.752252+00:00";
    check(&commons, "diagnosis", &format!("created_after: \"{own}\""), &[]).await;
    check(&commons, "diagnosis", &format!("updated_before: \"{own}\""), &[]).await;
    check(&commons, "diagnosis", "created_after: \"2026-11-21\", created_before: \"Nov 22, 2026\"", &["d1"])
        .await;
    check(&commons, "diagnosis", "created_after: \"2026-11-21T09:22:39.752251+02:00\"", &["d1"]).await;
    assert_eq!(
        commons.errors("{case(created_after: \"nope\") {id}}").await,
        json!(["Unknown string format: nope"])
    );
}

#[actix_web::test]
async fn not_leaves_out_values_and_nodes_without_one() {
    let commons = Commons::with_study().await;
    check(&commons, "case", "not: {primary_site: \"A\"}", &["c02", "c05", "c08", "c11", "r1", "s1"]).await;
    check(
        &commons,
        "case",
        "not: [{primary_site: \"A\"}, {submitter_id: \"c02\"}]",
        &["c05", "c08", "c11", "r1", "s1"],
    )
    .await;
    check(&commons, "diagnosis", "not: {age: 30.0}", &[]).await;
    check(&commons, "diagnosis", "not: {age: 31}", &["d1"]).await;
    check(&commons, "case", "not: [], submitter_id: \"c01\"", &["c01"]).await;
}

#[actix_web::test]
async fn links_all_any_and_none() {
    let commons = Commons::with_study().await;
    check(&commons, "case", "with_links: [\"samples\", \"diagnoses\"]", &["c01"]).await;
    check(&commons, "case", "with_links: [], submitter_id: \"c01\"", &["c01"]).await;
    check(&commons, "case", "without_links: [\"samples\"]", &["c04", "c08", "c12"]).await;
    check(&commons, "sample", "with_links_any: [\"aliquots\"]", &["c010", "c020", "c030"]).await;
    let query = "{case(with_links_any: [\"samples\", \"diagnoses\"], first: 0) {id} n: \
                 _case_count(with_links_any: [\"samples\", \"diagnoses\"])}";
    let data = commons.data("admin", query).await;
    // The count adds up one query for each link, as that of the original does.
    assert_eq!((data["case"].as_array().unwrap().len(), &data["n"]), (11, &json!(12)));
    assert_eq!(
        commons.errors("{case(with_links: \"nope\") {id}}").await,
        json!(["Invalid link name 'nope'"])
    );
}

#[actix_web::test]
async fn paths_lead_over_links_of_types_not_seen_before() {
    let commons = Commons::with_study().await;
    check(&commons, "case", "with_path_to: {type: \"diagnosis\", age: 30.0}", &["c01"]).await;
    check(&commons, "sample", "with_path_to: {type: \"aliquot\", amount: 2}", &["c020"]).await;
    check(&commons, "aliquot", "with_path_to: {type: \"case\", submitter_id: \"c03\"}", &["a3"]).await;
    check(&commons, "sample", "with_path_to: {type: \"aliquot\", id: \"aliquot-a1\"}", &["c010"]).await;
    check(&commons, "reads", "with_path_to: {type: \"core_metadata_collection\"}", &["f1"]).await;
    // Files do not look beyond their neighbours.
    check(&commons, "reads", "with_path_to: {type: \"case\"}", &[]).await;
    check(&commons, "case", "with_path_to: {type: \"nope\"}", &[]).await;
    check(&commons, "case", "with_path_to: {type: \"case\"}", &[]).await;
    check(&commons, "case", "with_path_to: {type: \"program\", name: \"O\"}", &["s1"]).await;
    check(&commons, "case", "with_path_to: {type: \"project\", project_id: \"P-R\"}", &["r1"]).await;
    check(&commons, "project", "with_path_to: {type: \"program\", name: \"P\"}", &["-", "-"]).await;
}

#[actix_web::test]
async fn paths_all_any_and_without() {
    let commons = Commons::with_study().await;
    let both = "with_path_to: [{type: \"sample\", submitter_id: \"c010\"}, {type: \"diagnosis\"}]";
    check(&commons, "case", both, &["c01"]).await;
    let disjoint = "with_path_to: [{type: \"sample\", submitter_id: \"c010\"}, {type: \"sample\", \
                    submitter_id: \"c020\"}]";
    check(&commons, "case", disjoint, &[]).await;
    check(&commons, "case", &disjoint.replace("with_path_to", "with_path_to_any"), &["c01", "c02"]).await;
    check(&commons, "case", "without_path_to: {type: \"sample\"}", &["c04", "c08", "c12"]).await;
    check(&commons, "case", "with_path_to: [], submitter_id: \"c01\"", &["c01"]).await;
    check(&commons, "case", "with_path_to_any: []", &[]).await;
    check(&commons, "case", "without_path_to: []", &[]).await;
    check(
        &commons,
        "case",
        "with_path_to: {type: \"sample\"}, without_path_to: {type: \"sample\", composition: \"Plasma\"}",
        &["c01", "c05", "c09", "r1", "s1"],
    )
    .await;
}
