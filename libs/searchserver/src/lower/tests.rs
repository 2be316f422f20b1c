//! What is sent for what is asked.

use search::{Aggregation, Aggregations, Query, Range, Scalar, Search, Sort, Source, Words};
use serde_json::{Value, json};

use super::{page, query, search};

fn number(number: i64) -> Scalar {
    Scalar::Number(number.into())
}

#[test]
fn queries_are_filters() {
    let range = Range { gte: Some(1.into()), lt: Some(5.into()), ..Range::default() };
    let year = Query::Within { field: "v.year".into(), range };
    let words = Query::Text { text: "Fox".into(), words: Words::EverySubfield("analyzed".into()) };
    let asked = Query::And(vec![
        Query::equals("k", "a".into()),
        Query::Or(vec![words, Query::Exists("n".into()), Query::Ids(vec!["1".into()])]),
        Query::Nested { path: "v".into(), query: Box::new(year.negated()) },
    ]);
    let expected = json!({"bool": {"filter": [
        {"terms": {"k": ["a"]}},
        {"bool": {"should": [
            {"multi_match": {"query": "Fox", "fields": ["*.analyzed"], "lenient": true}},
            {"exists": {"field": "n"}},
            {"ids": {"values": ["1"]}},
        ], "minimum_should_match": 1}},
        {"nested": {
            "path": "v", "score_mode": "none", "ignore_unmapped": true,
            "query": {"bool": {"must_not": [{"range": {"v.year": {"gte": 1, "lt": 5}}}]}},
        }},
    ]}});
    assert_eq!(query(&asked), expected);
}

#[test]
fn of_nothing_is_everything_or_nothing() {
    let nothing = json!({"match_none": {}});
    assert_eq!(query(&Query::And(vec![])), json!({"match_all": {}}));
    assert_eq!(query(&Query::Or(vec![])), nothing);
    assert_eq!(query(&Query::OneOf { field: "k".into(), values: [].into() }), nothing);
    let text = Query::Text { text: "a".into(), words: Words::Fields(vec![]) };
    assert_eq!(query(&text), nothing);
    let range = Query::Within { field: "n".into(), range: Range::default() };
    assert_eq!(query(&range), json!({"exists": {"field": "n"}}));
}

#[test]
fn of_two_limits_on_one_side_the_stricter_counts() {
    let within = |range| query(&Query::Within { field: "n".into(), range })["range"]["n"].take();
    let both = |gt: i64, gte: i64| Range { gt: Some(gt.into()), gte: Some(gte.into()), ..Range::default() };
    assert_eq!(within(both(8, -1)), json!({"gt": 8}));
    assert_eq!(within(both(3, 3)), json!({"gt": 3}));
    assert_eq!(within(both(1, 3)), json!({"gte": 3}));
    let range = Range { lt: Some((-1).into()), lte: Some(7.into()), ..Range::default() };
    assert_eq!(within(range), json!({"lt": -1}));
}

