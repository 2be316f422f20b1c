//! Indices, aliases and documents that come, change and go.

use search::{AliasChange, Engine, Mapping, Operation, Query, Search, SearchError, Source};
use serde_json::{Map, json};

use super::{asking::done, documents::definition};
use crate::naive::Naive;

const FIRST: &str = "suite_changes_0";
const SECOND: &str = "suite_changes_1";
const ALIAS: &str = "suite_changes";
const OTHER: &str = "suite_changes_other";

pub(super) async fn cases(engine: &dyn Engine) -> usize {
    indices(engine).await;
    documents(engine).await;
    aliases(engine).await;
    20
}

async fn indices(engine: &dyn Engine) {
    let information = done(engine.information().await, "what it is");
    assert!(!information.kind.is_empty() && !information.version.is_empty());
    for index in [FIRST, SECOND] {
        done(engine.create(index, &definition()).await, "making an index");
    }
    let again = engine.create(FIRST, &definition()).await;
    assert!(matches!(again, Err(SearchError::Exists(_))), "an index is made once: {again:?}");
    for wrong in ["Upper", "a,b", "a*", "_x", "", "a/b"] {
        let made = engine.create(wrong, &definition()).await;
        assert!(matches!(made, Err(SearchError::Refused(_))), "{wrong:?} is no name: {made:?}");
    }
    let mapping = done(engine.mapping(FIRST).await, "the mapping");
    let oracle = Naive::new();
    done(oracle.create(FIRST, &definition()).await, "making an index");
    let right: Mapping = done(oracle.mapping(FIRST).await, "the mapping");
    assert_eq!(mapping.write(), right.write(), "the mapping is that which was made, by names");
    let names = |mapping: &Mapping| mapping.fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&mapping), names(&right), "fields stand in the order of their names");
}

fn put(id: &str, body: &str) -> Operation {
    Operation::Put { id: Some(id.to_owned()), body: body.to_owned() }
}

async fn ids(engine: &dyn Engine, index: &str) -> Vec<String> {
    done(engine.refresh(index).await, "making visible");
    let found = done(engine.search(index, &Search::new(Query::All)).await, "all documents");
    assert_eq!(found.total, found.hits.len() as u64);
    found.hits.into_iter().map(|hit| hit.id).collect()
}

