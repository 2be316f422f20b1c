//! Values that a schema allows, and values of every other kind.

use serde_json::{Map, Value, json};

/// Texts that are awkward somewhere on the way: quotes, commas, letters outside ASCII, digits only.
const TEXTS: [&str; 4] = ["plain text", "5\" disc, é 漢 🧪 #1; {x} 'y' \\ z", "0012.50", "a, b"];
const DATES: [&str; 4] = [
    "2026-01-02T03:04:05Z",
    "1999-12-31T23:59:59.123456+05:30",
    "2024-02-29T00:00:00.5-11:00",
    "2020-06-07T08:09:10+00:00",
];

/// A value of the schema; another one for another `seed`. Nothing where the schema asks for what cannot be
/// made up.
pub(crate) fn value(schema: &Value, seed: usize) -> Option<Value> {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        let choices: Vec<&Value> = choices.iter().filter(|choice| !choice.is_null()).collect();
        return Some(choices[spread(seed, choices.len())?].clone());
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(schemas) = schema.get(keyword).and_then(Value::as_array) {
            let schemas: Vec<&Value> =
                schemas.iter().filter(|schema| schema.get("type") != Some(&json!("null"))).collect();
            return value(schemas[spread(seed, schemas.len())?], seed);
        }
    }
    match kind(schema, seed) {
        "integer" => Some(integer(schema, seed)),
        "number" | "float" => Some(number(schema, seed)),
        "boolean" => Some(json!(seed.is_multiple_of(2))),
        "array" => Some(array(schema, seed)),
        "object" => object(schema, seed),
        "null" => Some(Value::Null),
        _ => text(schema, seed),
    }
}

/// The first, the last, and then others of `count` things.
fn spread(seed: usize, count: usize) -> Option<usize> {
    match seed {
        _ if count == 0 => None,
        0 => Some(0),
        1 => Some(count - 1),
        _ => Some(seed * 7 % count),
    }
}

fn kind(schema: &Value, seed: usize) -> &str {
    match schema.get("type") {
        Some(Value::Array(kinds)) => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).filter(|k| *k != "null").collect();
            spread(seed, kinds.len()).map_or("null", |position| kinds[position])
        }
        Some(kind) => kind.as_str().unwrap(),
        None => "string",
    }
}

fn bounds(schema: &Value) -> (Option<f64>, Option<f64>) {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    (bound("minimum"), bound("maximum"))
}

/// The least, the greatest, and something between; without bounds a number that a double does not hold.
fn integer(schema: &Value, seed: usize) -> Value {
    match (seed, bounds(schema)) {
        (0, (Some(low), _)) => json!(low.ceil() as i64),
        (0, (None, _)) => json!(0),
        (1, (_, Some(high))) => json!(high.floor() as i64),
        (1, (_, None)) => json!(9_007_199_254_740_993_i64),
        (seed, (low, high)) => {
            let low = low.map_or(0, |low| low.ceil() as i64);
            json!(high.map_or(low + seed as i64, |high| (low + seed as i64).min(high.floor() as i64)))
        }
    }
}

fn number(schema: &Value, seed: usize) -> Value {
    let (low, high) = bounds(schema);
    let wanted = match seed {
        0 => low.unwrap_or(-0.5),
        1 => high.unwrap_or(1e-7),
        2 => 2.0,
        seed => seed as f64 + 0.25,
    };
    json!(wanted.clamp(low.unwrap_or(f64::MIN), high.unwrap_or(f64::MAX)))
}

fn array(schema: &Value, seed: usize) -> Value {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
    let least = bound("minItems").unwrap_or(0).max(1).max(seed as u64 + 1);
    let wanted = least.min(bound("maxItems").unwrap_or(u64::MAX));
    let text = json!({"type": "string"});
    let items = schema.get("items").unwrap_or(&text);
    let mut values: Vec<Value> = Vec::new();
    for attempt in 0..wanted as usize * 4 {
        let Some(item) = value(items, seed + attempt) else { continue };
        let in_a_cell = item.as_str().is_none_or(|text| !text.contains(','));
        if in_a_cell && !values.contains(&item) && (values.len() as u64) < wanted {
            values.push(item);
        }
    }
    // Only choices with commas: then it is a list that no cell of a table can hold.
    if values.is_empty() {
        values.extend(value(items, seed));
    }
    Value::Array(values)
}

fn object(schema: &Value, seed: usize) -> Option<Value> {
    let mut object = Map::new();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        object.insert(name.clone(), value(property, seed)?);
    }
    Some(Value::Object(object))
}

fn text(schema: &Value, seed: usize) -> Option<Value> {
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        return demo::text_matching(pattern, seed as u64).map(Value::String);
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => Some(json!(DATES[seed % DATES.len()])),
        Some(_) => None,
        None => Some(json!(TEXTS[seed % TEXTS.len()])),
    }
}

/// Values of every kind of JSON, and near misses of `schema`; which of them are wrong, the judge says.
pub(crate) fn candidates(schema: &Value, good: Option<&Value>) -> Vec<Value> {
    let mut all = vec![
        Value::Null,
        json!(true),
        json!(17),
        json!(17.5),
        json!(5.0),
        json!("not one of any list 🧪"),
        json!(""),
        json!([]),
        json!(["not one of any list"]),
        json!([17]),
        json!([null]),
        json!({}),
        json!({"nonsense": 1}),
    ];
    near_misses(schema, &mut all);
    match good {
        Some(Value::String(text)) => all.extend([json!(format!("{text}!")), json!([text])]),
        Some(Value::Number(number)) => all.push(json!(number.to_string())),
        Some(Value::Array(items)) => {
            let with = |more: Value| Value::Array(items.iter().cloned().chain([more]).collect());
            all.extend([with(json!({"nonsense": 1})), with(Value::Null), with(json!("no such item"))]);
            all.push(items.first().map_or(json!([[]]), |item| with(item.clone())));
            all.push(Value::Array((0..200).map(|n| json!(format!("item {n}"))).collect()));
        }
        _ => {}
    }
    let mut distinct: Vec<Value> = Vec::new();
    for candidate in all {
        if !distinct.contains(&candidate) && Some(&candidate) != good {
            distinct.push(candidate);
        }
    }
    distinct
}

fn near_misses(schema: &Value, all: &mut Vec<Value>) {
    let Some(schema) = schema.as_object() else { return };
    for (keyword, step) in [("minimum", -1.0), ("maximum", 1.0)] {
        if let Some(bound) = schema.get(keyword).and_then(Value::as_f64) {
            all.extend([json!((bound + step) as i64), json!(bound + step / 4.0)]);
        }
    }
    if schema.get("format").and_then(Value::as_str) == Some("date-time") {
        all.extend(
            ["2026-02-30T00:00:00Z", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T25:00:00Z"]
                .map(Value::from),
        );
    }
    if let Some(choice) = schema.get("enum").and_then(Value::as_array).and_then(|choices| choices.first()) {
        let other_case = choice.as_str().map(|text| match text.to_uppercase() {
            upper if upper != text => upper,
            _ => text.to_lowercase(),
        });
        all.extend(other_case.map(Value::String));
    }
    for keyword in ["oneOf", "anyOf"] {
        for schema in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            near_misses(schema, all);
        }
    }
}