#[test]
fn a_list_that_is_too_long_for_a_server_is_several() {
    let values = (0..150_000).map(number).collect();
    let lowered = query(&Query::OneOf { field: "n".into(), values });
    let clauses = lowered["bool"]["should"].as_array().unwrap();
    let lengths: Vec<_> =
        clauses.iter().map(|clause| clause["terms"]["n"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [65_536, 65_536, 18_928]);
}

fn named(name: &str, aggregation: Aggregation) -> Aggregations {
    [(name.to_owned(), aggregation)].into()
}

fn values(field: &str, then: Aggregations) -> Aggregation {
    Aggregation::Values { field: field.into(), missing: true, descending: true, then }
}

#[test]
fn all_values_are_pages_where_they_may_be() {
    let below = named("kinds", values("k2", Aggregations::new()));
    let nested = Aggregation::Nested { path: "v".into(), then: named("years", values("v.year", below)) };
    let asked = Search::counting(Query::All, named("visits", nested));
    let composite = |field: &str| {
        json!({"size": 10_000, "sources": [
            {"value": {"terms": {"field": field, "order": "desc", "missing_bucket": true}}},
        ]})
    };
    let expected = json!({"visits": {"nested": {"path": "v"}, "aggs": {"years": {
        "composite": composite("v.year"),
        "aggs": {
            "kinds": {"terms": {"field": "k2", "size": 65_535, "order": {"_key": "desc"}}},
            "kinds\u{1}missing": {"filter": {"bool": {"must_not": [{"exists": {"field": "k2"}}]}}},
        },
    }}}});
    assert_eq!(search(&asked)["aggs"], expected);
    let mut second = composite("v.year");
    second["after"] = json!({"value": 7});
    let years = values("v.year", Aggregations::new());
    let own = page(&[("visits".into(), "v".into())], "years", &years, &json!({"value": 7}));
    assert_eq!(own, json!({"visits": {"nested": {"path": "v"}, "aggs": {"years": {"composite": second}}}}));
}

#[test]
fn counts_are_what_servers_call_them() {
    let then = named("s", Aggregation::Stats("n".into()));
    let top = |containing: Option<&str>| Aggregation::Top {
        field: "k".into(),
        size: 5,
        skip: 10,
        containing: containing.map(str::to_owned),
        then: Aggregations::new(),
    };
    let histogram =
        Aggregation::Histogram { field: "n".into(), interval: 2.0, offset: 0.5, then: then.clone() };
    let distinct = Aggregation::Distinct { field: "k".into(), precision: 1_000_000 };
    let filtered = Aggregation::Filtered { query: Query::Exists("n".into()), then };
    let lowered = |aggregation| -> Value {
        search(&Search::counting(Query::All, named("it", aggregation)))["aggs"]["it"].take()
    };
    let order = json!([{"_count": "desc"}, {"_key": "asc"}]);
    let terms = json!({"field": "k", "size": 15, "shard_size": 10_015, "order": order});
    assert_eq!(lowered(top(None)), json!({"terms": terms}));
    assert_eq!(lowered(top(Some("a.Ö")))["terms"]["include"], r".*(a|a|A)\.(Ö|ö|Ö).*");
    let stats = json!({"s": {"stats": {"field": "n"}}});
    let expected = json!({"field": "n", "interval": 2.0, "offset": 0.5, "min_doc_count": 0});
    assert_eq!(lowered(histogram), json!({"histogram": expected, "aggs": stats}));
    let expected = json!({"cardinality": {"field": "k", "precision_threshold": 40_000}});
    assert_eq!(lowered(distinct), expected);
    assert_eq!(lowered(filtered), json!({"filter": {"exists": {"field": "n"}}, "aggs": stats}));
    assert_eq!(lowered(Aggregation::Count("k".into())), json!({"value_count": {"field": "k"}}));
}

#[test]
fn a_search_has_an_order_in_which_nothing_is_tied() {
    let asked = Search {
        from: 20,
        sort: vec![
            Sort { field: "k".into(), nested: None, descending: false },
            Sort { field: "v.year".into(), nested: Some("v".into()), descending: true },
        ],
        source: Source::Fields(vec!["k".into(), "v.year".into()]),
        highlight: Some("analyzed".into()),
        ..Search::new(Query::All)
    };
    let missing = |order: &str, mode: &str| -> Value {
        json!({"order": order, "mode": mode, "missing": "_last", "unmapped_type": "keyword"})
    };
    let mut year = missing("desc", "max");
    year["nested"] = json!({"path": "v"});
    let expected = json!({
        "size": 10, "from": 20, "query": {"match_all": {}},
        "_source": ["k", "v.year"], "track_total_hits": true,
        "sort": [{"k": missing("asc", "min")}, {"v.year": year}, {"_seq_no": "asc"}],
        "highlight": {"pre_tags": ["<em>"], "post_tags": ["</em>"], "fields": {"*.analyzed": {}}},
    });
    assert_eq!(search(&asked), expected);
    let counting = json!({
        "size": 0, "query": {"match_all": {}}, "_source": false, "track_total_hits": true,
    });
    assert_eq!(search(&Search::counting(Query::All, Aggregations::new())), counting);
}
