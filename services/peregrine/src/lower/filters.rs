//! From arguments to filters (peregrine 3.2.6).

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{args::Args, dates};
use crate::{
    graph::{Graph, NodeModel, Scalar, TypeId},
    ir::{Filter, PathFilter, Side},
};

/// The filter of a list or count of one type.
pub(super) fn of_node(graph: &Graph, node: TypeId, args: &Args) -> Result<Filter, String> {
    let model = &graph.types[node];
    let mut all = Vec::new();
    for (name, value) in args {
        all.extend(shared(name, value)?);
        let filter = match name.as_str() {
            "with_links" => Some(Filter::All(links(model, value)?)),
            "with_links_any" => some_of(links(model, value)?),
            "without_links" => Some(none_of(links(model, value)?)),
            "with_path_to" => Some(Filter::All(paths(graph, value)?)),
            // Without entries, any of them is nothing, and so is what is not all of them.
            "with_path_to_any" => Some(Filter::Any(paths(graph, value)?)),
            "without_path_to" => Some(Filter::Not(Box::new(Filter::All(paths(graph, value)?)))),
            "not" => Some(Filter::All(others(model, value))),
            "project_id" if model.label == "project" => Some(Filter::ProjectNames(texts(value))),
            // A count takes the arguments of another type; those that this type lacks say nothing.
            name if is_shared(name) || !model.properties.contains_key(name) => None,
            name => property(model, name, value),
        };
        all.extend(filter);
    }
    Ok(Filter::All(all))
}

/// The filter of a list of several types: `node`, `datanode`, `_links`.
pub(super) fn of_any_node(model: &NodeModel, args: &Args) -> Result<Filter, String> {
    let mut all = Vec::new();
    for (name, value) in args {
        all.extend(shared(name, value)?);
        if !is_shared(name) && !matches!(name.as_str(), "of_type" | "type" | "category") {
            all.extend(property(model, name, value));
        }
    }
    Ok(Filter::All(all))
}

/// The names in a list argument.
pub(super) fn names(args: &Args, name: &str) -> Vec<String> {
    args.get(name).map(texts).unwrap_or_default()
}

fn is_shared(name: &str) -> bool {
    matches!(
        name,
        "id" | "ids"
            | "quick_search"
            | "first"
            | "offset"
            | "order_by_asc"
            | "order_by_desc"
            | "created_after"
            | "created_before"
            | "updated_after"
            | "updated_before"
    )
}

/// The filters that all lists of nodes have.
fn shared(name: &str, value: &Value) -> Result<Option<Filter>, String> {
    let text = || value.as_str().unwrap_or_default();
    let time = |property, side| {
        let moment = dates::parse(text()).ok_or_else(|| format!("Unknown string format: {}", text()))?;
        Ok::<_, String>(Filter::Time { property, side, moment })
    };
    Ok(Some(match name {
        "id" => Filter::Ids(vec![text().to_owned()]),
        "ids" => Filter::Ids(texts(value)),
        "quick_search" => Filter::Search(text().to_owned()),
        "created_after" => time("created_datetime", Side::After)?,
        "created_before" => time("created_datetime", Side::Before)?,
        "updated_after" => time("updated_datetime", Side::After)?,
        "updated_before" => time("updated_datetime", Side::Before)?,
        _ => return Ok(None),
    }))
}

/// The property equals one of the values; a list contains all of them. Without values the former finds
/// nothing and the latter everything.
///
/// The type decides which values are meant: `"0.5"` is a number where numbers are stored. Where values of
/// several kinds may be stored, all that are written so are.
fn property(model: &NodeModel, name: &str, values: &Value) -> Option<Filter> {
    let values: Vec<&Value> = items(values).iter().filter(|value| !value.is_null()).collect();
    let property = || name.to_owned();
    let is_loose = model.is_loose(name);
    Some(match scalar(model, name) {
        Scalar::List if values.is_empty() => return None,
        Scalar::List if is_loose => Filter::All(values.iter().map(|value| has_item(name, value)).collect()),
        Scalar::List => {
            let values = values.iter().map(|value| Value::String(as_text(value))).collect();
            Filter::Contains { property: property(), values }
        }
        _ if is_loose => {
            let texts = values.iter().map(|value| as_text(value)).collect();
            let others: Vec<Value> = values.iter().filter_map(|value| not_text(value)).collect();
            let text = Filter::TextIn { property: property(), values: texts };
            if others.is_empty() {
                return Some(text);
            }
            Filter::Any(vec![text, Filter::ValueIn { property: property(), values: others }])
        }
        Scalar::String => {
            let values = values.iter().map(|value| as_text(value)).collect();
            Filter::TextIn { property: property(), values }
        }
        Scalar::Float | Scalar::Boolean => {
            let stored = |value: &&Value| not_text(value).unwrap_or_else(|| (*value).clone());
            Filter::ValueIn { property: property(), values: values.iter().map(stored).collect() }
        }
    })
}

fn scalar(model: &NodeModel, name: &str) -> Scalar {
    model.properties.get(name).copied().unwrap_or(Scalar::String)
}

