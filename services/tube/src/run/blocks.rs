//! The blocks of an aggregator: what they read for all roots of a window, and what becomes of it.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sqlx::{PgConnection, Row as _};

use super::{
    compat,
    folds::{distinct, fold},
    outcome::{MOST_VARIANTS, RunError},
    roots::{Body, Roots},
    rows::{End, ends, position, read, width},
    values::{Misfits, compare, fields},
};
use crate::{
    Form,
    grammar::{Function, Relation},
    ir::{Aggregator, Column, Count, Flatten, Folds, Hop, Parents, Sort},
    plan::{self, Reach},
};

/// A node's id and values.
type Node = (String, Vec<Value>);

/// Values of parents.
pub(super) async fn parents(
    block: &Parents,
    connection: &mut PgConnection,
    roots: &mut Roots,
    form: Form,
    misfits: &mut Misfits,
) -> Result<(), RunError> {
    // The original loses those of near parents where a farther one is missing.
    let reach = match form {
        Form::Right => Reach::AsFarAsItGoes,
        Form::Compat => Reach::Whole,
    };
    let rows = plan::parents(&block.levels, roots.ids.clone(), reach).query().fetch_all(connection).await?;
    // By level and root.
    let mut found: BTreeMap<(usize, usize), Vec<Node>> = BTreeMap::new();
    for row in rows {
        let root = position(&row, 0)?;
        let mut first = 1 + block.levels.len();
        for (level, (_, columns)) in block.levels.iter().enumerate() {
            let width = width(columns);
            if let Some(id) = row.try_get::<Option<String>, _>(1 + level)? {
                let known = found.entry((level, root)).or_default();
                if !known.iter().any(|(known, _)| *known == id) {
                    let read = read(&row, first, width)?;
                    let values = fields(columns, &id, read, form, misfits);
                    known.push((id, values));
                }
            }
            first += width;
        }
    }
    for ((level, root), nodes) in found {
        let function = if block.relation == Relation::One { Function::First } else { Function::Set };
        let columns = &block.levels[level].1;
        let nodes: Vec<Vec<Value>> = nodes.into_iter().map(|(_, values)| values).collect();
        for (name, value) in folded(columns.iter().map(|column| (column, function)), nodes, form) {
            roots.set(root, &name, value);
        }
    }
    Ok(())
}

/// Applies the function of each column to the values of all nodes.
pub(super) fn folded<'c>(
    columns: impl Iterator<Item = (&'c Column, Function)>,
    nodes: Vec<Vec<Value>>,
    form: Form,
) -> Vec<(String, Value)> {
    let mut nodes: Vec<_> = nodes.into_iter().map(Vec::into_iter).collect();
    let one = |(column, function): (&Column, Function)| {
        let values = nodes.iter_mut().filter_map(Iterator::next).collect();
        (column.name.clone(), fold(column, function, values, form))
    };
    columns.map(one).collect()
}

/// Values of children, each as a field of the root.
pub(super) async fn flatten(
    block: &Flatten,
    connection: &mut PgConnection,
    roots: &mut Roots,
    form: Form,
    misfits: &mut Misfits,
) -> Result<(), RunError> {
    let extra = block.sort.as_ref().and_then(|sort| sort.extra.as_ref());
    let columns: Vec<Column> = block.columns.iter().chain(extra).cloned().collect();
    let hops: &[Hop] = std::slice::from_ref(&block.hop);
    let children = ends(connection, hops, &columns, &roots.ids, form, misfits).await?;
    for (root, mut children) in by_root(children) {
        if let Some(sort) = &block.sort {
            children.sort_by(|one, other| sorted(sort, one, other));
            children.truncate(1);
        }
        children.iter_mut().for_each(|values| values.truncate(block.columns.len()));
        let whole = children.into_iter().map(Value::Array);
        multiply(block, roots, root, distinct(whole))?;
    }
    Ok(())
}

fn sorted(sort: &Sort, one: &[Value], other: &[Value]) -> std::cmp::Ordering {
    let unequal = sort.keys.iter().map(|key| compare(&one[*key], &other[*key]));
    let order = unequal.into_iter().find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal);
    if sort.descending { order.reverse() } else { order }
}

