//! Values in the types of their fields.

use std::{cmp::Ordering, collections::BTreeMap};

use serde_json::{Number, Value};

use crate::{
    Form,
    ir::{Column, Source},
    outline::{Scalar, Shape},
};

/// How many values did not fit, by field.
pub(super) type Misfits = BTreeMap<String, u64>;

/// The fields of a node. `read` has the properties in the order of the columns.
pub(super) fn fields(
    columns: &[Column],
    id: &str,
    read: Vec<Value>,
    form: Form,
    misfits: &mut Misfits,
) -> Vec<Value> {
    let mut read = read.into_iter();
    let one = |column: &Column| {
        let value = match &column.source {
            Source::Id => Value::String(id.to_owned()),
            Source::Absent => Value::Null,
            Source::Property(_) => read.next().unwrap_or(Value::Null),
        };
        typed(mapped(value, column, form), column, form, misfits)
    };
    columns.iter().map(one).collect()
}

/// What stands for a value. The original forgets values that are not listed.
fn mapped(value: Value, column: &Column, form: Form) -> Value {
    if column.values.is_empty() || value.is_null() {
        return value;
    }
    match (column.values.get(&value.to_string()), form) {
        (Some(other), _) => other.clone(),
        (None, Form::Right) => value,
        (None, Form::Compat) => Value::Null,
    }
}

fn typed(value: Value, column: &Column, form: Form, misfits: &mut Misfits) -> Value {
    let (Shape { scalar, is_list }, mut wrong) = (column.shape, 0);
    let mut one = |value: Value| {
        let is_null = value.is_null();
        let value = single(value, scalar, form);
        wrong += u64::from(!is_null && value.is_null());
        value
    };
    let value = match value {
        Value::Null => Value::Null,
        Value::Array(values) if is_list => {
            Value::Array(values.into_iter().map(&mut one).filter(|value| !value.is_null()).collect())
        }
        Value::Array(_) => {
            wrong += 1;
            Value::Null
        }
        value if is_list => match one(value) {
            Value::Null => Value::Null,
            value => Value::Array(vec![value]),
        },
        value => one(value),
    };
    if wrong > 0 {
        *misfits.entry(column.name.clone()).or_default() += wrong;
    }
    value
}

/// A value in this type; null if it has none there.
fn single(value: Value, scalar: Scalar, form: Form) -> Value {
    match (scalar, value) {
        (_, Value::Null) => Value::Null,
        (Scalar::Text | Scalar::Boolean, Value::String(text)) => Value::String(text),
        (Scalar::Text | Scalar::Boolean, value) => Value::String(value.to_string()),
        (Scalar::Float, Value::Number(number)) => match form {
            Form::Right => Value::Number(number),
            Form::Compat => narrow(&number).map_or(Value::Null, Value::Number),
        },
        (Scalar::Integer, Value::Number(number)) => whole(number).map_or(Value::Null, Value::Number),
        (Scalar::Float | Scalar::Integer, _) => Value::Null,
    }
}

fn whole(number: Number) -> Option<Number> {
    if number.is_i64() || number.is_u64() {
        return Some(number);
    }
    // `5.0` is a whole number, too.
    let float = number.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and in between")]
    (float.fract() == 0.0 && float.abs() < 9e15).then(|| Number::from(float as i64))
}

/// In single precision, with as few digits as tell it from others.
fn narrow(number: &Number) -> Option<Number> {
    #[expect(clippy::cast_possible_truncation, reason = "that is what is wanted")]
    let single = number.as_f64()? as f32;
    Number::from_f64(single.to_string().parse().ok()?)
}

/// An order of values: nulls first, then numbers, then texts.
pub(super) fn compare(one: &Value, other: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    };
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => match (one.as_i64(), other.as_i64()) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal),
        },
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Array(one), Value::Array(other)) => {
            let unequal = one.iter().zip(other).map(|(one, other)| compare(one, other));
            unequal.into_iter().find(|order| order.is_ne()).unwrap_or(one.len().cmp(&other.len()))
        }
        _ => rank(one).cmp(&rank(other)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value, scalar: Scalar, is_list: bool, form: Form) -> (Value, u64) {
        let column = Column {
            name: "a".to_owned(),
            source: Source::Property("a".to_owned()),
            shape: Shape { scalar, is_list },
            values: std::collections::HashMap::new(),
        };
        let mut misfits = Misfits::new();
        let read = fields(&[column], "id", vec![value], form, &mut misfits).remove(0);
        (read, misfits.get("a").copied().unwrap_or_default())
    }

    #[test]
    fn a_value_that_does_not_fit_is_left_out_alone() {
        assert_eq!(read(json!(1.5), Scalar::Integer, false, Form::Right), (Value::Null, 1));
        assert_eq!(read(json!("x"), Scalar::Float, false, Form::Right), (Value::Null, 1));
        assert_eq!(read(json!([1, "x", 3]), Scalar::Integer, true, Form::Right), (json!([1, 3]), 1));
        assert_eq!(read(json!([1]), Scalar::Integer, false, Form::Right), (Value::Null, 1));
        assert_eq!(read(json!(5.0), Scalar::Integer, false, Form::Right), (json!(5), 0));
        assert_eq!(read(json!(5), Scalar::Integer, true, Form::Right), (json!([5]), 0));
    }

    #[test]
    fn booleans_are_texts_and_numbers_keep_their_precision_unless_compat() {
        assert_eq!(read(json!(true), Scalar::Boolean, false, Form::Right).0, json!("true"));
        let number = json!(97.27377749627534);
        assert_eq!(read(number.clone(), Scalar::Float, false, Form::Right).0, number);
        assert_eq!(read(number, Scalar::Float, false, Form::Compat).0.to_string(), "97.27378");
        assert_eq!(read(json!(3), Scalar::Float, false, Form::Right).0, json!(3));
    }
}
