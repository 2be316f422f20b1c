//! The oracle by itself: answers that were worked out by hand.

#![allow(clippy::unwrap_used)]

use search::{Aggregate, Aggregation, Definition, Engine, Mapping, Operation, Query, Scalar, Search};
use searchsuite::Naive;
use serde_json::{Map, json};

async fn visits() -> Naive {
    let naive = Naive::new();
    let mapping = json!({"properties": {
        "gender": {"type": "keyword", "fields": {"analyzed": {"type": "text"}}},
        "age": {"type": "long"},
        "visits": {"type": "nested", "properties": {"year": {"type": "long"}, "kind": {"type": "keyword"}}},
    }});
    let mapping = Mapping::read(&mapping).unwrap();
    naive.create("case_0", &Definition { mapping, settings: Map::new() }).await.unwrap();
    let documents = [
        json!({"gender": ["f", "x"], "age": 3,
            "visits": [{"year": 1, "kind": "a"}, {"year": 2, "kind": "b"}]}),
        json!({"gender": "f", "age": [7, 8], "visits": {"year": 1, "kind": "b"}}),
        json!({"gender": [], "age": 12}),
    ];
    let puts = documents
        .iter()
        .enumerate()
        .map(|(place, document)| Operation::Put { id: Some(place.to_string()), body: document.to_string() });
    assert_eq!(naive.write("case_0", puts.collect()).await.unwrap().done, 3);
    naive
}

#[tokio::test]
async fn a_nested_query_is_about_one_object() {
    let naive = visits().await;
    let year = |year: i64| Query::equals("visits.year", Scalar::Number(year.into()));
    let kind = |kind: &str| Query::equals("visits.kind", kind.into());
    let ask = async |year, kind| {
        let query = Box::new(Query::And(vec![year, kind]));
        let query = Query::Nested { path: "visits".into(), query };
        let found = naive.search("case_0", &Search::new(query)).await.unwrap();
        found.hits.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>().join(",")
    };
    assert_eq!(ask(year(1), kind("b")).await, "1");
    assert_eq!(ask(year(1), Query::All).await, "0,1");
    assert_eq!(ask(year(2), kind("a")).await, "");
}

#[tokio::test]
async fn documents_count_once_for_each_value_and_gaps_are_bins() {
    let naive = visits().await;
    let values = Aggregation::Values {
        field: "gender".into(),
        missing: true,
        descending: true,
        then: [("ages".to_owned(), Aggregation::Stats("age".into()))].into(),
    };
    let bins =
        Aggregation::Histogram { field: "age".into(), interval: 4.0, offset: 3.0, then: Default::default() };
    let counting = [("values".to_owned(), values), ("bins".to_owned(), bins)].into();
    let found = naive.search("case_0", &Search::counting(Query::All, counting)).await.unwrap();
    let Aggregate::Values(buckets) = &found.aggregates["values"] else { panic!() };
    let told: Vec<_> = buckets.iter().map(|bucket| (bucket.key.clone(), bucket.count)).collect();
    assert_eq!(told, [(Some("x".into()), 1), (Some("f".into()), 2), (None, 1)]);
    let Aggregate::Stats(stats) = buckets[1].then["ages"] else { panic!() };
    assert_eq!((stats.count, stats.sum, stats.min, stats.max), (3, 18.0, Some(3.0), Some(8.0)));
    let Aggregate::Histogram(bins) = &found.aggregates["bins"] else { panic!() };
    let told: Vec<_> = bins.iter().map(|bin| (bin.key, bin.count)).collect();
    assert_eq!(told, [(3.0, 1), (7.0, 1), (11.0, 1)]);
}

#[tokio::test]
async fn the_oracle_conforms_to_itself() {
    assert!(searchsuite::conform(&Naive::new(), 1, 500).await > 500);
}