/// Each document of a root with each of the children.
fn multiply(block: &Flatten, roots: &mut Roots, root: usize, children: Vec<Value>) -> Result<(), RunError> {
    let before = std::mem::take(&mut roots.documents[root]);
    if before.len().saturating_mul(children.len()) > MOST_VARIANTS {
        return Err(RunError::TooManyDocuments(roots.ids[root].clone()));
    }
    for document in before {
        for child in &children {
            let mut document: Body = document.clone();
            let values = child.as_array().into_iter().flatten();
            for (column, value) in block.columns.iter().zip(values).filter(|(_, value)| !value.is_null()) {
                document.insert(column.name.clone(), value.clone());
            }
            roots.documents[root].push(document);
        }
    }
    Ok(())
}

/// How many ways lead to the end of a path.
pub(super) async fn count(
    block: &Count,
    connection: &mut PgConnection,
    roots: &mut Roots,
    form: Form,
) -> Result<(), RunError> {
    let mut found: HashMap<usize, i64> = HashMap::new();
    for row in plan::counts(&block.hops, roots.ids.clone()).query().fetch_all(connection).await? {
        found.insert(position(&row, 0)?, row.try_get(1)?);
    }
    for root in 0..roots.ids.len() {
        let counted = found.get(&root).map(|number| Value::from(*number));
        let value = counted.unwrap_or_else(|| count_of_nothing(block.hops.len(), form));
        roots.set(root, &block.name, value);
    }
    Ok(())
}

/// Functions of the values at the end of a path.
pub(super) async fn fold_ends(
    block: &Folds,
    connection: &mut PgConnection,
    roots: &mut Roots,
    form: Form,
    misfits: &mut Misfits,
) -> Result<(), RunError> {
    let columns: Vec<Column> = block.items.iter().map(|(column, _)| column.clone()).collect();
    let children = ends(connection, &block.hops, &columns, &roots.ids, form, misfits).await?;
    let mut found: HashMap<usize, Vec<Vec<Value>>> = by_root(children).into_iter().collect();
    for root in 0..roots.ids.len() {
        let nodes = found.remove(&root);
        let is_reached = nodes.is_some();
        let items = block.items.iter().map(|(column, function)| (column, *function));
        for ((name, value), (_, function)) in
            folded(items, nodes.unwrap_or_default(), form).into_iter().zip(&block.items)
        {
            let is_nothing = !is_reached && *function == Function::Count;
            let value = if is_nothing { count_of_nothing(block.hops.len(), form) } else { value };
            roots.set(root, &name, value);
        }
    }
    if form == Form::Compat {
        compat::lists(block, connection, roots).await?;
    }
    Ok(())
}

/// What only the filter looks at, for each root.
pub(super) async fn hidden(
    body: &Aggregator,
    connection: &mut PgConnection,
    ids: &[String],
    misfits: &mut Misfits,
) -> Result<Vec<Body>, RunError> {
    let mut roots = Roots { ids: ids.to_vec(), documents: vec![vec![Body::new()]; ids.len()] };
    for block in &body.hidden {
        fold_ends(block, connection, &mut roots, Form::Right, misfits).await?;
    }
    Ok(roots.documents.into_iter().flatten().collect())
}

/// The values of the ends, root by root.
fn by_root(ends: Vec<End>) -> Vec<(usize, Vec<Vec<Value>>)> {
    let mut roots: Vec<(usize, Vec<Vec<Value>>)> = Vec::new();
    for end in ends {
        match roots.last_mut() {
            Some((root, values)) if *root == end.root => values.push(end.values),
            _ => roots.push((end.root, vec![end.values])),
        }
    }
    roots
}

/// What a count is where no way leads to the last link.
fn count_of_nothing(hops: usize, form: Form) -> Value {
    // The original adds up nothing, which gives null.
    if hops > 1 && form == Form::Compat { Value::Null } else { Value::from(0) }
}
