//! Arguments that all kinds of lists take: pages and orders.

use serde_json::{Map, Value};

use crate::{
    graph::{Graph, NodeModel, TypeId},
    ir::{Direction, OrderBy, OrderKey, Page},
};

pub(super) type Args = Map<String, Value>;

/// `first` where the query has none.
pub(super) const FIRST: i64 = 10;

pub(super) fn number(args: &Args, name: &str) -> Option<i64> {
    args.get(name).and_then(Value::as_i64)
}

/// Refuses NUL, which PostgreSQL does not take in a string, in the words of the original's driver.
pub(super) fn without_nul(args: &Args) -> Result<(), String> {
    fn has_nul(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(has_nul),
            Value::Object(fields) => fields.values().any(has_nul),
            _ => false,
        }
    }
    if args.values().any(has_nul) {
        return Err("A string literal cannot contain NUL (0x00) characters.".to_owned());
    }
    Ok(())
}

/// The page by `first` and `offset`. `first` is ten by default, and zero or less means everything.
pub(super) fn page(args: &Args) -> Page {
    let first = number(args, "first").unwrap_or(FIRST);
    Page { first: (first > 0).then_some(first), offset: number(args, "offset").unwrap_or(0).max(0) }
}

/// The keys of the wanted order. The ascending one counts more.
pub(super) fn wanted_order(args: &Args) -> impl Iterator<Item = (&str, Direction)> {
    let keys = [("order_by_asc", Direction::Ascending), ("order_by_desc", Direction::Descending)];
    keys.into_iter().filter_map(|(name, direction)| Some((args.get(name)?.as_str()?, direction)))
}

/// The order of nodes of one type.
pub(super) fn order(node: &NodeModel, args: &Args) -> Result<Vec<OrderBy>, String> {
    order_by(args, &node.label, |name| node.properties.contains_key(name))
}

/// The order of nodes of several types, by properties that at least one of them has.
pub(super) fn any_order(graph: &Graph, types: &[TypeId], args: &Args) -> Result<Vec<OrderBy>, String> {
    order_by(args, "node", |name| {
        types.is_empty() || types.iter().any(|node| graph.types[*node].properties.contains_key(name))
    })
}

fn order_by(args: &Args, label: &str, is_property: impl Fn(&str) -> bool) -> Result<Vec<OrderBy>, String> {
    let mut order = Vec::new();
    for (key, direction) in wanted_order(args).filter(|(key, _)| *key != "type") {
        let key = match key {
            "id" => OrderKey::Id,
            name if is_property(name) => OrderKey::Property(name.to_owned()),
            name => return Err(format!("Cannot order by {name} on {label}")),
        };
        order.push(OrderBy { key, direction });
    }
    Ok(order)
}
