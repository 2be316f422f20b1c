//! What is known to be hard, on documents that were chosen for it.

use search::{
    Aggregation, Aggregations, Engine, Query, Range, Scalar, Search, SearchError, Sort, Source, Words,
};
use serde_json::{Number, Value, json};

use super::{
    asking::{compare, done, filled},
    documents::EDGES,
};

const INDEX: &str = "suite_known";

pub(super) async fn cases(engine: &dyn Engine) -> usize {
    let oracle = filled(engine, INDEX, &documents()).await;
    let mut searches: Vec<_> = queries().into_iter().map(Search::new).collect();
    searches.extend(counts().into_iter().map(|counts| Search::counting(Query::All, counts)));
    searches.extend(orders());
    searches.extend(sources());
    searches.extend(highlights());
    let cases = compare(engine, &oracle, INDEX, &searches).await;
    cases + by_id(engine).await + many_terms(engine).await + many_values(engine).await + nowhere(engine).await
}

fn documents() -> Vec<(String, Value)> {
    let bodies = [
        json!({"k": "b", "k2": "x", "n": 1, "x": 0.5, "b": true, "o": {"k": "a", "n": 1},
            "v": [{"kind": "a", "year": 1, "w": [{"kind": "p", "grade": 1}, {"kind": "q", "grade": 2}]},
                {"kind": "b", "year": 2, "w": {"kind": "p", "grade": 2}}]}),
        json!({"k": ["a", "b", "a"], "k2": null, "n": [3, 3, 9], "x": [0.25, 4.0], "b": [true, false, true],
            "v": {"kind": "a", "year": 2}}),
        json!({"k": [], "n": 20, "edge": EDGES, "v": [], "o": {}}),
        json!({"k": [null], "n": [], "edge": 9_007_199_254_740_993_i64, "o": [{"k": "a"}, {"n": 5}]}),
        json!({"k": "Größe 日本 😀", "k2": "", "n": -7, "x": -0.75, "b": false,
            "v": [{"year": 3}, {"kind": "c"}]}),
        json!({"k": "The quick, brown fox. It jumped!", "k2": "A.B*c", "n": 1, "edge": i64::MIN, "f": 2.5}),
        json!({}),
        json!({"k": ["z", "y"], "n": "12", "i": 5.0, "edge": i64::MAX, "b": "true", "f": "1.25",
            "v": [{"kind": ["a", "b"], "year": [1, 2], "w": []}, {"kind": "b", "year": 1}]}),
    ];
    // Ids that would mean something in a path or an address.
    let ids = ["1", "a/b", "ü?&=", "_x", "4 4", "..", "%2F", "a,b*"];
    ids.iter().zip(bodies).map(|(id, body)| ((*id).to_owned(), body)).collect()
}

fn number(number: i64) -> Scalar {
    Scalar::Number(number.into())
}

fn float(number: f64) -> Number {
    Number::from_f64(number).unwrap_or_else(|| 0.into())
}

fn one_of(field: &str, values: &[Scalar]) -> Query {
    Query::OneOf { field: field.to_owned(), values: values.into() }
}

fn within(field: &str, range: Range) -> Query {
    Query::Within { field: field.to_owned(), range }
}

fn nested(path: &str, query: Query) -> Query {
    Query::Nested { path: path.to_owned(), query: Box::new(query) }
}

fn text(text: &str, words: Words) -> Query {
    Query::Text { text: text.to_owned(), words }
}

