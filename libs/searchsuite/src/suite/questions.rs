//! Questions by chance.

use search::{Aggregation, Aggregations, Query, Range, Scalar, Search, Sort, Source, Words};
use serde_json::Number;

use super::{
    chance::Chance,
    documents::{Holds, WORDS, fields, scalar},
};

/// Any search.
pub(super) fn search(chance: &mut Chance) -> Search {
    let query = query(None, 3, chance);
    let mut search = Search::new(query);
    search.size = chance.of(&[0, 3, 10, 100]);
    search.from = chance.of(&[0, 0, 0, 2]);
    search.sort = (0..chance.below(3)).map(|_| sort(chance)).collect();
    search.source = source(chance);
    let names = ["one", "two"];
    search.aggregations =
        names.iter().take(chance.below(3)).map(|name| aggregation(name, None, 2, chance)).collect();
    search
}

/// How documents are sorted.
pub(super) fn sort(chance: &mut Chance) -> Sort {
    let nested = chance.of(&[None, None, None, Some("v"), Some("v.w")]);
    let sortable: Vec<_> = fields(nested).iter().filter(|(_, holds)| *holds != Holds::Edges).collect();
    let field = chance.of(&sortable).0.to_owned();
    Sort { field, nested: nested.map(str::to_owned), descending: chance.once_in(2) }
}

fn source(chance: &mut Chance) -> Source {
    let paths = ["k", "n", "o", "o.k", "v", "v.kind", "v.w.grade", "v.w", "unknown"];
    match chance.below(4) {
        0 => Source::All,
        1 => Source::None,
        _ => {
            let mut chosen: Vec<_> = (0..chance.below(4) + 1).map(|_| chance.of(&paths).to_owned()).collect();
            chosen.sort_unstable();
            chosen.dedup();
            Source::Fields(chosen)
        }
    }
}

/// Any query about documents or nested objects.
pub(super) fn query(path: Option<&str>, depth: usize, chance: &mut Chance) -> Query {
    if depth == 0 || chance.once_in(3) {
        return leaf(path, chance);
    }
    let several = |chance: &mut Chance| -> Vec<Query> {
        (0..chance.below(4)).map(|_| query(path, depth - 1, chance)).collect()
    };
    match chance.below(4) {
        0 => Query::And(several(chance)),
        1 => Query::Or(several(chance)),
        2 => query(path, depth - 1, chance).negated(),
        _ => match inner_path(path, chance) {
            Some(inner) => {
                let query = Box::new(query(Some(inner), depth - 1, chance));
                Query::Nested { path: inner.to_owned(), query }
            }
            None => leaf(path, chance),
        },
    }
}

/// A nested path below this one.
fn inner_path(path: Option<&str>, chance: &mut Chance) -> Option<&'static str> {
    match path {
        None => Some(chance.of(&["v", "v", "v.w"])),
        Some("v") => Some("v.w"),
        Some(_) => None,
    }
}

fn leaf(path: Option<&str>, chance: &mut Chance) -> Query {
    let (field, holds) = chance.of(fields(path));
    let field = field.to_owned();
    match (chance.below(8), holds) {
        (0, _) => chance.of(&[Query::All, Query::None]),
        (1, _) if path.is_none() => text(chance),
        (2, _) if path.is_none() => {
            Query::Ids((0..chance.below(6)).map(|_| chance.below(40).to_string()).collect())
        }
        (3, _) => Query::Exists(field),
        (_, Holds::Whole | Holds::Quarters | Holds::Edges) if chance.once_in(2) => {
            Query::Within { field, range: range(holds, chance) }
        }
        _ => {
            let values = (0..chance.below(4)).map(|_| scalar(holds, chance)).collect();
            Query::OneOf { field, values }
        }
    }
}

fn range(holds: Holds, chance: &mut Chance) -> Range {
    let mut limit = |times: usize| -> Option<Number> {
        // Limits between whole numbers, too.
        let holds = if holds == Holds::Whole && chance.once_in(3) { Holds::Quarters } else { holds };
        match scalar(holds, chance) {
            Scalar::Number(number) if chance.once_in(times) => Some(number),
            _ => None,
        }
    };
    Range { gt: limit(3), gte: limit(3), lt: limit(3), lte: limit(3) }
}

fn text(chance: &mut Chance) -> Query {
    let texts = ["a", "B", "CD", "größe", "b z", "日", "nothing", "...", "5"];
    let words = match chance.below(4) {
        0 => Words::Everywhere,
        1 => Words::EverySubfield("analyzed".to_owned()),
        2 => Words::Fields(vec!["k.analyzed".to_owned()]),
        _ => Words::Fields(vec!["k".to_owned(), "o.k.analyzed".to_owned(), "unknown".to_owned()]),
    };
    let text = if chance.once_in(4) { chance.of(&WORDS) } else { chance.of(&texts) };
    Query::Text { text: text.to_owned(), words }
}

fn aggregation(name: &str, path: Option<&str>, depth: usize, chance: &mut Chance) -> (String, Aggregation) {
    (name.to_owned(), any_aggregation(path, depth, chance))
}

fn any_aggregation(path: Option<&str>, depth: usize, chance: &mut Chance) -> Aggregation {
    let then = |path: Option<&str>, chance: &mut Chance| -> Aggregations {
        let names = ["below", "beside"];
        let count = if depth == 0 { 0 } else { chance.below(3) };
        names.iter().take(count).map(|name| aggregation(name, path, depth - 1, chance)).collect()
    };
    let (field, holds) = chance.of(fields(path));
    let field = field.to_owned();
    let number = matches!(holds, Holds::Whole | Holds::Quarters);
    match chance.below(9) {
        0 | 1 => Aggregation::Values {
            field,
            missing: chance.once_in(2),
            descending: chance.once_in(2),
            then: then(path, chance),
        },
        2 => Aggregation::Top {
            field,
            size: chance.below(4),
            skip: chance.of(&[0, 0, 1]),
            containing: (holds == Holds::Words && chance.once_in(2))
                .then(|| chance.of(&["b", "B", "Ö", ".", "日", " "]).to_owned()),
            then: then(path, chance),
        },
        3 if number => Aggregation::Histogram {
            field,
            interval: chance.of(&[0.5, 1.0, 2.0, 3.0]),
            offset: chance.of(&[0.0, 0.25, 1.0, -1.5]),
            then: then(path, chance),
        },
        4 if number => Aggregation::Stats(field),
        5 => Aggregation::Count(field),
        6 => Aggregation::Distinct { field, precision: 1000 },
        7 => Aggregation::Missing { field, then: then(path, chance) },
        8 => Aggregation::Filtered { query: query(path, 1, chance), then: then(path, chance) },
        _ => match inner_path(path, chance) {
            Some(inner) => Aggregation::Nested { path: inner.to_owned(), then: then(Some(inner), chance) },
            None => Aggregation::Count(field),
        },
    }
}
