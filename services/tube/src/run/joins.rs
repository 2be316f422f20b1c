//! Values of other indices.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use sqlx::PgConnection;

use super::{
    collector,
    context::Context,
    folds::fold,
    kept::{Kept, Row},
    outcome::{MOST_VARIANTS, RunError},
    roots::{Body, Roots},
    values::Misfits,
    walks::walk,
};
use crate::{
    Form,
    ir::{Column, Join, JoinItem, JoinWay, Leaf, Source, Walk},
    outline::Shape,
};

/// Adds what a join gives to the documents of a window.
pub(super) async fn add(
    context: &Context,
    join: &Join,
    kept: Option<&Kept>,
    connection: &mut PgConnection,
    roots: &mut Roots,
    misfits: &mut Misfits,
) -> Result<(), RunError> {
    let form = context.form();
    match (&join.way, kept) {
        (JoinWay::Below { walk, leaves }, _) => {
            let found = below(walk, leaves, connection, &roots.ids, form, misfits).await?;
            for (root, rows) in found.into_iter().enumerate() {
                merge(join, roots, root, |_| rows.clone(), form)?;
            }
        }
        (JoinWay::Keys(_), Some(kept)) => {
            for root in 0..roots.ids.len() {
                merge(join, roots, root, |document| kept.of(document), form)?;
            }
        }
        (JoinWay::Keys(_), None) => {}
    }
    Ok(())
}

/// The leaves below each root, with the joined fields.
async fn below(
    down: &Walk,
    leaves: &[Leaf],
    connection: &mut PgConnection,
    ids: &[String],
    form: Form,
    misfits: &mut Misfits,
) -> Result<Vec<Vec<Row>>, RunError> {
    let mut rows = vec![Vec::new(); ids.len()];
    // A walk begins with the root's type, which is the first to be left.
    let Some((root, _)) = down.steps.first() else { return Ok(rows) };
    let starts = ids
        .iter()
        .enumerate()
        .map(|(place, id)| (root.clone(), id.clone(), u32::try_from(place).unwrap_or(u32::MAX)));
    let mut reached = walk(down, starts, connection).await?;
    let (mut found, mut from) = (Vec::new(), Vec::new());
    for (position, leaf) in leaves.iter().enumerate() {
        let mut ids: Vec<_> = reached.remove(&leaf.node).unwrap_or_default().into_iter().collect();
        ids.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (id, roots) in ids {
            found.push((position, id));
            from.push(roots);
        }
    }
    let mut fields = collector::properties(leaves, &found, connection, form, misfits).await?;
    for (place, (leaf, _)) in found.iter().enumerate() {
        let known: HashMap<String, Value> = fields.remove(&place).unwrap_or_default().into_iter().collect();
        let columns = &leaves[*leaf].columns;
        let row = Row::new(
            columns.iter().map(|column| known.get(&column.name).cloned().unwrap_or(Value::Null)).collect(),
        );
        for root in &from[place] {
            rows[*root as usize].push(Row::clone(&row));
        }
    }
    Ok(rows)
}

/// Puts the rows of a root into its documents: by functions, or one document for each row.
fn merge(
    join: &Join,
    roots: &mut Roots,
    root: usize,
    rows: impl Fn(&Body) -> Vec<Row>,
    form: Form,
) -> Result<(), RunError> {
    let before = std::mem::take(&mut roots.documents[root]);
    for mut document in before {
        let rows = rows(&document);
        if rows.is_empty() {
            roots.documents[root].push(document);
            continue;
        }
        let (mut plain, mut seen) = (Vec::new(), HashSet::new());
        for (position, item) in join.items.iter().enumerate() {
            match item.function {
                Some(function) => {
                    let values = rows.iter().map(|row| row[position].clone()).collect();
                    let value = fold(&column(item), function, values, form);
                    if !value.is_null() {
                        document.insert(item.name.clone(), value);
                    }
                }
                None => plain.push((position, item)),
            }
        }
        if plain.is_empty() {
            roots.documents[root].push(document);
            continue;
        }
        for row in rows {
            let values: Vec<&Value> = plain.iter().map(|(position, _)| &row[*position]).collect();
            if !seen.insert(format!("{values:?}")) {
                continue;
            }
            let mut one = document.clone();
            for ((_, item), value) in plain.iter().zip(values).filter(|(_, value)| !value.is_null()) {
                one.insert(item.name.clone(), value.clone());
            }
            roots.documents[root].push(one);
            if roots.documents[root].len() > MOST_VARIANTS {
                return Err(RunError::TooManyDocuments(roots.ids[root].clone()));
            }
        }
    }
    Ok(())
}

/// What a function has to know of the field.
fn column(item: &JoinItem) -> Column {
    Column { name: item.name.clone(), source: Source::Absent, shape: Shape::TEXT, values: HashMap::new() }
}
