//! Makes values that a property's JSON schema allows.

use dictionary::Property;
use serde_json::{Map, Number, Value, json};

use super::pattern;
use crate::dice::Dice;

/// Values that say nothing, which are rarely chosen.
const SAYS_NOTHING: [&str; 6] =
    ["unknown", "not reported", "not available", "other", "unspecified", "not allowed to collect"];
const RARE: f64 = 0.05;

/// A value that the schema allows, as far as its keywords tell.
pub(super) fn value(schema: &Value, dice: &mut Dice) -> Option<Value> {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return choice(choices, dice);
    }
    for alternatives in ["oneOf", "anyOf"] {
        if let Some(schemas) = schema.get(alternatives).and_then(Value::as_array) {
            return schemas
                .iter()
                .filter(|schema| kind(schema) != Some("null"))
                .find_map(|schema| value(schema, dice));
        }
    }
    match kind(schema) {
        Some("integer") => {
            let (low, high) = range(schema);
            Some(json!(dice.between(low.ceil() as i64, high.floor() as i64)))
        }
        Some("number" | "float") => {
            let (low, high) = range(schema);
            number(low + (high - low) * dice.unit(), 2)
        }
        Some("boolean") => Some(json!(dice.chance(0.5))),
        Some("array") => array(schema, dice),
        Some("object") => object(schema, dice),
        Some("null") => Some(Value::Null),
        _ => text(schema, dice),
    }
}

/// The candidate as the schema spells it; none if the schema's choices, bounds or type do not allow it.
pub(super) fn fit(property: &Property, candidate: &Value) -> Option<Value> {
    fit_schema(&property.schema, candidate)
}

/// Whether the schema allows any text.
pub(super) fn is_free_text(property: &Property) -> bool {
    let free = |schema: &Value| {
        let constrained =
            ["enum", "pattern", "format", "oneOf", "anyOf"].iter().any(|key| schema.get(key).is_some());
        !constrained
            && !matches!(kind(schema), Some("integer" | "number" | "float" | "boolean" | "array" | "object"))
    };
    match property.schema.get("items") {
        Some(items) if kind(&property.schema) == Some("array") => free(items),
        _ => free(&property.schema),
    }
}

/// A JSON number with at most `digits` digits after the point.
pub(super) fn number(value: f64, digits: i32) -> Option<Value> {
    let scale = 10_f64.powi(digits);
    Number::from_f64((value * scale).round() / scale).map(Value::Number)
}

/// The schema's type; of several, the first that is not null.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::Array(kinds) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str);
            kinds.clone().find(|kind| *kind != "null").or_else(|| kinds.next())
        }
        kind => kind.as_str(),
    }
}

fn choice(choices: &[Value], dice: &mut Dice) -> Option<Value> {
    let choices: Vec<&Value> = choices.iter().filter(|choice| !choice.is_null()).collect();
    let says_nothing = |choice: &Value| {
        choice.as_str().is_some_and(|choice| SAYS_NOTHING.contains(&choice.to_lowercase().as_str()))
    };
    let weights: Vec<f64> =
        choices.iter().map(|choice| if says_nothing(choice) { RARE } else { 1.0 }).collect();
    choices.get(dice.weighted(&weights)).map(|choice| (*choice).clone())
}

/// The least and the greatest number that the schema allows.
fn limits(schema: &Value) -> (Option<f64>, Option<f64>) {
    let limit = |key: &str, exclusive: &str, inward: f64| {
        let limit = schema.get(key)?.as_f64()?;
        let is_exclusive = schema.get(exclusive).and_then(Value::as_bool).unwrap_or(false);
        Some(if is_exclusive { limit + inward } else { limit })
    };
    (limit("minimum", "exclusiveMinimum", 1.0), limit("maximum", "exclusiveMaximum", -1.0))
}

/// The range to draw from: the numbers that the schema allows, about a hundred if it leaves an end open.
fn range(schema: &Value) -> (f64, f64) {
    match limits(schema) {
        (Some(low), Some(high)) => (low, high),
        (Some(low), None) => (low, low.max(0.0) + 100.0),
        (None, Some(high)) => (high.min(0.0), high),
        (None, None) => (0.0, 100.0),
    }
}

fn array(schema: &Value, dice: &mut Dice) -> Option<Value> {
    let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).max(1);
    let items = schema.get("items").cloned().unwrap_or_else(|| json!({"type": "string"}));
    let mut values: Vec<Value> = Vec::new();
    // Repetitions are dropped, so that lists with `uniqueItems` are right too.
    for _ in 0..least * 8 {
        let item = value(&items, dice)?;
        if !values.contains(&item) {
            values.push(item);
        }
        if values.len() as u64 >= least {
            break;
        }
    }
    Some(Value::Array(values))
}

