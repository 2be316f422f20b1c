//! Indices that are not there, that come, and that change.

use std::sync::Arc;

use actix_web::test as client;
use guppy::{Config, Guppy};
use search::{Definition, Engine as _, Mapping};
use searchsuite::Naive;
use serde_json::json;

use crate::support::{call, data, download, engine, rights, subject};

fn empty() -> Arc<Guppy> {
    Guppy::build(Config::default(), Arc::new(Naive::new()), Arc::new(rights())).unwrap()
}

#[actix_web::test]
async fn status_lists_no_index() {
    let wanted = json!({ "statusCode": 200, "warnings": null, "indices": {} });
    assert_eq!(call(&empty(), client::TestRequest::get().uri("/_status")).await, (200, wanted));
}

#[actix_web::test]
async fn an_absent_index_is_an_empty_answer() {
    let guppy = empty();
    guppy.refresh().await.unwrap();
    let query = "{ subject(first: 5, filter: {and: []}, sort: []) { project_id }
        _aggregation { file(accessibility: all) { _totalCount project_id { histogram { key } _totalCount } } }
        _mapping { subject } }";
    let wanted = json!({
        "subject": [],
        "_aggregation": { "file": { "_totalCount": 0, "project_id": {"histogram": [], "_totalCount": 0} } },
        "_mapping": { "subject": [] },
    });
    assert_eq!(data(&guppy, "ada", query).await, wanted);
}

#[actix_web::test]
async fn downloads_of_absent_indices_are_empty_and_unknown_types_are_refused() {
    let guppy = empty();
    let answer = download(&guppy, "ada", json!({ "type": "subject", "fields": ["a"] })).await;
    assert_eq!(answer, (200, json!([])));
    assert_eq!(download(&guppy, "", json!({ "type": "x" })).await, (400, json!("Invalid es type: \"x\"")));
    assert_eq!(download(&guppy, "", json!({})).await, (400, json!("Invalid es type: \"undefined\"")));
}

#[actix_web::test]
async fn an_index_that_comes_or_changes_is_served_after_the_next_look() {
    let engine = engine((0..3).map(subject)).await;
    let config =
        Config { look: std::time::Duration::from_millis(20), ..crate::support::config("libre", json!({})) };
    let guppy = Guppy::build(config, engine.clone(), Arc::new(rights())).unwrap();
    guppy.watch();
    let fields = async || data(&guppy, "", "{_mapping {subject}}").await["_mapping"]["subject"].clone();
    let until = async |wanted: &str| {
        for _ in 0..500 {
            if fields().await.to_string().contains(wanted) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{wanted} is not there");
    };
    until("visits.tests.score").await;
    let mapping = Mapping::read(&json!({"properties": {"new_field": {"type": "keyword"}}})).unwrap();
    engine.create("subject_1", &Definition { mapping, settings: Default::default() }).await.unwrap();
    let change = |old: &str, new: &str| {
        let (alias, old, new) = ("subject".to_owned(), old.to_owned(), new.to_owned());
        [
            search::AliasChange::Remove { alias: alias.clone(), index: old },
            search::AliasChange::Add { alias, index: new },
        ]
    };
    engine.change_aliases(&change("subject_0", "subject_1")).await.unwrap();
    until("new_field").await;
    assert_eq!(data(&guppy, "", "{subject {new_field}}").await, json!({ "subject": [] }));
}
