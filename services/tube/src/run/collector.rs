//! Documents of leaves, with what their ancestors say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};
use sqlx::{PgConnection, Row as _};

use super::{
    blocks::folded,
    context::Context,
    outcome::RunError,
    projects::Project,
    roots::Body,
    rows::{read, width},
    values::{Misfits, fields},
    walks::{Reached, walk},
};
use crate::{
    Form,
    ir::{Collector, Column, Leaf},
    plan,
};

/// Makes the documents of a window, with their ids. Leaves that belong to no project have none.
pub(super) async fn documents(
    context: &Context,
    body: &Collector,
    connection: &mut PgConnection,
    leaves: Vec<(usize, String)>,
    misfits: &mut Misfits,
) -> Result<Vec<(String, Body)>, RunError> {
    let mut own = properties(&body.leaves, &leaves, connection, context.form(), misfits).await?;
    let starts = leaves.iter().enumerate().filter_map(|(place, (leaf, id))| {
        Some((body.leaves.get(*leaf)?.node.clone(), id.clone(), u32::try_from(place).ok()?))
    });
    let mut reached = walk(&body.walk, starts, connection).await?;
    let projects = projects(context, &reached, leaves.len());
    let injected = injected(body, &mut reached, leaves.len(), connection, context.form(), misfits).await?;
    let mut documents = Vec::new();
    let rows = leaves.into_iter().zip(projects).zip(injected);
    for (place, (((leaf, id), projects), injected)) in rows.enumerate() {
        let own = own.remove(&place).unwrap_or_default();
        let node = body.leaves.get(leaf).map_or("", |leaf| &leaf.node);
        for (number, project) in projects.into_iter().enumerate() {
            let mut document = Map::new();
            document.insert(body.id_field.clone(), Value::String(id.clone()));
            document.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
            document.insert("source_node".to_owned(), Value::String(node.to_owned()));
            document.insert("auth_resource_path".to_owned(), Value::String(context.known.resource(&project)));
            document.insert("project_id".to_owned(), Value::String(project));
            document.extend(injected.iter().map(|(name, value)| (name.clone(), value.clone())));
            let id = if number == 0 { id.clone() } else { format!("{id}.{number}") };
            documents.push((id, document));
        }
    }
    Ok(documents)
}

/// The fields of leaves, by their positions, without nulls.
pub(super) async fn properties(
    types: &[Leaf],
    leaves: &[(usize, String)],
    connection: &mut PgConnection,
    form: Form,
    misfits: &mut Misfits,
) -> Result<HashMap<usize, Vec<(String, Value)>>, sqlx::Error> {
    let mut found = HashMap::new();
    for (position, leaf) in types.iter().enumerate() {
        let mine = leaves.iter().enumerate().filter(|(_, (of, _))| *of == position);
        let places: HashMap<&str, usize> = mine.map(|(place, (_, id))| (id.as_str(), place)).collect();
        let ids: Vec<String> = places.keys().map(|id| (*id).to_owned()).collect();
        for (id, values) in nodes(&leaf.table, &leaf.columns, ids, connection, form, misfits).await? {
            let Some(place) = places.get(id.as_str()) else { continue };
            let names = leaf.columns.iter().map(|column| column.name.clone());
            found.insert(*place, names.zip(values).filter(|(_, value)| !value.is_null()).collect());
        }
    }
    Ok(found)
}

/// The fields of nodes of a type, by their ids.
async fn nodes(
    table: &str,
    columns: &[Column],
    ids: Vec<String>,
    connection: &mut PgConnection,
    form: Form,
    misfits: &mut Misfits,
) -> Result<BTreeMap<String, Vec<Value>>, sqlx::Error> {
    let mut found = BTreeMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let width = width(columns);
    for row in plan::nodes(table, columns, ids).query().fetch_all(connection).await? {
        let id: String = row.try_get(0)?;
        let values = fields(columns, &id, read(&row, 1, width)?, form, misfits);
        found.insert(id, values);
    }
    Ok(found)
}

/// The ids of the projects of each leaf.
fn projects(context: &Context, reached: &Reached, leaves: usize) -> Vec<BTreeSet<String>> {
    let mut projects = vec![BTreeSet::new(); leaves];
    for (node, from) in reached.get("project").into_iter().flatten() {
        for project in context.known.of_node(node) {
            for leaf in from {
                projects[*leaf as usize].insert(Project::id(project));
            }
        }
    }
    projects
}

/// What the ancestors of each leaf say.
async fn injected(
    body: &Collector,
    reached: &mut Reached,
    leaves: usize,
    connection: &mut PgConnection,
    form: Form,
    misfits: &mut Misfits,
) -> Result<Vec<Vec<(String, Value)>>, sqlx::Error> {
    let mut all = vec![Vec::new(); leaves];
    for injected in &body.injected {
        let from = reached.remove(&injected.node).unwrap_or_default();
        let columns: Vec<Column> = injected.items.iter().map(|(column, _)| column.clone()).collect();
        let ids = from.keys().cloned().collect();
        let found = nodes(&injected.table, &columns, ids, connection, form, misfits).await?;
        let mut of_leaf: Vec<Vec<Vec<Value>>> = vec![Vec::new(); leaves];
        for (id, values) in found {
            for leaf in from.get(&id).into_iter().flatten() {
                of_leaf[*leaf as usize].push(values.clone());
            }
        }
        for (leaf, nodes) in of_leaf.into_iter().enumerate() {
            let items = injected.items.iter().map(|(column, function)| (column, *function));
            let fields = folded(items, nodes, form).into_iter().filter(|(_, value)| !value.is_null());
            all[leaf].extend(fields);
        }
    }
    Ok(all)
}