fn queries() -> Vec<Query> {
    let exists = |field: &str| Query::Exists(field.to_owned());
    let everywhere = || Words::Everywhere;
    let analyzed = || Words::EverySubfield("analyzed".to_owned());
    let field = |name: &str| Words::Fields(vec![name.to_owned()]);
    let year = |year| one_of("v.year", &[number(year)]);
    let kind = |kind: &str| one_of("v.kind", &[kind.into()]);
    let mut queries = vec![
        Query::All,
        Query::None,
        Query::And(vec![]),
        Query::Or(vec![]),
        Query::And(vec![]).negated(),
        Query::Or(vec![]).negated(),
        one_of("k", &[]),
        one_of("k", &[]).negated(),
        one_of("k", &["a".into(), "nothing".into()]),
        one_of("k", &["B".into()]),
        one_of("k", &["b".into()]).negated(),
        one_of("k2", &["".into()]),
        one_of("k", &["Größe 日本 😀".into()]),
        one_of("b", &[Scalar::Boolean(false)]),
        one_of("b", &[Scalar::Boolean(true), Scalar::Boolean(false)]).negated(),
        one_of("n", &[number(3), Scalar::Number(float(1.0)), Scalar::Number(float(1.5))]),
        one_of("x", &[number(4), Scalar::Number(float(-0.75))]),
        one_of("o.k", &["a".into()]),
        one_of("unknown", &["a".into(), number(1)]),
        one_of("unknown", &["a".into()]).negated(),
        exists("k"),
        exists("k2"),
        exists("o.n"),
        exists("edge").negated(),
        exists("unknown"),
        exists("unknown").negated(),
        within("n", Range::default()),
        within("unknown", Range { gt: Some(1.into()), ..Range::default() }),
        within("n", Range { gt: Some(float(2.5)), lt: Some(float(9.0)), ..Range::default() }),
        within("n", Range { gte: Some(4.into()), lte: Some(8.into()), ..Range::default() }),
        within("n", Range { gt: Some(9.into()), lt: Some(9.into()), ..Range::default() }),
        within("n", Range { gte: Some(float(1e30)), ..Range::default() }),
        within("n", Range { lt: Some(float(1e30)), ..Range::default() }),
        within("n", Range { gt: Some(float(-1e30)), lte: Some(float(-6.5)), ..Range::default() }),
        within("i", Range { gt: Some(3_000_000_000_u64.into()), ..Range::default() }).negated(),
        one_of("n", &[Scalar::Number(float(1e30)), number(20)]),
        within("x", Range { gte: Some(float(1e30)), ..Range::default() }),
        nested("v", Query::All),
        nested("v", Query::And(vec![year(1), kind("b")])),
        nested("v", year(1).negated()),
        Query::And(vec![nested("v", year(1)), nested("v", kind("b"))]),
        nested("v", Query::And(vec![year(2), kind("a")])).negated(),
        nested("v", exists("v.kind").negated()),
        nested("v.w", one_of("v.w.grade", &[number(2)])),
        nested("v", nested("v.w", one_of("v.w.kind", &["p".into()]))),
        nested(
            "v",
            Query::And(vec![
                kind("b"),
                nested("v.w", within("v.w.grade", Range { gte: Some(2.into()), ..Range::default() })),
            ]),
        ),
        nested("v", nested("v.w", Query::All).negated()),
        nested("unknown", Query::All),
        nested("unknown", Query::All).negated(),
        one_of("v.year", &[number(1)]),
        exists("v.year"),
        nested("v", one_of("k", &["a".into()])),
        text("FOX", analyzed()),
        text("fox wolf", field("k.analyzed")),
        text("größe", everywhere()),
        text("日", analyzed()),
        text("quick", field("k")),
        text("z", field("k")),
        text("A.B*c", everywhere()),
        text("12", everywhere()),
        text("true", everywhere()),
        text("...", analyzed()),
        text("a", Words::Fields(vec![])),
        text("a", field("unknown")),
        text("a", Words::EverySubfield("unknown".to_owned())),
        text("fox", analyzed()).negated(),
        Query::Ids(vec![]),
        Query::Ids(["1", "ü?&=", "..", "%2F", "a,b*", "nothing"].map(str::to_owned).to_vec()),
    ];
    for edge in EDGES {
        queries.push(one_of("edge", &[number(edge)]));
        queries.push(within("edge", Range { gt: Some(edge.into()), ..Range::default() }));
        queries.push(within("edge", Range { gte: Some(edge.into()), ..Range::default() }));
        queries.push(within("edge", Range { lt: Some(edge.into()), ..Range::default() }));
    }
    let beyond = [Number::from(u64::MAX), float(9.3e18), float(-9.3e18)];
    for beyond in beyond {
        queries.push(one_of("edge", &[Scalar::Number(beyond.clone())]));
        queries.push(within("edge", Range { gt: Some(beyond.clone()), ..Range::default() }));
        queries.push(within("edge", Range { lte: Some(beyond), ..Range::default() }));
    }
    queries
}

