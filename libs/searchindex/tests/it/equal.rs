//! Generated documents and questions, answered as the naive engine answers them.

use search::{
    Aggregation, Aggregations, Definition, Engine, Mapping, Operation, Query, Range, Scalar, Search, Sort,
    Words,
};
use searchindex::Embedded;
use searchsuite::Naive;
use serde_json::{Map, Value, json};

/// A small generator of numbers (xorshift), the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len() as u64) as usize]
    }
}

fn definition() -> Definition {
    let keyword = json!({"type": "keyword", "fields": {"analyzed": {"type": "text"}}});
    let mapping = json!({"properties": {
        "word": keyword, "other": keyword, "note": {"type": "text"}, "flag": {"type": "boolean"},
        "short": {"type": "keyword", "ignore_above": 3},
        "whole": {"type": "long"}, "byte": {"type": "byte"}, "float": {"type": "double"},
        "inner": {"properties": {"word": keyword, "whole": {"type": "integer"}}},
        "visits": {"type": "nested", "properties": {
            "kind": keyword, "year": {"type": "long"},
            "follow": {"type": "nested", "properties": {"word": keyword, "float": {"type": "double"}}},
        }},
        "files": {"type": "nested", "properties": {"size": {"type": "long"}}},
    }});
    Definition { mapping: Mapping::read(&mapping).unwrap(), settings: Map::new() }
}

const TEXTS: [&str; 9] = ["a", "b", "lung", "Lung left", "é", "東京 x", "", "Z", "long text, with words"];
const KEYWORDS: [&str; 5] = ["word", "other", "short", "inner.word", "no.such"];
const NUMBERS: [&str; 4] = ["whole", "byte", "float", "inner.whole"];

fn several(dice: &mut Dice, one: impl Fn(&mut Dice) -> Value) -> Option<Value> {
    Some(match dice.roll(8) {
        0 => return None,
        1 => Value::Null,
        2 => json!([]),
        3 | 4 => (0..dice.roll(4)).map(|_| one(dice)).collect(),
        _ => one(dice),
    })
}

fn text(dice: &mut Dice) -> Value {
    json!(dice.pick(&TEXTS))
}

fn whole(dice: &mut Dice) -> Value {
    json!(dice.roll(9) as i64 - 4)
}

fn float(dice: &mut Dice) -> Value {
    json!((dice.roll(40) as f64 - 20.0) / 4.0)
}

