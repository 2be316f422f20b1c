//! Several values become one.

use std::collections::HashSet;

use serde_json::{Number, Value};

use super::values::compare;
use crate::{Form, grammar::Function, ir::Column};

/// Applies a function to the values of a column; null if there is nothing to tell.
pub(super) fn fold(column: &Column, function: Function, values: Vec<Value>, form: Form) -> Value {
    let given = values.into_iter().filter(|value| !value.is_null());
    match function {
        Function::Count => Value::from(given.count()),
        Function::Sum => sum(given),
        Function::First => given.take(1).next().unwrap_or(Value::Null),
        Function::Min => given.min_by(compare).unwrap_or(Value::Null),
        Function::Max => match form {
            Form::Right => given.max_by(compare).unwrap_or(Value::Null),
            Form::Compat => given.min_by(compare).unwrap_or(Value::Null),
        },
        Function::Set | Function::List => {
            let flat = given.flat_map(|value| match value {
                Value::Array(values) => values,
                value => vec![value],
            });
            // The original flattens lists by a function that knows only of texts.
            let is_text = form == Form::Compat && column.shape.is_list;
            let values = flat.map(|value| if is_text { as_text(value) } else { value });
            Value::Array(if function == Function::Set { distinct(values) } else { values.collect() })
        }
    }
}

/// Each value once, in the order in which they come.
pub(super) fn distinct(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    values.filter(|value| seen.insert(value.to_string())).collect()
}

fn as_text(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text),
        #[expect(clippy::cast_possible_truncation, reason = "the original has single precision there")]
        Value::Number(number) if !number.is_i64() => Value::String(
            number.as_f64().map_or_else(String::new, |number| f64::from(number as f32).to_string()),
        ),
        value => Value::String(value.to_string()),
    }
}

fn sum(values: impl Iterator<Item = Value>) -> Value {
    let numbers: Vec<Number> = values
        .filter_map(|value| if let Value::Number(number) = value { Some(number) } else { None })
        .collect();
    if numbers.is_empty() {
        return Value::Null;
    }
    let whole = numbers.iter().try_fold(0_i64, |sum, number| sum.checked_add(number.as_i64()?));
    match whole {
        Some(sum) => Value::from(sum),
        None => Value::from(numbers.iter().filter_map(Number::as_f64).sum::<f64>()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        ir::Source,
        outline::{Scalar, Shape},
    };

    fn folded(function: Function, values: &[Value], form: Form) -> Value {
        let is_list = values.iter().any(Value::is_array);
        let shape = Shape { scalar: Scalar::Integer, is_list };
        let values_of = std::collections::HashMap::new();
        let column = Column { name: "a".to_owned(), source: Source::Absent, shape, values: values_of };
        fold(&column, function, values.to_vec(), form)
    }

    #[test]
    fn functions_pass_over_nulls() {
        let values = [json!(3), Value::Null, json!(1), json!(3)];
        let right = |function| folded(function, &values, Form::Right);
        assert_eq!(right(Function::Count), json!(3));
        assert_eq!(right(Function::Sum), json!(7));
        assert_eq!(right(Function::Set), json!([3, 1]));
        assert_eq!(right(Function::List), json!([3, 1, 3]));
        assert_eq!([right(Function::Min), right(Function::Max), right(Function::First)], [1, 3, 3]);
        assert_eq!(folded(Function::Max, &values, Form::Compat), json!(1), "the original's slip");
    }

    #[test]
    fn of_nothing_there_is_no_sum_and_an_empty_set() {
        assert_eq!(folded(Function::Sum, &[Value::Null], Form::Right), Value::Null);
        assert_eq!(folded(Function::Min, &[], Form::Right), Value::Null);
        assert_eq!(folded(Function::Set, &[], Form::Right), json!([]));
        assert_eq!(folded(Function::Count, &[], Form::Right), json!(0));
    }

    #[test]
    fn lists_in_sets_are_flat_and_texts_only_in_compat() {
        let values = [json!([77, 30]), json!([30])];
        assert_eq!(folded(Function::Set, &values, Form::Right), json!([77, 30]));
        assert_eq!(folded(Function::Set, &values, Form::Compat), json!(["77", "30"]));
    }
}