fn counts() -> Vec<Aggregations> {
    let named = |aggregation| Aggregations::from([("it".to_owned(), aggregation)]);
    let values = |field: &str, missing, descending, then| Aggregation::Values {
        field: field.to_owned(),
        missing,
        descending,
        then,
    };
    let none = Aggregations::new;
    let histogram = |field: &str, interval, offset, then| Aggregation::Histogram {
        field: field.to_owned(),
        interval,
        offset,
        then,
    };
    let top = |field: &str, size, skip, containing: Option<&str>| Aggregation::Top {
        field: field.to_owned(),
        size,
        skip,
        containing: containing.map(str::to_owned),
        then: none(),
    };
    let within = |path: &str, then| Aggregation::Nested { path: path.to_owned(), then };
    let stats = |field: &str| named(Aggregation::Stats(field.to_owned()));
    let mut all = Vec::new();
    for field in ["k", "k2", "n", "x", "b", "edge", "o.k", "never", "unknown", "v.kind"] {
        for (missing, descending) in [(false, false), (false, true), (true, false), (true, true)] {
            all.push(values(field, missing, descending, none()));
            all.push(histogram("n", 10.0, 0.0, named(values(field, missing, descending, none()))));
            let filter = Query::Exists("n".to_owned());
            let then = named(values(field, missing, descending, stats("n")));
            all.push(Aggregation::Filtered { query: filter, then });
        }
        all.push(Aggregation::Count(field.to_owned()));
        all.push(Aggregation::Distinct { field: field.to_owned(), precision: 100 });
        all.push(Aggregation::Missing { field: field.to_owned(), then: stats("n") });
        all.push(top(field, 2, 0, None));
        all.push(top(field, 1, 1, None));
        all.push(top(field, 0, 0, None));
    }
    all.extend(["", "B", "GRÖ", ".", "*", "a.b*", "😀", "日"].map(|part| top("k2", 5, 0, Some(part))));
    all.extend(["fox", "(", "[a-z]", ", B", "ö"].map(|part| top("k", 5, 0, Some(part))));
    let bins = [(1.0, 0.0), (5.0, 3.0), (2.5, -1.25), (100.0, 0.0), (0.5, 0.25), (4.0, 17.0)];
    for (interval, offset) in bins {
        all.push(histogram("n", interval, offset, stats("n")));
        all.push(histogram("x", interval, offset, named(values("k", true, false, none()))));
        all.push(within("v", named(histogram("v.year", interval, offset, stats("v.year")))));
    }
    all.push(histogram("unknown", 1.0, 0.0, none()));
    all.push(within("v", stats("v.ratio")));
    all.push(Aggregation::Stats("unknown".to_owned()));
    all.push(within("unknown", named(values("unknown.a", true, false, none()))));
    for (missing, descending) in [(false, false), (true, true), (true, false)] {
        let grades = named(values("v.w.grade", missing, descending, none()));
        all.push(within("v", named(values("v.kind", missing, descending, stats("v.year")))));
        all.push(within("v", named(within("v.w", grades.clone()))));
        all.push(within("v.w", grades.clone()));
        let both = Query::And(vec![
            one_of("v.kind", &["b".into()]),
            nested("v.w", one_of("v.w.grade", &[number(2)])).negated(),
        ]);
        let years = named(values("v.year", missing, descending, none()));
        all.push(within("v", named(Aggregation::Filtered { query: both, then: years })));
        all.push(values(
            "k",
            missing,
            descending,
            named(within("v", named(values("v.kind", missing, descending, none())))),
        ));
    }
    // Filters in filters, with all values below and a nested path on the way.
    let deep = named(within("v", named(values("v.kind", true, true, none()))));
    let inner = Aggregation::Filtered { query: Query::Exists("x".to_owned()), then: deep };
    let outer = Aggregation::Filtered { query: Query::Exists("n".to_owned()), then: named(inner) };
    all.push(outer);
    all.into_iter().map(named).collect()
}

