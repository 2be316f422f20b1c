//! Sets and lists as the original makes them: a list for each node on the way, one inside of the other.

use serde_json::Value;
use sqlx::{PgConnection, Row as _};

use super::{
    folds::distinct,
    roots::Roots,
    rows::{position, read, width},
    values::{Misfits, fields},
};
use crate::{
    Form,
    grammar::Function,
    ir::{Column, Folds},
    plan::{self, Reach},
};

/// The ids on the way to an end, as far as it goes, and its values.
struct Way {
    ids: Vec<Option<String>>,
    values: Vec<Value>,
}

/// Sets the fields of a block that are sets or lists.
pub(super) async fn lists(
    block: &Folds,
    connection: &mut PgConnection,
    roots: &mut Roots,
) -> Result<(), sqlx::Error> {
    let lists = block.items.iter().filter(|(_, function)| function.gives_list());
    let (columns, functions): (Vec<Column>, Vec<Function>) = lists.cloned().unzip();
    if columns.is_empty() {
        return Ok(());
    }
    // They have been counted already.
    let mut misfits = Misfits::new();
    let mut ways: Vec<Vec<Way>> = roots.ids.iter().map(|_| Vec::new()).collect();
    let sql = plan::ends(&block.hops, &columns, roots.ids.clone(), Reach::AsFarAsItGoes);
    for row in sql.query().fetch_all(connection).await? {
        let ids = (1..=block.hops.len())
            .map(|at| row.try_get::<Option<String>, _>(at))
            .collect::<Result<Vec<_>, _>>()?;
        let read = read(&row, 1 + block.hops.len(), width(&columns))?;
        let values = match ids.last() {
            Some(Some(id)) => fields(&columns, id, read, Form::Compat, &mut misfits),
            _ => vec![Value::Null; columns.len()],
        };
        if let Some(ways) = ways.get_mut(position(&row, 0)?) {
            ways.push(Way { ids, values });
        }
    }
    for (root, ways) in ways.iter().enumerate() {
        for (place, (column, function)) in columns.iter().zip(&functions).enumerate() {
            let list = list(&ways.iter().collect::<Vec<_>>(), 0, block.hops.len(), place, *function);
            roots.set(root, &column.name, list);
        }
    }
    Ok(())
}

/// What stands below one node: values at the last level, else the lists of its children.
fn list(ways: &[&Way], level: usize, levels: usize, place: usize, function: Function) -> Value {
    let mut values = Vec::new();
    // The ways are in the order of their ids, so those through the same child stand together.
    let children = ways.chunk_by(|one, other| one.ids[level] == other.ids[level]);
    for child in children.filter(|child| child[0].ids[level].is_some()) {
        if level + 1 < levels {
            values.push(list(child, level + 1, levels, place, function));
        } else {
            values.extend(child.iter().map(|way| way.values[place].clone()).filter(|value| !value.is_null()));
        }
    }
    Value::Array(if function == Function::Set { distinct(values.into_iter()) } else { values })
}
