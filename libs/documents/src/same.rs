//! Equality of values as Python has it.

use serde_json::{Map, Value};

/// Whether two values are equal as Python has it: `5 == 5.0`.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            x == y || (x.is_f64() != y.is_f64() && x.as_f64() == y.as_f64())
        }
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Value::Object(x), Value::Object(y)) => same_maps(x, y),
        _ => a == b,
    }
}

fn same_maps(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_floats_equal_integers() {
        assert!(same(&json!({"a": [5, "x"]}), &json!({"a": [5.0, "x"]})));
        assert!(!same(&json!(5), &json!("5")));
        assert!(!same(&json!({"a": null}), &json!({})));
    }
}