fn orders() -> Vec<Search> {
    let sort = |field: &str, path: Option<&str>, descending| Sort {
        field: field.to_owned(),
        nested: path.map(str::to_owned),
        descending,
    };
    let mut orders = Vec::new();
    for descending in [false, true] {
        for field in ["k", "k2", "n", "x", "f", "b", "o.n", "never", "unknown"] {
            orders.push(vec![sort(field, None, descending)]);
            orders.push(vec![sort("b", None, !descending), sort(field, None, descending)]);
        }
        orders.push(vec![sort("v.year", Some("v"), descending)]);
        orders.push(vec![sort("v.w.grade", Some("v.w"), descending)]);
        orders.push(vec![sort("v.kind", Some("v"), descending), sort("n", None, descending)]);
    }
    orders.push(vec![]);
    let search = |sort: Vec<Sort>| {
        let page = |from, size| Search { sort: sort.clone(), from, size, ..Search::new(Query::All) };
        [page(0, 100), page(0, 3), page(3, 3), page(7, 10), page(50, 10)]
    };
    orders.into_iter().flat_map(search).collect()
}

fn sources() -> Vec<Search> {
    let some: [&[&str]; 11] = [
        &[],
        &["k"],
        &["o"],
        &["o.k"],
        &["v"],
        &["v.kind"],
        &["v.w.kind", "k2"],
        &["v.w", "v.year"],
        &["unknown", "n"],
        &["k", "o.n", "v.year", "v.w.grade"],
        &["v.kin"],
    ];
    let fields =
        some.iter().map(|fields| Source::Fields(fields.iter().map(|field| (*field).to_owned()).collect()));
    let all = [Source::All, Source::None].into_iter().chain(fields);
    all.map(|source| Search { source, ..Search::new(Query::All) }).collect()
}

fn highlights() -> Vec<Search> {
    let analyzed = || Words::EverySubfield("analyzed".to_owned());
    let queries = [
        text("b", analyzed()),
        text("z y", analyzed()),
        text("größe 日", Words::Fields(vec!["k.analyzed".to_owned()])),
        text("a", analyzed()),
        Query::And(vec![text("a", analyzed()), one_of("k", &["b".into()])]),
        text("z", Words::Fields(vec!["k".to_owned()])),
        text("b", analyzed()).negated(),
        Query::All,
    ];
    let search = |query| Search { highlight: Some("analyzed".to_owned()), ..Search::new(query) };
    queries.into_iter().map(search).collect()
}

/// Every document by its id.
async fn by_id(engine: &dyn Engine) -> usize {
    let documents = documents();
    for (id, right) in &documents {
        let own = done(engine.document(INDEX, id).await, "a document by its id");
        assert_eq!(own.map(Value::from).as_ref(), Some(right), "the document {id:?}");
    }
    for nothing in ["", ".", "a", "1/_update", "1?x=y"] {
        assert_eq!(done(engine.document(INDEX, nothing).await, "a document"), None, "{nothing:?}");
    }
    documents.len() + 5
}

