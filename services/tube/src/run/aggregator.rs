//! Documents of roots, block by block.

use serde_json::Value;
use sqlx::PgConnection;

use super::{
    blocks, conditions,
    context::Context,
    joins, nested,
    outcome::RunError,
    roots::{Body, Roots},
    unjoined::unjoined,
    values::Misfits,
};
use crate::ir::Aggregator;

/// Makes the documents of a window, with their ids.
pub(super) async fn documents(
    context: &Context,
    body: &Aggregator,
    connection: &mut PgConnection,
    roots: Vec<(String, Vec<Value>)>,
    misfits: &mut Misfits,
) -> Result<Vec<(String, Body)>, RunError> {
    let mut roots = unjoined(context, body, connection, roots, misfits).await?;
    for (position, join) in body.joins.iter().enumerate() {
        let kept = context.kept.get(position).and_then(Option::as_ref);
        joins::add(context, join, kept, connection, &mut roots, misfits).await?;
    }
    for block in &body.nested {
        let form = context.form();
        let lists = nested::objects(block, connection, roots.ids.clone(), form, misfits).await?;
        for (root, list) in lists.into_iter().enumerate() {
            if !list.is_empty() {
                roots.set(root, &block.name, Value::Array(list));
            }
        }
    }
    let hidden = blocks::hidden(body, connection, &roots.ids, misfits).await?;
    let empty = Body::new();
    if let Some(filter) = &body.filter {
        for (root, documents) in roots.documents.iter_mut().enumerate() {
            let hidden = hidden.get(root).unwrap_or(&empty);
            documents.retain(|document| conditions::holds(filter, document, hidden));
        }
    }
    Ok(finished(context, roots))
}

fn finished(context: &Context, roots: Roots) -> Vec<(String, Body)> {
    let mut all = Vec::new();
    for (id, mut documents) in roots.ids.into_iter().zip(roots.documents) {
        if documents.len() > 1 {
            let mut seen = std::collections::HashSet::new();
            documents.retain(|document| seen.insert(Value::Object(document.clone()).to_string()));
        }
        for (number, mut document) in documents.into_iter().enumerate() {
            let project = document.get("project_id").and_then(Value::as_str).unwrap_or_default();
            let resource = context.known.resource(project);
            document.insert("auth_resource_path".to_owned(), Value::String(resource));
            let id = if number == 0 { id.clone() } else { format!("{id}.{number}") };
            all.push((id, document));
        }
    }
    all
}
