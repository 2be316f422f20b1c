//! Rows: what documents hold, in the types of the schema. What does not fit is told as graphql-js does.

use std::collections::BTreeMap;

use graphql::{Selected, Sub};
use search::Hit;
use serde_json::{Map, Number, Value};

use super::json::Writer;
use crate::{
    filter::text_of,
    lower::Failure,
    schema::{Field, Fields, Leaf, Meaning, Scalar, Shape, Values},
};

type Selection<'q> = &'q [Selected<'q, Meaning>];

/// Writes the rows of a page.
pub(super) fn write<'q>(hits: &[Hit], fields: &Fields, selected: Selection<'q>, out: &mut Writer<'q>) {
    out.list(hits, |out, hit| {
        object(&hit.source, fields, selected, Some(&hit.highlights), out);
    });
}

fn object<'q>(
    source: &Map<String, Value>,
    fields: &Fields,
    selected: Selection<'q>,
    highlights: Option<&BTreeMap<String, Vec<String>>>,
    out: &mut Writer<'q>,
) {
    let places = selected.iter().map(|selection| (selection.key.as_str(), selection.at, selection));
    out.object(places, |out, selection| match selection.field.meaning {
        None => out.text(selection.parent),
        Some(Meaning::Matched) => matched(highlights, selection, out),
        Some(_) => match fields.get(&selection.field.name) {
            Some(field) => column(source.get(&selection.field.name), field, selection, out),
            // Objects of one name share a type, so it may have what these lack.
            None => out.null(),
        },
    });
}

fn matched<'q>(
    highlights: Option<&BTreeMap<String, Vec<String>>>,
    selection: &'q Selected<'q, Meaning>,
    out: &mut Writer<'q>,
) {
    let Some(highlights) = highlights.filter(|found| !found.is_empty()) else { return out.null() };
    let Sub::Object(selected) = &selection.sub else { return out.null() };
    out.list(highlights, |out, (field, fragments)| {
        let places = selected.iter().map(|selection| (selection.key.as_str(), selection.at, selection));
        out.object(places, |out, selection| match selection.field.meaning {
            None => out.text(selection.parent),
            Some(Meaning::MatchedField) => out.text(field),
            Some(_) => out.list(fragments, |out, fragment| out.text(fragment)),
        });
    });
}

fn column<'q>(
    value: Option<&Value>,
    field: &Field,
    selection: &'q Selected<'q, Meaning>,
    out: &mut Writer<'q>,
) {
    match (value, field.values) {
        (None | Some(Value::Null), _) => out.null(),
        (Some(Value::Array(items)), Values::Many) => {
            out.list(items, |out, item| one(item, field, selection, out));
        }
        // One value is a list of one; the mapping does not tell them apart.
        (Some(value), Values::Many) => out.list([value], |out, item| one(item, field, selection, out)),
        (Some(Value::Array(items)), Values::One) => match (&items[..], &field.shape) {
            ([], Shape::Nested(_)) => out.null(),
            ([item], _) => one(item, field, selection, out),
            ([first, ..], Shape::Nested(_)) => one(first, field, selection, out),
            (_, Shape::Leaf(leaf)) => {
                let value = Value::Array(items.clone());
                out.failed(&unfit(leaf.scalar(), &value));
            }
        },
        (Some(value), Values::One) => one(value, field, selection, out),
    }
}

fn one<'q>(value: &Value, field: &Field, selection: &'q Selected<'q, Meaning>, out: &mut Writer<'q>) {
    match (&field.shape, value) {
        (_, Value::Null) => out.null(),
        (Shape::Leaf(leaf), value) => scalar(*leaf, value, out),
        (Shape::Nested(fields), Value::Object(source)) => match &selection.sub {
            Sub::Object(selected) => object(source, fields, selected, None, out),
            _ => out.null(),
        },
        (Shape::Nested(_), _) => out.null(),
    }
}

fn scalar(leaf: Leaf, value: &Value, out: &mut Writer<'_>) {
    let scalar = leaf.scalar();
    match scalar {
        Scalar::String => match text_of(value) {
            Some(text) => out.text(&text),
            None => out.failed(&unfit(scalar, value)),
        },
        Scalar::Int => match number_of(value).filter(is_int) {
            Some(number) => write_number(&number, out),
            None => out.failed(&unfit(scalar, value)),
        },
        Scalar::Float => match number_of(value) {
            Some(number) => write_number(&number, out),
            None => out.failed(&unfit(scalar, value)),
        },
    }
}

/// A number, a text that is one, or a boolean, as JavaScript takes them.
fn number_of(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::Bool(value) => Some(i32::from(*value).into()),
        Value::String(text) => {
            let text = text.trim();
            let whole = text.parse::<i64>().ok().map(Number::from);
            whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_int(number: &Number) -> bool {
    number.as_f64().is_some_and(|float| float.fract() == 0.0 && float.abs() <= f64::from(i32::MAX))
}

fn write_number(number: &Number, out: &mut Writer<'_>) {
    match number.as_f64() {
        Some(float) if number.is_f64() => out.number(float),
        // Whole numbers keep all of their digits.
        _ => out.raw(&number.to_string()),
    }
}

fn unfit(scalar: Scalar, value: &Value) -> Failure {
    const SHOWN: usize = 200;
    let value: String = value.to_string().chars().take(SHOWN).collect();
    Failure::Odd(match scalar {
        Scalar::String => format!("String cannot represent value: {value}"),
        Scalar::Int => format!("Int cannot represent non-integer value: {value}"),
        Scalar::Float => format!("Float cannot represent non numeric value: {value}"),
    })
}
