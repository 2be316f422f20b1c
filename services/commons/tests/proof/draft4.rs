//! An interpreter of JSON Schema Draft 4 in the simplest form that works, and the rule of nulls: the judge of
//! what a commons must refuse. It shares nothing with the validator of the product.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use dictionary::NodeType;
use regex::Regex;
use serde_json::{Map, Value, json};

/// What is wrong with a record, as the contract of submission has it: the keys of an error and its type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    pub(crate) keys: Vec<String>,
    pub(crate) kind: &'static str,
}

/// The schema that a type's records are judged by.
pub(crate) struct Judge {
    schema: Value,
}

/// A keyword that does not hold.
struct Broken {
    path: Vec<String>,
    keyword: &'static str,
    /// The property that `required` misses.
    missing: Option<String>,
    /// Keywords broken by the alternatives of `anyOf` or `oneOf`.
    inner: Vec<&'static str>,
}

impl Judge {
    /// The schema as the dictionary shows it, and `null` for whatever need not be there.
    pub(crate) fn of(node: &NodeType) -> Self {
        let mut schema = node.schema.clone();
        let needed: BTreeSet<&str> = node
            .required
            .iter()
            .map(String::as_str)
            .chain(node.all_links().into_iter().filter(|link| link.required).map(|link| link.name.as_str()))
            .collect();
        for (name, property) in schema["properties"].as_object_mut().unwrap() {
            if !needed.contains(name.as_str()) {
                may_be_null(property);
            }
        }
        Self { schema }
    }

    /// Everything that is wrong with `document`. A null `project_id` is one that was not given.
    pub(crate) fn faults(&self, document: &Map<String, Value>) -> BTreeSet<Fault> {
        let mut document = document.clone();
        if document.get("project_id").is_some_and(Value::is_null) {
            document.shift_remove("project_id");
        }
        broken(&self.schema, &Value::Object(document)).into_iter().map(fault).collect()
    }

    /// Whether `value` alone would do as the property `name`.
    pub(crate) fn allows(&self, name: &str, value: &Value) -> bool {
        broken(&self.schema["properties"][name], value).is_empty()
    }
}

/// The first of these keywords that does not accept it yet gets the null.
fn may_be_null(property: &mut Value) {
    if let Some(Value::String(kind)) = property.get("type") {
        property["type"] = json!([kind]);
    }
    let nulls = [json!("null"), Value::Null, json!({"type": "null"}), json!({"type": "null"})];
    for (keyword, null) in ["type", "enum", "anyOf", "oneOf"].into_iter().zip(nulls) {
        if let Some(choices) = property.get_mut(keyword).and_then(Value::as_array_mut)
            && !choices.contains(&null)
        {
            choices.push(null);
            return;
        }
    }
}

fn fault(broken: Broken) -> Fault {
    let among = |keyword: &str| broken.keyword == keyword || broken.inner.contains(&keyword);
    let kind = if among("type") {
        "INVALID_VALUE"
    } else if among("required") {
        "MISSING_PROPERTY"
    } else {
        "ERROR"
    };
    let readable = |name: &String| name.chars().all(|c| c.is_ascii_alphabetic() || c == '_' || c == '-');
    let keys = if broken.path.is_empty() {
        broken.missing.filter(readable).into_iter().collect()
    } else {
        vec![broken.path.join(".")]
    };
    Fault { keys, kind }
}

fn broken(schema: &Value, value: &Value) -> Vec<Broken> {
    let mut found = Vec::new();
    walk(schema, value, &[], &mut found);
    found
}

fn walk(schema: &Value, value: &Value, path: &[String], found: &mut Vec<Broken>) {
    let mut fails = |keyword: &'static str, holds: bool| {
        if !holds {
            found.push(Broken { path: path.to_vec(), keyword, missing: None, inner: Vec::new() });
        }
    };
    fails("type", schema.get("type").is_none_or(|kinds| is_of(kinds, value)));
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        fails("enum", choices.iter().any(|choice| equal(choice, value)));
    }
    text(schema, value, &mut fails);
    number(schema, value, &mut fails);
    list(schema, value, &mut fails);
    for (keyword, enough) in [("anyOf", usize::MAX), ("oneOf", 1)] {
        alternatives(schema, keyword, enough, value, path, found);
    }
    members(schema, value, path, found);
}

