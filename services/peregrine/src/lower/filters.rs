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
fn property(model: &NodeModel, name: &str, values: &Value) -> Option<Filter> {
    let property = name.to_owned();
    let scalar = model.properties.get(name).copied().unwrap_or(Scalar::String);
    Some(match scalar {
        Scalar::String => Filter::TextIn { property, values: texts(values) },
        Scalar::List => {
            let values = texts(values);
            return (!values.is_empty()).then_some(Filter::Contains { property, values });
        }
        Scalar::Float | Scalar::Boolean => {
            let values = items(values).iter().filter(|value| !value.is_null()).cloned().collect();
            Filter::ValueIn { property, values }
        }
    })
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
    let property = name.to_owned();
    Some(match (model.properties.get(name), value) {
        (Some(Scalar::Boolean), Value::Bool(value)) => {
            let value = if *value { "True" } else { "False" }.to_owned();
            Filter::OtherText { property, value }
        }
        (Some(Scalar::Float), value) => Filter::OtherValue { property, value: value.clone() },
        (_, value) => Filter::OtherText { property, value: value.as_str()?.to_owned() },
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
    let mut filter = PathFilter { to, id: None, project_names: None, properties: Map::new() };
    for (name, value) in object {
        match name.as_str() {
            "type" => {}
            "id" => filter.id = value.as_str().map(str::to_owned),
            "project_id" if label == "project" => {
                filter.project_names = Some(vec![value.as_str().unwrap_or_default().to_owned()])
            }
            _ => {
                filter.properties.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(Filter::Path(filter))
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
