//! `in_set`: the field has a value that is in a set.

use std::{collections::HashMap, sync::Arc};

use search::{Query, Scalar};
use serde_json::{Number, Value};

use crate::schema::Leaf;

/// The operator. Its spelling with capital letters is known as well, as of all.
pub(crate) const OPERATOR: &str = "in_set";

/// The members of the sets that a filter names, by their ids as they stand there.
pub(crate) type Sets = HashMap<String, Arc<[Scalar]>>;

/// The ids of all sets that a filter names, wherever it does; without those that are no texts.
pub(crate) fn named_sets(filter: &Value) -> Vec<&str> {
    let mut names = Vec::new();
    collect(filter, &mut names);
    names.sort_unstable();
    names.dedup();
    names
}

fn collect<'f>(filter: &'f Value, names: &mut Vec<&'f str>) {
    match filter {
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::Object(fields) if key.eq_ignore_ascii_case(OPERATOR) => {
                        names.extend(fields.values().filter_map(Value::as_str));
                    }
                    value => collect(value, names),
                }
            }
        }
        _ => {}
    }
}

/// Documents whose field has one of the members; those that no value of the field can be do not matter.
pub(crate) fn members_of(path: &str, leaf: Leaf, members: &Arc<[Scalar]>) -> Query {
    let text = |member: &Scalar| match member {
        Scalar::Text(text) => Some(text.clone()),
        _ => None,
    };
    let values = match leaf {
        Leaf::Boolean => members.iter().filter_map(text).filter_map(|text| flag(&text)).collect(),
        leaf if leaf.is_number() => {
            members.iter().filter_map(text).filter_map(|text| number(&text)).map(Scalar::Number).collect()
        }
        _ => members.clone(),
    };
    Query::OneOf { field: path.to_owned(), values }
}

fn flag(text: &str) -> Option<Scalar> {
    text.parse().ok().map(Scalar::Boolean)
}

/// A number that is written as one.
pub(super) fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    let whole = text.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
}