fn object(schema: &Value, dice: &mut Dice) -> Option<Value> {
    let mut object = Map::new();
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        let property = schema.get("properties").and_then(|properties| properties.get(name));
        object.insert(name.to_owned(), value(property.unwrap_or(&Value::Null), dice)?);
    }
    Some(Value::Object(object))
}

fn text(schema: &Value, dice: &mut Dice) -> Option<Value> {
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        return pattern::matching(pattern, dice).map(Value::String);
    }
    let text = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => format!("{}T{:02}:00:00Z", date(dice), dice.between(8, 17)),
        Some("date") => date(dice),
        Some("email") => "nobody@example.org".to_owned(),
        Some("uri") => "https://example.org/".to_owned(),
        _ => format!("made up {}", dice.hex(6)),
    };
    Some(Value::String(text))
}

fn date(dice: &mut Dice) -> String {
    format!("{}-{:02}-{:02}", dice.between(2014, 2023), dice.between(1, 12), dice.between(1, 28))
}

fn fit_schema(schema: &Value, candidate: &Value) -> Option<Value> {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return spelled(choices, candidate);
    }
    match candidate {
        Value::Array(items) if kind(schema) == Some("array") => {
            let item = schema.get("items").unwrap_or(&Value::Null);
            items
                .iter()
                .map(|candidate| fit_schema(item, candidate))
                .collect::<Option<Vec<_>>>()
                .map(Value::Array)
        }
        Value::Number(number) => {
            let (low, high) = limits(schema);
            let inside = number.as_f64().is_some_and(|number| {
                low.is_none_or(|low| low <= number) && high.is_none_or(|high| number <= high)
            });
            let whole = kind(schema) != Some("integer") || number.is_i64() || number.is_u64();
            let numeric = matches!(kind(schema), Some("integer" | "number" | "float") | None);
            (inside && whole && numeric).then(|| candidate.clone())
        }
        Value::Bool(_) => matches!(kind(schema), Some("boolean") | None).then(|| candidate.clone()),
        Value::String(_) => matches!(kind(schema), Some("string") | None).then(|| candidate.clone()),
        _ => None,
    }
}

/// The choice that equals the candidate, ignoring letter case.
fn spelled(choices: &[Value], candidate: &Value) -> Option<Value> {
    let same = |choice: &&Value| match (choice.as_str(), candidate.as_str()) {
        (Some(choice), Some(candidate)) => choice.eq_ignore_ascii_case(candidate),
        _ => *choice == candidate,
    };
    choices.iter().find(|choice| *choice == candidate).or_else(|| choices.iter().find(same)).cloned()
}

#[cfg(test)]
mod tests {
    use dictionary::ScalarType;

    use super::*;

    fn property(schema: Value) -> Property {
        Property { name: "p".into(), scalar: ScalarType::of(&schema), items: None, schema }
    }

    #[test]
    fn choices_are_spelled_as_the_dictionary_spells_them() {
        let sex = property(json!({"enum": ["female", "male"]}));
        assert_eq!(fit(&sex, &json!("Female")), Some(json!("female")));
        assert_eq!(fit(&sex, &json!("Diverse")), None);
    }

    #[test]
    fn candidates_outside_the_bounds_do_not_fit() {
        let age = property(json!({"type": "integer", "minimum": 0, "maximum": 89}));
        assert_eq!(fit(&age, &json!(40)), Some(json!(40)));
        assert_eq!(fit(&age, &json!(90)), None);
        assert_eq!(fit(&age, &json!(1.5)), None);
        assert_eq!(fit(&age, &json!("40")), None);
    }

    #[test]
    fn lists_fit_when_each_item_does() {
        let modality = property(json!({"type": "array", "items": {"enum": ["CT", "MR"]}}));
        assert_eq!(fit(&modality, &json!(["ct"])), Some(json!(["CT"])));
        assert_eq!(fit(&modality, &json!(["CT", "Drawing"])), None);
    }

    #[test]
    fn the_first_alternative_that_is_not_null_is_taken() {
        let schema = json!({"oneOf": [{"type": "null"}, {"type": "integer", "minimum": 3, "maximum": 3}]});
        assert_eq!(value(&schema, &mut Dice::of(1, "")), Some(json!(3)));
    }
}