fn object(fields: Vec<(&str, Option<Value>)>) -> Value {
    Value::Object(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

fn visit(dice: &mut Dice) -> Value {
    let follow = (0..dice.roll(3))
        .map(|_| object(vec![("word", several(dice, text)), ("float", several(dice, float))]));
    let follow = Some(follow.collect());
    object(vec![("kind", several(dice, text)), ("year", several(dice, whole)), ("follow", follow)])
}

fn document(dice: &mut Dice) -> Value {
    let visits = (0..dice.roll(4)).map(|_| visit(dice)).collect();
    let files = (dice.roll(2) == 0).then(|| json!({"size": dice.roll(5)}));
    let inner = object(vec![("word", several(dice, text)), ("whole", several(dice, whole))]);
    object(vec![
        ("word", several(dice, text)),
        ("other", several(dice, text)),
        ("short", several(dice, text)),
        ("note", several(dice, text)),
        ("flag", several(dice, |dice| json!(dice.roll(2) == 0))),
        ("whole", several(dice, whole)),
        ("byte", several(dice, whole)),
        ("float", several(dice, float)),
        ("inner", Some(inner)),
        ("visits", Some(visits)),
        ("files", files),
    ])
}

fn number(value: Value) -> serde_json::Number {
    match value {
        Value::Number(number) => number,
        other => panic!("{other} is no number"),
    }
}

fn leaf(dice: &mut Dice, keywords: &[&str], numbers: &[&str]) -> Query {
    let keyword = (*dice.pick(keywords)).to_owned();
    let numeric = (*dice.pick(numbers)).to_owned();
    match dice.roll(5) {
        0 | 1 => Query::OneOf {
            field: keyword,
            values: (0..dice.roll(4)).map(|_| Scalar::from(*dice.pick(&TEXTS))).collect(),
        },
        2 => Query::OneOf { field: numeric, values: [Scalar::Number(number(float(dice)))].into() },
        3 => {
            let mut limit = || (dice.roll(2) == 0).then(|| number(float(dice)));
            let range = Range { gt: limit(), gte: limit(), lt: limit(), lte: limit() };
            Query::Within { field: numeric, range }
        }
        _ => Query::Exists(if dice.roll(2) == 0 { keyword } else { numeric }),
    }
}

fn inside(dice: &mut Dice) -> Query {
    let about_follow = |dice: &mut Dice| Query::Nested {
        path: "visits.follow".to_owned(),
        query: Box::new(leaf(dice, &["visits.follow.word"], &["visits.follow.float"])),
    };
    let query = match dice.roll(4) {
        0 => return about_follow(dice),
        1 => Query::And(vec![leaf(dice, &["visits.kind"], &["visits.year"]), about_follow(dice)]),
        2 => leaf(dice, &["visits.kind"], &["visits.year"]).negated(),
        _ => leaf(dice, &["visits.kind", "word"], &["visits.year", "whole"]),
    };
    Query::Nested { path: "visits".to_owned(), query: Box::new(query) }
}

fn query(dice: &mut Dice, depth: u64) -> Query {
    let many = |dice: &mut Dice| (0..dice.roll(4)).map(|_| query(dice, depth - 1)).collect();
    match dice.roll(if depth == 0 { 7 } else { 11 }) {
        0 => Query::All,
        1 => inside(dice),
        2 => Query::Text {
            text: (*dice.pick(&["lung", "LEFT words", "東", "é", "zz"])).to_owned(),
            words: match dice.roll(3) {
                0 => Words::Fields(vec!["word.analyzed".to_owned(), "note".to_owned(), "other".to_owned()]),
                1 => Words::EverySubfield("analyzed".to_owned()),
                _ => Words::Everywhere,
            },
        },
        3 => Query::Ids((0..3).map(|_| format!("d{}", dice.roll(60))).collect()),
        4..=6 => leaf(dice, &KEYWORDS, &NUMBERS),
        7 | 8 => Query::And(many(dice)),
        9 => Query::Or(many(dice)),
        _ => query(dice, depth - 1).negated(),
    }
}

fn aggregations(dice: &mut Dice, keywords: &[&str], numbers: &[&str], depth: u64) -> Aggregations {
    let mut all = Aggregations::new();
    for name in 0..1 + dice.roll(3) {
        let then = |dice: &mut Dice| match depth {
            0 => Aggregations::new(),
            _ => aggregations(dice, keywords, numbers, depth - 1),
        };
        let any = (*dice.pick(&[keywords, numbers].concat())).to_owned();
        let numeric = (*dice.pick(numbers)).to_owned();
        let aggregation = match dice.roll(8) {
            0 | 1 => Aggregation::Values {
                field: any,
                missing: dice.roll(2) == 0,
                descending: dice.roll(2) == 0,
                then: then(dice),
            },
            2 => Aggregation::Top {
                field: any,
                size: dice.roll(4) as usize,
                skip: dice.roll(3) as usize,
                containing: (dice.roll(2) == 0).then(|| "L".to_owned()),
                then: then(dice),
            },
            3 => Aggregation::Histogram { field: numeric, interval: 1.5, offset: 0.25, then: then(dice) },
            4 => Aggregation::Stats(numeric),
            5 => Aggregation::Count(any),
            6 => Aggregation::Distinct { field: any, precision: 3000 },
            _ => Aggregation::Missing { field: any, then: then(dice) },
        };
        all.insert(name.to_string(), aggregation);
    }
    all
}

fn questions(dice: &mut Dice, count: usize) -> Vec<Search> {
    let sorts: [(&str, Option<&str>); 7] = [
        ("word", None),
        ("whole", None),
        ("float", None),
        ("flag", None),
        ("inner.word", None),
        ("visits.kind", Some("visits")),
        ("visits.follow.float", Some("visits.follow")),
    ];
    let mut all = Vec::new();
    for _ in 0..count {
        let mut aggregations = aggregations(dice, &KEYWORDS, &NUMBERS, 2);
        let inner = self::aggregations(dice, &["visits.kind", "word"], &["visits.year"], 1);
        aggregations
            .insert("visits".to_owned(), Aggregation::Nested { path: "visits".to_owned(), then: inner });
        let inner = self::aggregations(dice, &["visits.follow.word"], &["visits.follow.float"], 1);
        let follow = Aggregation::Nested { path: "visits.follow".to_owned(), then: inner };
        aggregations.insert("follow".to_owned(), follow.clone());
        let then = [("follow".to_owned(), follow)].into();
        aggregations
            .insert("filtered".to_owned(), Aggregation::Filtered { query: self::query(dice, 1), then });
        let sort = (0..dice.roll(3)).map(|_| dice.pick(&sorts)).map(|(field, nested)| Sort {
            field: (*field).to_owned(),
            nested: nested.map(str::to_owned),
            descending: false,
        });
        let mut sort: Vec<_> = sort.collect();
        sort.iter_mut().for_each(|sort| sort.descending = dice.roll(2) == 0);
        let query = query(dice, 3);
        // What several texts mark together is not the naive engine's concern.
        let is_text = matches!(query, Query::Text { .. });
        all.push(Search {
            from: dice.roll(5),
            size: dice.roll(20),
            sort,
            highlight: is_text.then(|| "analyzed".to_owned()),
            aggregations,
            ..Search::new(query)
        });
    }
    all
}

#[tokio::test]
async fn answers_are_those_of_the_naive_engine() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, naive) = (Embedded::open(folder.path()).unwrap(), Naive::new());
    for engine in [&ours as &dyn Engine, &naive] {
        engine.create("all", &definition()).await.unwrap();
    }
    let mut dice = Dice(88_172_645_463_325_252);
    for round in 0..6 {
        // Documents come, are replaced and go, so that there are several segments with and without gaps.
        let operations: Vec<_> = (0..20 + 20 * (round % 3))
            .map(|_| match dice.roll(8) {
                0 => Operation::Delete { id: format!("d{}", dice.roll(60)) },
                _ => Operation::Put {
                    id: Some(format!("d{}", dice.roll(60))),
                    body: document(&mut dice).to_string(),
                },
            })
            .collect();
        for engine in [&ours as &dyn Engine, &naive] {
            let written = engine.write("all", operations.clone()).await.unwrap();
            assert_eq!(written.rejected, []);
            engine.refresh("all").await.unwrap();
        }
        let questions = questions(&mut dice, 80);
        let asked: Vec<_> = questions.iter().map(|question| ("all", question)).collect();
        let answers = [ours.search_all(&asked).await, naive.search_all(&asked).await];
        let [ours, naive] = answers;
        for ((question, mine), expected) in questions.iter().zip(ours).zip(naive) {
            let (mut mine, mut expected) = (mine.unwrap(), expected.unwrap());
            mine.hits.iter_mut().chain(&mut expected.hits).for_each(|hit| hit.position.clear());
            assert_eq!(mine.total, expected.total, "{question:#?}");
            assert_eq!(mine.hits, expected.hits, "{question:#?}");
            for (name, aggregate) in &expected.aggregates {
                let asked = &question.aggregations[name];
                assert_eq!(Some(aggregate), mine.aggregates.get(name), "{:#?} of {asked:#?}", question.query);
            }
        }
    }
}
