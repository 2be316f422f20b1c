//! What is refused, and what is said then.

use std::time::Duration;

use search::{
    Aggregation, AliasChange, Definition, Engine, Mapping, Operation, Query, Scalar, Search, SearchError,
    Sort, Source,
};
use searchindex::Embedded;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

async fn engine(properties: Value) -> (TempDir, Embedded) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path()).unwrap();
    let mapping = Mapping::read(&json!({"properties": properties})).unwrap();
    engine.create("i", &Definition { mapping, settings: Map::new() }).await.unwrap();
    (folder, engine)
}

fn put(id: &str, body: &Value) -> Operation {
    Operation::Put { id: Some(id.to_owned()), body: body.to_string() }
}

#[tokio::test]
async fn documents_that_do_not_fit_are_named_and_the_others_taken() {
    let (_folder, engine) = engine(json!({
        "n": {"type": "byte"}, "k": {"type": "keyword"}, "v": {"type": "nested", "properties": {}},
    }))
    .await;
    let written = engine
        .write(
            "i",
            vec![
                put("a", &json!({"n": 127})),
                put("b", &json!({"n": 128})),
                put("c", &json!({"v": "text"})),
                put("d", &json!({"k": {"x": 1}})),
                put("e", &json!({"k": "x".repeat(40_000)})),
                put("", &json!({})),
                put("f", &json!([1])),
                Operation::Put { id: None, body: "{".to_owned() },
                Operation::Put { id: None, body: "{\"n\": \"5\", \"unmapped\": {\"a\": [1]}}".to_owned() },
            ],
        )
        .await
        .unwrap();
    assert_eq!(written.done, 2);
    let places: Vec<_> = written.rejected.iter().map(|rejected| rejected.place).collect();
    assert_eq!(places, (1..8).collect::<Vec<_>>());
    assert!(written.rejected[0].reason.contains("failed to parse field [n]"), "{:?}", written.rejected[0]);
    let found = engine.search("i", &Search::new(Query::All)).await.unwrap();
    assert_eq!(found.total, 2);
    assert_eq!(found.hits[1].source["unmapped"], json!({"a": [1]}));
}

#[tokio::test]
async fn wrong_questions_are_refused_and_right_ones_beside_them_answered() {
    let (_folder, engine) =
        engine(json!({"n": {"type": "long"}, "k": {"type": "keyword"}, "t": {"type": "text"}})).await;
    engine.write("i", vec![put("a", &json!({"n": 5, "k": "x", "t": "y"}))]).await.unwrap();
    let counting =
        |aggregation: Aggregation| Search::counting(Query::All, [("a".to_owned(), aggregation)].into());
    let histogram = |interval: f64| {
        counting(Aggregation::Histogram {
            field: "n".into(),
            interval,
            offset: 0.0,
            then: Default::default(),
        })
    };
    let by = |field: &str| Search {
        sort: vec![Sort { field: field.into(), nested: None, descending: false }],
        ..Search::new(Query::All)
    };
    let wrong = [
        Search::new(Query::equals("n", Scalar::from("abc"))),
        counting(Aggregation::Stats("k".into())),
        histogram(0.0),
        histogram(f64::NAN),
        counting(Aggregation::Count("t".into())),
        by("t"),
        Search { after: Some(vec![json!("x")]), ..by("n") },
        Search { size: 2_000_000, ..Search::new(Query::All) },
    ];
    let right = by("n");
    let mut asked: Vec<_> = wrong.iter().map(|search| ("i", search)).collect();
    asked.extend([("i", &right), ("none", &right)]);
    let answers = engine.search_all(&asked).await;
    for (answer, asked) in answers.iter().zip(&wrong) {
        assert!(matches!(answer, Err(SearchError::Refused(_))), "{asked:?}: {answer:?}");
    }
    assert_eq!(answers[8].as_ref().unwrap().total, 1);
    assert!(matches!(answers[9], Err(SearchError::NoIndex(_))));
}

#[tokio::test]
async fn a_histogram_has_no_more_bins_than_there_is_room_for() {
    let (_folder, engine) = engine(json!({"n": {"type": "double"}})).await;
    engine.write("i", vec![put("a", &json!({"n": 0})), put("b", &json!({"n": 1e9}))]).await.unwrap();
    let histogram =
        Aggregation::Histogram { field: "n".into(), interval: 1.0, offset: 0.0, then: Default::default() };
    let search = Search::counting(Query::All, [("a".to_owned(), histogram)].into());
    let refused = engine.search("i", &search).await.unwrap_err();
    assert!(refused.to_string().contains("too many buckets"), "{refused}");
}

#[tokio::test]
async fn names_and_definitions_are_checked() {
    let (_folder, engine) = engine(json!({})).await;
    let empty = Definition { mapping: Mapping::default(), settings: Map::new() };
    for name in ["", "Upper", "_a", "a/b", "a*", "..", &"x".repeat(256)] {
        assert!(matches!(engine.create(name, &empty).await, Err(SearchError::Refused(_))), "{name}");
    }
    assert!(matches!(engine.create("i", &empty).await, Err(SearchError::Exists(_))));
    let change = [
        AliasChange::Add { alias: "other".into(), index: "i".into() },
        AliasChange::Add { alias: "more".into(), index: "none".into() },
    ];
    assert!(matches!(engine.change_aliases(&change).await, Err(SearchError::NoIndex(_))));
    assert!(engine.aliases("other").await.unwrap().is_empty());
    let settings = json!({"analysis": {"analyzer": {"a": {"tokenizer": "icu_tokenizer"}}}});
    let settings = settings.as_object().cloned().unwrap();
    let refused = engine.create("j", &Definition { settings, ..empty }).await;
    assert!(refused.unwrap_err().to_string().contains("icu_tokenizer"));
}

#[tokio::test]
async fn a_million_values_are_one_question() {
    let (_folder, engine) = engine(json!({"k": {"type": "keyword"}})).await;
    let documents = (0..3_000).map(|n| put(&n.to_string(), &json!({"k": format!("k{n}")})));
    engine.write("i", documents.collect()).await.unwrap();
    let values = (0..1_000_000).step_by(2).map(|n| Scalar::from(format!("k{n}"))).collect();
    let search = Search::new(Query::OneOf { field: "k".into(), values });
    assert_eq!(engine.search("i", &search).await.unwrap().total, 1_500);
}

#[tokio::test]
async fn what_takes_longer_than_it_may_is_ended() {
    let (_folder, engine) = engine(json!({"n": {"type": "long"}})).await;
    engine.write("i", vec![put("a", &json!({"n": 1}))]).await.unwrap();
    let search = Search::new(Query::All);
    let limited = engine.clone().with_time_limit(Duration::ZERO);
    let ended = |answer: &SearchError| matches!(answer, SearchError::TooLong(Duration::ZERO));
    assert!(ended(&limited.search("i", &search).await.unwrap_err()));
    assert!(ended(&limited.pages("i", &Query::All, &[], &Source::All, 10).await.err().unwrap()));
    assert!(ended(&limited.document("i", "a").await.unwrap_err()));
    assert_eq!(engine.search("i", &search).await.unwrap().total, 1);
}
