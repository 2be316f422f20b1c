//! Whether a document is wanted.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::values::compare;
use crate::{grammar::Comparison, ir::Condition};

/// Whether the condition holds. What is absent fulfils no comparison.
pub(super) fn holds(
    condition: &Condition,
    document: &Map<String, Value>,
    hidden: &Map<String, Value>,
) -> bool {
    match condition {
        Condition::And(parts) => parts.iter().all(|part| holds(part, document, hidden)),
        Condition::Or(parts) => parts.iter().any(|part| holds(part, document, hidden)),
        Condition::Is { field, comparison, value } => {
            let found = hidden.get(field).or_else(|| document.get(field)).filter(|found| !found.is_null());
            found.is_some_and(|found| is(found, *comparison, value))
        }
    }
}

fn is(found: &Value, comparison: Comparison, wanted: &Value) -> bool {
    let among = || wanted.as_array().is_some_and(|all| all.iter().any(|one| order(found, one).is_eq()));
    let like = || wanted.as_str().is_some_and(|pattern| like(&text(found), pattern));
    match comparison {
        Comparison::Equal => order(found, wanted).is_eq(),
        Comparison::NotEqual => order(found, wanted).is_ne(),
        Comparison::Less => order(found, wanted).is_lt(),
        Comparison::LessOrEqual => order(found, wanted).is_le(),
        Comparison::Greater => order(found, wanted).is_gt(),
        Comparison::GreaterOrEqual => order(found, wanted).is_ge(),
        Comparison::In => among(),
        Comparison::NotIn => !among(),
        Comparison::Like => like(),
        Comparison::NotLike => !like(),
        Comparison::Contains => match found {
            Value::Array(values) => values.iter().any(|one| order(one, wanted).is_eq()),
            value => order(value, wanted).is_eq(),
        },
    }
}

/// Numbers and texts are compared as numbers if both are some, else as texts.
fn order(one: &Value, other: &Value) -> Ordering {
    match (number(one), number(other)) {
        (Some(first), Some(second)) if one.is_number() || other.is_number() => {
            first.partial_cmp(&second).unwrap_or(Ordering::Equal)
        }
        _ if one.is_array() || other.is_array() => compare(one, other),
        _ => text(one).cmp(&text(other)),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// SQL's `like`: `%` stands for anything, `_` for one character.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut next, mut star) = (0, 0, None);
    while at < text.len() {
        match pattern.get(next) {
            Some('%') => {
                star = Some((next, at));
                next += 1;
            }
            Some(c) if *c == '_' || *c == text[at] => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((percent, from)) = star else { return false };
                star = Some((percent, from + 1));
                at = from + 1;
                next = percent + 1;
            }
        }
    }
    pattern[next..].iter().all(|c| *c == '%')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn comparisons_are_those_of_sql() {
        let cases = [
            (json!("a"), Comparison::Equal, json!("a"), true),
            (json!(5), Comparison::Equal, json!("5.0"), true),
            (json!("10"), Comparison::Greater, json!(9), true),
            (json!("10"), Comparison::Greater, json!("9"), false),
            (json!("true"), Comparison::Equal, json!(true), true),
            (json!("a"), Comparison::In, json!(["a", "b"]), true),
            (json!("c"), Comparison::NotIn, json!(["a", "b"]), true),
            (json!("female"), Comparison::Like, json!("fe%_e"), true),
            (json!("male"), Comparison::Like, json!("fe%"), false),
            (json!(["x", "y"]), Comparison::Contains, json!("y"), true),
            (json!([]), Comparison::Contains, json!("y"), false),
        ];
        for (found, comparison, wanted, expected) in cases {
            assert_eq!(is(&found, comparison, &wanted), expected, "{found} {comparison:?} {wanted}");
        }
    }

    #[test]
    fn what_is_absent_fulfils_nothing() {
        let field = "a".to_owned();
        let unequal = Condition::Is { field, comparison: Comparison::NotEqual, value: json!("x") };
        assert!(!holds(&unequal, &Map::new(), &Map::new()));
        let other = json!({ "a": "y" });
        assert!(holds(&unequal, other.as_object().unwrap(), &Map::new()));
    }
}