/// More terms than a server takes in one list.
async fn many_terms(engine: &dyn Engine) -> usize {
    let mut words: Vec<Scalar> = (0..100_000).map(|number| format!("word {number}").into()).collect();
    words.extend(["a".into(), "z".into()]);
    let numbers: Vec<Scalar> = (0..100_000).map(|step| number(step + 9)).collect();
    let some = one_of("k", &words);
    let searches = [
        some.clone(),
        Query::And(vec![some, one_of("n", &numbers)]),
        one_of("n", &numbers).negated(),
        Query::Ids((0..20_000).map(|number| number.to_string()).collect()),
    ];
    let searches: Vec<_> = searches.into_iter().map(Search::new).collect();
    let right: [&[&str]; 4] = [&["a/b", "a,b*"], &["a/b", "a,b*"], &["1", "4 4", "_x", "..", "%2F"], &["1"]];
    let right = right.map(|ids| {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids
    });
    for (search, right) in searches.iter().zip(right) {
        let found = done(engine.search(INDEX, search).await, "a hundred thousand terms");
        let mut ids: Vec<_> = found.hits.iter().map(|hit| hit.id.as_str()).collect();
        ids.sort_unstable();
        assert_eq!((ids, found.total), (right.clone(), right.len() as u64));
    }
    searches.len()
}

/// More values than come in one page, and more in one question than a server gives at once.
async fn many_values(engine: &dyn Engine) -> usize {
    let words: Vec<_> = (0..12_000).map(|number| format!("word {number}")).collect();
    let numbers: Vec<_> = (0..12_000).chain(0..10).collect();
    let documents = [
        ("1".to_owned(), json!({"k2": words, "n": numbers, "v": {"kind": words}})),
        ("2".to_owned(), json!({"k2": ["word 3", "a"], "n": [5, 5]})),
        ("3".to_owned(), json!({})),
    ];
    let index = "suite_known_many";
    let oracle = filled(engine, index, &documents).await;
    let values = |field: &str, missing, descending| Aggregation::Values {
        field: field.to_owned(),
        missing,
        descending,
        then: Aggregations::new(),
    };
    let counting = |counts: Vec<Aggregation>| {
        let counts = counts.into_iter().enumerate().map(|(place, count)| (place.to_string(), count));
        Search::counting(Query::All, counts.collect())
    };
    let within = |path: &str, count| Aggregation::Nested {
        path: path.to_owned(),
        then: Aggregations::from([("it".to_owned(), count)]),
    };
    let filtered = Aggregation::Filtered {
        query: Query::Exists("k2".to_owned()),
        then: Aggregations::from([("it".to_owned(), values("k2", true, true))]),
    };
    let mut searches = vec![
        counting(vec![values("k2", true, true), values("n", true, false)]),
        counting(vec![values("k2", false, false), values("n", false, true)]),
        counting(vec![within("v", values("v.kind", true, true)), filtered]),
    ];
    searches.push(counting((0..8).map(|place| values("k2", place % 2 == 0, place % 3 == 0)).collect()));
    compare(engine, &oracle, index, &searches).await
}

/// Where there is no index.
async fn nowhere(engine: &dyn Engine) -> usize {
    let names = ["suite_nothing", "suite_*", "_all", "suite_known,suite_nothing", "*", "", "Suite"];
    let search = Search::new(Query::All);
    let asked: Vec<_> = [INDEX].into_iter().chain(names).map(|name| (name, &search)).collect();
    let answers = engine.search_all(&asked).await;
    assert!(answers[0].is_ok(), "one question among others that fail is answered: {:?}", answers[0]);
    for (name, answer) in names.iter().zip(&answers[1..]) {
        assert!(matches!(answer, Err(SearchError::NoIndex(_))), "{name:?} is no index: {answer:?}");
        assert!(
            matches!(engine.mapping(name).await, Err(SearchError::NoIndex(_))),
            "{name:?} has no mapping"
        );
    }
    answers.len()
}