/// The list has this item, as a text or as what else is written so.
fn has_item(name: &str, value: &Value) -> Filter {
    let has = |value| Filter::Contains { property: name.to_owned(), values: vec![value] };
    let text = has(Value::String(as_text(value)));
    match not_text(value) {
        Some(other) => Filter::Any(vec![has(other), text]),
        None => text,
    }
}

/// The value as a text; a number as it is written.
fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The number or boolean that the value is, or that its text is one of; Python writes booleans with a capital
/// letter.
fn not_text(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) | Value::Bool(_) => Some(value.clone()),
        Value::String(text) => match text.trim() {
            "true" | "True" => Some(Value::Bool(true)),
            "false" | "False" => Some(Value::Bool(false)),
            text => serde_json::from_str(text).ok().filter(Value::is_number),
        },
        _ => None,
    }
}

/// The items of `not`. As in the original only the first property of an item counts, and only the later one
/// of two items with the same property.
fn others(model: &NodeModel, value: &Value) -> Vec<Filter> {
    let firsts = objects(value).filter_map(|object| object.iter().next());
    let by_property: IndexMap<&String, &Value> = firsts.collect();
    let known = by_property.into_iter().filter(|(name, _)| model.properties.contains_key(*name));
    known.filter_map(|(name, value)| other(model, name, value)).collect()
}

/// The original compares with Python's `True` and `False`. No stored boolean is written so, hence every
/// boolean is another.
fn other(model: &NodeModel, name: &str, value: &Value) -> Option<Filter> {
    let property = || name.to_owned();
    let is_loose = model.is_loose(name);
    Some(match (scalar(model, name), value) {
        (_, Value::Null) => return None,
        (Scalar::List, value) => {
            let has = if is_loose {
                has_item(name, value)
            } else {
                Filter::Contains { property: property(), values: vec![Value::String(as_text(value))] }
            };
            Filter::All(vec![Filter::Present(property()), Filter::Not(Box::new(has))])
        }
        (Scalar::Boolean, Value::Bool(value)) if !is_loose => {
            let value = if *value { "True" } else { "False" }.to_owned();
            Filter::OtherText { property: property(), value }
        }
        (_, value) if is_loose => {
            let text = Filter::OtherText { property: property(), value: as_text(value) };
            let other = not_text(value).map(|value| Filter::OtherValue { property: property(), value });
            Filter::All([Some(text), other].into_iter().flatten().collect())
        }
        (Scalar::Float, value) => {
            let value = not_text(value).unwrap_or_else(|| value.clone());
            Filter::OtherValue { property: property(), value }
        }
        (_, value) => Filter::OtherText { property: property(), value: as_text(value) },
    })
}

fn links(model: &NodeModel, value: &Value) -> Result<Vec<Filter>, String> {
    let link = |name: String| {
        if model.links.contains_key(&name) {
            Ok(Filter::Linked(name))
        } else {
            Err(format!("Invalid link name '{name}'"))
        }
    };
    texts(value).into_iter().map(link).collect()
}

fn paths(graph: &Graph, value: &Value) -> Result<Vec<Filter>, String> {
    objects(value).map(|object| path(graph, object)).collect()
}

fn path(graph: &Graph, object: &Map<String, Value>) -> Result<Filter, String> {
    let Some(label) = object.get("type").and_then(Value::as_str) else {
        return Err("Please specify a {type: <type>} in the with_path_to filter.".to_owned());
    };
    let Some(to) = graph.find(label) else { return Ok(Filter::Never) };
    let model = &graph.types[to];
    let (properties, filters) = (Map::new(), Vec::new());
    let mut filter = PathFilter { to, id: None, project_names: None, properties, filters };
    for (name, value) in object {
        match name.as_str() {
            "type" => {}
            "id" => filter.id = value.as_str().map(str::to_owned),
            "project_id" if label == "project" => {
                filter.project_names = Some(vec![value.as_str().unwrap_or_default().to_owned()])
            }
            name if model.is_loose(name) => filter.filters.extend(property(model, name, value)),
            name => drop(filter.properties.insert(name.to_owned(), stored(model, name, value))),
        }
    }
    Ok(Filter::Path(filter))
}

/// The value as it would be stored. An argument has the type of another node type if that has a property of
/// the same name.
fn stored(model: &NodeModel, name: &str, value: &Value) -> Value {
    match model.properties.get(name) {
        Some(Scalar::List) => items(value).iter().map(|item| Value::String(as_text(item))).collect(),
        Some(Scalar::String) if value.is_number() || value.is_boolean() => Value::String(as_text(value)),
        Some(Scalar::Float | Scalar::Boolean) => not_text(value).unwrap_or_else(|| value.clone()),
        _ => value.clone(),
    }
}

/// No items are no filter.
fn some_of(filters: Vec<Filter>) -> Option<Filter> {
    (!filters.is_empty()).then_some(Filter::Any(filters))
}

fn none_of(filters: Vec<Filter>) -> Filter {
    Filter::All(filters.into_iter().map(|filter| Filter::Not(Box::new(filter))).collect())
}

/// The strings of a list, without nulls.
fn texts(value: &Value) -> Vec<String> {
    items(value).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The items of a list; a single value is a list of one.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn objects(value: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    items(value).iter().filter_map(Value::as_object)
}