fn is_of(kinds: &Value, value: &Value) -> bool {
    let one = |kind: &Value| match (kind.as_str().unwrap(), value) {
        ("null", Value::Null)
        | ("boolean", Value::Bool(_))
        | ("string", Value::String(_))
        | ("array", Value::Array(_))
        | ("object", Value::Object(_))
        | ("number" | "float", Value::Number(_)) => true,
        ("integer", Value::Number(number)) => number.is_i64() || number.is_u64(),
        _ => false,
    };
    kinds.as_array().map_or_else(|| one(kinds), |kinds| kinds.iter().any(one))
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    thread_local! {
        /// To compile one takes longer than to match a thousand texts.
        static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
    }
    COMPILED.with_borrow_mut(|compiled| {
        if !compiled.contains_key(pattern) {
            compiled.insert(pattern.to_owned(), Regex::new(pattern).unwrap());
        }
        compiled[pattern].is_match(text)
    })
}

fn text(schema: &Value, value: &Value, fails: &mut impl FnMut(&'static str, bool)) {
    let Some(text) = value.as_str() else { return };
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        fails("pattern", matches(pattern, text));
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => fails("format", chrono::DateTime::parse_from_rfc3339(text).is_ok()),
        Some(format) => panic!("the judge does not know the format {format}"),
        None => {}
    }
}

fn number(schema: &Value, value: &Value, fails: &mut impl FnMut(&'static str, bool)) {
    let Some(number) = value.as_f64() else { return };
    fails("minimum", schema.get("minimum").and_then(Value::as_f64).is_none_or(|least| number >= least));
    fails("maximum", schema.get("maximum").and_then(Value::as_f64).is_none_or(|most| number <= most));
}

fn list(schema: &Value, value: &Value, fails: &mut impl FnMut(&'static str, bool)) {
    let Some(items) = value.as_array() else { return };
    let count = items.len() as u64;
    fails("minItems", schema.get("minItems").and_then(Value::as_u64).is_none_or(|least| count >= least));
    fails("maxItems", schema.get("maxItems").and_then(Value::as_u64).is_none_or(|most| count <= most));
    if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
        let repeated = |(position, item): (usize, &Value)| items[..position].iter().any(|b| equal(b, item));
        fails("uniqueItems", !items.iter().enumerate().any(repeated));
    }
}

fn alternatives(
    schema: &Value,
    keyword: &'static str,
    enough: usize,
    value: &Value,
    path: &[String],
    found: &mut Vec<Broken>,
) {
    let Some(schemas) = schema.get(keyword).and_then(Value::as_array) else { return };
    let outcomes: Vec<Vec<Broken>> = schemas.iter().map(|schema| broken(schema, value)).collect();
    let holding = outcomes.iter().filter(|outcome| outcome.is_empty()).count();
    if holding == 0 || holding > enough {
        let inner = if holding == 0 { outcomes.into_iter().flatten().collect() } else { Vec::new() };
        let inner = inner.into_iter().map(|broken| broken.keyword).collect();
        found.push(Broken { path: path.to_vec(), keyword, missing: None, inner });
    }
}

/// What is inside of lists and objects.
fn members(schema: &Value, value: &Value, path: &[String], found: &mut Vec<Broken>) {
    let below = |step: String| path.iter().cloned().chain([step]).collect::<Vec<_>>();
    if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
        for (position, value) in values.iter().enumerate() {
            walk(items, value, &below(position.to_string()), found);
        }
    }
    let Value::Object(object) = value else { return };
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = name.as_str().unwrap();
        if !object.contains_key(name) {
            let missing = Some(name.to_owned());
            found.push(Broken { path: path.to_vec(), keyword: "required", missing, inner: Vec::new() });
        }
    }
    let known = schema.get("properties").and_then(Value::as_object);
    for (name, value) in object {
        if let Some(property) = known.and_then(|known| known.get(name)) {
            walk(property, value, &below(name.clone()), found);
        }
    }
    let unknown = object.keys().any(|name| known.is_none_or(|known| !known.contains_key(name)));
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) && unknown {
        let keyword = "additionalProperties";
        found.push(Broken { path: path.to_vec(), keyword, missing: None, inner: Vec::new() });
    }
}
