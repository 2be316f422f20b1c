//! Documents of roots without what they have from other indices.

use serde_json::Value;
use sqlx::PgConnection;

use super::{
    blocks,
    context::Context,
    outcome::RunError,
    roots::{Body, Roots},
    values::{Misfits, fields},
};
use crate::ir::Aggregator;

/// All but joins and what comes after them: what other indices join to.
pub(super) async fn unjoined(
    context: &Context,
    body: &Aggregator,
    connection: &mut PgConnection,
    roots: Vec<(String, Vec<Value>)>,
    misfits: &mut Misfits,
) -> Result<Roots, RunError> {
    let form = context.form();
    let mut made = Roots { ids: Vec::new(), documents: Vec::new() };
    for (id, read) in roots {
        let mut document = Body::new();
        for name in &body.id_fields {
            document.insert(name.clone(), Value::String(id.clone()));
        }
        let values = fields(&body.columns, &id, read, form, misfits);
        for (column, value) in body.columns.iter().zip(values) {
            if !value.is_null() {
                document.insert(column.name.clone(), value);
            }
        }
        made.ids.push(id);
        made.documents.push(vec![document]);
    }
    for block in &body.parents {
        blocks::parents(block, connection, &mut made, form, misfits).await?;
    }
    for block in &body.flatten {
        blocks::flatten(block, connection, &mut made, form, misfits).await?;
    }
    if body.is_project {
        made.documents.iter_mut().flatten().for_each(name_project);
    }
    for block in &body.counts {
        blocks::count(block, connection, &mut made, form).await?;
    }
    for block in &body.folds {
        blocks::fold_ends(block, connection, &mut made, form, misfits).await?;
    }
    Ok(made)
}

/// A project's id is the name of its program and its code.
fn name_project(document: &mut Body) {
    let names = document.get("program_name").and_then(Value::as_array).into_iter().flatten();
    let name = document.get("program_name").and_then(Value::as_str);
    let mut parts: Vec<&str> = names.filter_map(Value::as_str).chain(name).collect();
    parts.extend(document.get("project_code").and_then(Value::as_str));
    let id = parts.join("-");
    document.insert("project_id".to_owned(), Value::String(id));
}
