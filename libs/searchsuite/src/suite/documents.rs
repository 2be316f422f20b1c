//! The fields of the suite, and documents that have them.

use search::{Definition, Mapping, Scalar};
use serde_json::{Map, Number, Value, json};

use super::chance::Chance;

/// Words of keywords: in two cases, with spaces, beyond ASCII and beyond the first plane.
pub(super) const WORDS: [&str; 9] = ["a", "b", "B", "ab cd", "Größe", "日本", "z.z", "5", "😀 b"];
/// Whole numbers at the edges of what is exact.
pub(super) const EDGES: [i64; 6] = [i64::MIN, -1, 0, (1 << 53) + 1, (1 << 53) + 2, i64::MAX];

/// The kinds of values that a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Words,
    Whole,
    Edges,
    Quarters,
    Truth,
    /// No mapping has the field, or no document.
    Nothing,
}

/// The fields at a place: the document, or objects of a nested path.
pub(super) fn fields(path: Option<&str>) -> &'static [(&'static str, Holds)] {
    match path {
        None => &[
            ("k", Holds::Words),
            ("k2", Holds::Words),
            ("n", Holds::Whole),
            ("i", Holds::Whole),
            ("edge", Holds::Edges),
            ("x", Holds::Quarters),
            ("f", Holds::Quarters),
            ("b", Holds::Truth),
            ("o.k", Holds::Words),
            ("o.n", Holds::Whole),
            ("unknown", Holds::Nothing),
            ("never", Holds::Nothing),
        ],
        Some("v") => &[
            ("v.kind", Holds::Words),
            ("v.year", Holds::Whole),
            ("v.ratio", Holds::Quarters),
            ("v.unknown", Holds::Nothing),
        ],
        _ => &[("v.w.kind", Holds::Words), ("v.w.grade", Holds::Whole)],
    }
}

/// The index of the suite.
pub(super) fn definition() -> Definition {
    let keyword = json!({"type": "keyword", "fields": {"analyzed": {"type": "text"}}});
    let mapping = json!({"properties": {
        "k": keyword, "k2": {"type": "keyword"}, "never": {"type": "keyword"},
        "n": {"type": "long"}, "i": {"type": "integer"}, "edge": {"type": "long"},
        "x": {"type": "double"}, "f": {"type": "float"}, "b": {"type": "boolean"},
        "o": {"type": "object", "properties": {"k": keyword, "n": {"type": "long"}}},
        "v": {"type": "nested", "properties": {
            "kind": {"type": "keyword"}, "year": {"type": "long"}, "ratio": {"type": "double"},
            "w": {"type": "nested", "properties": {"kind": {"type": "keyword"}, "grade": {"type": "long"}}},
        }},
    }});
    let mapping = Mapping::read(&mapping).unwrap_or_default();
    Definition { mapping, settings: Map::new() }
}

/// A value of a field.
pub(super) fn scalar(holds: Holds, chance: &mut Chance) -> Scalar {
    match holds {
        Holds::Words | Holds::Nothing => chance.of(&WORDS).into(),
        Holds::Whole => Scalar::Number((chance.below(12) as i64 - 3).into()),
        Holds::Edges => Scalar::Number(chance.of(&EDGES).into()),
        Holds::Quarters => {
            let number = Number::from_f64((chance.below(24) as f64 - 8.0) / 4.0);
            Scalar::Number(number.unwrap_or_else(|| 0.into()))
        }
        Holds::Truth => Scalar::Boolean(chance.once_in(2)),
    }
}

fn json_of(scalar: Scalar) -> Value {
    match scalar {
        Scalar::Text(text) => text.into(),
        Scalar::Number(number) => number.into(),
        Scalar::Boolean(boolean) => boolean.into(),
    }
}

/// A document: each field is absent, null, an empty list, one value or some.
pub(super) fn document(chance: &mut Chance) -> Value {
    let mut document = object(None, chance);
    if !chance.once_in(4) {
        let o = json!({"k": value(Holds::Words, chance), "n": value(Holds::Whole, chance)});
        document.insert("o".to_owned(), o);
    }
    let visits = (0..chance.below(4)).map(|_| {
        let mut visit = object(Some("v"), chance);
        let inner: Vec<Value> = (0..chance.below(3)).map(|_| object(Some("v.w"), chance).into()).collect();
        if !inner.is_empty() || chance.once_in(2) {
            visit.insert("w".to_owned(), inner.into());
        }
        Value::from(visit)
    });
    let mut visits: Vec<_> = visits.collect();
    match visits.len() {
        0 if chance.once_in(2) => {}
        1 if chance.once_in(2) => drop(document.insert("v".to_owned(), visits.remove(0))),
        _ => drop(document.insert("v".to_owned(), visits.into())),
    }
    document.into()
}

fn object(path: Option<&str>, chance: &mut Chance) -> Map<String, Value> {
    let mut object = Map::new();
    for (field, holds) in fields(path) {
        let name = path.map_or(*field, |path| field.get(path.len() + 1..).unwrap_or_default());
        if *holds == Holds::Nothing || name.contains('.') || chance.once_in(4) {
            continue;
        }
        object.insert(name.to_owned(), value(*holds, chance));
    }
    object
}

fn value(holds: Holds, chance: &mut Chance) -> Value {
    match chance.below(10) {
        0 => Value::Null,
        1 => json!([]),
        2 => json!([json_of(scalar(holds, chance)), null]),
        3 | 4 => (0..chance.below(3) + 1).map(|_| json_of(scalar(holds, chance))).collect(),
        _ => json_of(scalar(holds, chance)),
    }
}
