//! Lists of objects.

use std::{collections::HashMap, pin::Pin};

use serde_json::{Map, Value};
use sqlx::PgConnection;

use super::{conditions, rows::ends, values::Misfits};
use crate::{Form, ir::Nested};

type Lists<'f> = Pin<Box<dyn Future<Output = Result<Vec<Vec<Value>>, sqlx::Error>> + Send + 'f>>;

/// The objects of a block for each of these nodes, a statement for each level.
pub(super) fn objects<'f>(
    block: &'f Nested,
    connection: &'f mut PgConnection,
    parents: Vec<String>,
    form: Form,
    misfits: &'f mut Misfits,
) -> Lists<'f> {
    Box::pin(async move {
        if parents.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = ends(connection, &block.hops, &block.columns, &parents, form, misfits).await?;
        // Several ways may lead to the same node.
        found.sort_by(|one, other| (one.root, &one.id).cmp(&(other.root, &other.id)));
        found.dedup_by(|one, other| (one.root, &one.id) == (other.root, &other.id));
        let (mut ids, mut places) = (Vec::new(), HashMap::new());
        if !block.inner.is_empty() {
            for end in &found {
                if !places.contains_key(&end.id) {
                    places.insert(end.id.clone(), ids.len());
                    ids.push(end.id.clone());
                }
            }
        }
        let mut inner = Vec::new();
        for block in &block.inner {
            inner.push((block, objects(block, connection, ids.clone(), form, misfits).await?));
        }
        let mut lists = vec![Vec::new(); parents.len()];
        for end in found {
            let mut object = Map::new();
            for (column, value) in block.columns.iter().zip(end.values) {
                if !value.is_null() {
                    object.insert(column.name.clone(), value);
                }
            }
            for (block, lists) in &inner {
                let list = places.get(&end.id).and_then(|place| lists.get(*place));
                if let Some(list) = list.filter(|list| !list.is_empty()) {
                    object.insert(block.name.clone(), Value::Array(list.clone()));
                }
            }
            object.insert(block.id_field.clone(), Value::String(end.id));
            let is_wanted = |filter| conditions::holds(filter, &object, &Map::new());
            if block.filter.as_ref().is_none_or(is_wanted)
                && let Some(list) = lists.get_mut(end.root)
            {
                list.push(Value::Object(object));
            }
        }
        Ok(lists)
    })
}