async fn documents(engine: &dyn Engine) {
    let operations = vec![
        put("1", r#"{"k": "a", "v": [{"kind": "old"}, {"kind": "old"}]}"#),
        put("2", r#"{"k": "b", "undefined": {"deep": [1, "x"]}}"#),
        put("3", r#"{"n": "many"}"#),
        put("4", r#"{"i": 2147483648}"#),
        put("5", r#"{"v": "x"}"#),
        put("6", r#"{"k": {"no": "text"}}"#),
        put("7", r#"["a"]"#),
        put("8", r#"{"k": "#),
        put("9", r#"{"b": "yes"}"#),
        put("", r#"{"k": "a"}"#),
        put("10", r#"{"edge": 9223372036854775808}"#),
        Operation::Put { id: None, body: r#"{"k": "given"}"#.to_owned() },
        Operation::Delete { id: "nothing".to_owned() },
    ];
    let written = done(engine.write(FIRST, operations).await, "writing");
    let places: Vec<_> = written.rejected.iter().map(|rejected| rejected.place).collect();
    assert_eq!(places, [2, 3, 4, 5, 6, 7, 8, 9, 10], "{written:?}");
    assert_eq!(written.done, 4);
    assert!(written.rejected.iter().all(|rejected| !rejected.reason.is_empty()));
    let there = ids(engine, FIRST).await;
    assert_eq!((there.len(), &there[..2]), (3, &["1".to_owned(), "2".to_owned()][..]));
    let second = done(engine.document(FIRST, "2").await, "a document");
    let right = json!({"k": "b", "undefined": {"deep": [1, "x"]}});
    assert_eq!(second.map(serde_json::Value::from), Some(right), "a document is as it was written");
    assert_eq!(done(engine.document(FIRST, "nothing").await, "a document"), None);
    let undefined = Search::new(Query::Exists("undefined.deep".to_owned()));
    assert_eq!(done(engine.search(FIRST, &undefined).await, "an undefined field").total, 0);
    // One that is put again is written last, and what was in it is gone.
    let operations = vec![put("1", r#"{"k": "c"}"#), Operation::Delete { id: there[2].clone() }];
    assert_eq!(done(engine.write(FIRST, operations).await, "writing").done, 2);
    assert_eq!(ids(engine, FIRST).await, ["2", "1"]);
    let old = Query::equals("v.kind", "old".into());
    let old = Query::Nested { path: "v".to_owned(), query: Box::new(old) };
    assert_eq!(done(engine.search(FIRST, &Search::new(old)).await, "nested objects").total, 0);
    assert_eq!(done(engine.write(FIRST, Vec::new()).await, "writing nothing").done, 0);
    let nowhere = engine.write("suite_nothing", vec![put("1", "{}")]).await;
    assert!(matches!(nowhere, Err(SearchError::NoIndex(_))), "no index is made by a document: {nowhere:?}");
    assert!(done(engine.aliases("suite_nothing").await, "aliases").is_empty());
}

fn add(alias: &str, index: &str) -> AliasChange {
    AliasChange::Add { alias: alias.to_owned(), index: index.to_owned() }
}

fn remove(alias: &str, index: &str) -> AliasChange {
    AliasChange::Remove { alias: alias.to_owned(), index: index.to_owned() }
}

async fn aliases(engine: &dyn Engine) {
    done(engine.write(SECOND, vec![put("9", r#"{"k": "z"}"#)]).await, "writing");
    done(engine.change_aliases(&[]).await, "no change");
    done(engine.change_aliases(&[add(ALIAS, FIRST), add(OTHER, FIRST)]).await, "adding");
    assert_eq!(ids(engine, ALIAS).await, ["2", "1"]);
    let own = done(engine.aliases(ALIAS).await, "aliases");
    assert_eq!(own, [(FIRST.to_owned(), vec![ALIAS.to_owned(), OTHER.to_owned()])].into());
    let all = done(engine.aliases("suite_changes*").await, "aliases");
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[SECOND], Vec::<String>::new());
    let taken = engine.create(ALIAS, &definition()).await;
    assert!(matches!(taken, Err(SearchError::Exists(_))), "an alias has the name: {taken:?}");
    let taken = engine.change_aliases(&[add(SECOND, FIRST)]).await;
    assert!(matches!(taken, Err(SearchError::Refused(_))), "an index has the name: {taken:?}");
    // All or nothing.
    let half = engine.change_aliases(&[add(ALIAS, SECOND), add(ALIAS, "suite_nothing")]).await;
    assert!(matches!(half, Err(SearchError::NoIndex(_))), "{half:?}");
    assert_eq!(ids(engine, ALIAS).await, ["2", "1"], "nothing of a change that failed is done");
    let absent = engine.change_aliases(&[remove(ALIAS, SECOND)]).await;
    assert!(absent.is_err(), "an alias that is not there cannot go");
    let pattern = engine.change_aliases(&[AliasChange::DeleteIndex { index: "suite_*".to_owned() }]).await;
    assert!(matches!(pattern, Err(SearchError::NoIndex(_))), "a pattern is no index: {pattern:?}");
    // The swap of the ETL.
    done(engine.change_aliases(&[add(ALIAS, SECOND), remove(ALIAS, FIRST)]).await, "swapping");
    assert_eq!(ids(engine, ALIAS).await, ["9"]);
    let swap =
        [add(ALIAS, FIRST), remove(ALIAS, SECOND), AliasChange::DeleteIndex { index: SECOND.to_owned() }];
    done(engine.change_aliases(&swap).await, "swapping and taking away");
    assert_eq!(ids(engine, ALIAS).await, ["2", "1"]);
    assert!(done(engine.aliases(SECOND).await, "aliases").is_empty());
    several(engine).await;
    let goes = [AliasChange::DeleteIndex { index: FIRST.to_owned() }];
    done(engine.change_aliases(&goes).await, "taking away");
    let gone = engine.search(ALIAS, &Search::new(Query::All)).await;
    assert!(matches!(gone, Err(SearchError::NoIndex(_))), "an alias goes with its index: {gone:?}");
    let again = engine.change_aliases(&goes).await;
    assert!(matches!(again, Err(SearchError::NoIndex(_))), "{again:?}");
}

/// An alias of two indices.
async fn several(engine: &dyn Engine) {
    done(engine.create(SECOND, &definition()).await, "making an index again");
    done(engine.write(SECOND, vec![put("8", r#"{"k": "z"}"#)]).await, "writing");
    done(engine.change_aliases(&[add(ALIAS, SECOND)]).await, "adding");
    let mut found = ids(engine, ALIAS).await;
    found.sort_unstable();
    assert_eq!(found, ["1", "2", "8"]);
    let eight = done(engine.document(ALIAS, "8").await, "a document by an alias of several");
    assert_eq!(eight, Some(Map::from_iter([("k".to_owned(), json!("z"))])));
    let sorted =
        Search { source: Source::None, ..Search::new(Query::Ids(vec!["8".to_owned(), "1".to_owned()])) };
    assert_eq!(done(engine.search(ALIAS, &sorted).await, "ids").total, 2);
    done(
        engine.change_aliases(&[AliasChange::DeleteIndex { index: SECOND.to_owned() }]).await,
        "taking away",
    );
}
