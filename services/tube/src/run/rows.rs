//! What statements answer.

use serde_json::Value;
use sql::Sql;
use sqlx::{PgConnection, Row as _};

use super::values::{Misfits, fields};
use crate::{
    Form,
    ir::{Column, Hop, Source},
    plan::{self, Reach},
};

/// What stands at the end of some hops from a root.
pub(super) struct End {
    /// The root's position in the window.
    pub(super) root: usize,
    pub(super) id: String,
    pub(super) values: Vec<Value>,
}

/// How many properties of the database the columns are read from.
pub(super) fn width(columns: &[Column]) -> usize {
    columns.iter().filter(|column| matches!(column.source, Source::Property(_))).count()
}

/// Properties from the column `first` on.
pub(super) fn read(
    row: &sqlx::postgres::PgRow,
    first: usize,
    width: usize,
) -> Result<Vec<Value>, sqlx::Error> {
    (first..first + width).map(|at| Ok(row.try_get::<Option<Value>, _>(at)?.unwrap_or(Value::Null))).collect()
}

/// A position in the window, from what the database counts.
pub(super) fn position(row: &sqlx::postgres::PgRow, at: usize) -> Result<usize, sqlx::Error> {
    let number: i64 = row.try_get(at)?;
    Ok(usize::try_from(number).unwrap_or_default().saturating_sub(1))
}

/// The ends of hops from all roots of a window, in the order of the roots. A node to which several ways lead
/// comes as often.
pub(super) async fn ends(
    connection: &mut PgConnection,
    hops: &[Hop],
    columns: &[Column],
    ids: &[String],
    form: Form,
    misfits: &mut Misfits,
) -> Result<Vec<End>, sqlx::Error> {
    let sql: Sql = plan::ends(hops, columns, ids.to_vec(), Reach::Whole);
    let mut ends: Vec<End> = Vec::new();
    for row in sql.query().fetch_all(connection).await? {
        let root = position(&row, 0)?;
        let id: String = row.try_get(hops.len())?;
        let values = fields(columns, &id, read(&row, 1 + hops.len(), width(columns))?, form, misfits);
        ends.push(End { root, id, values });
    }
    Ok(ends)
}
