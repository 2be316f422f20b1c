//! Rows to rendered text, as they arrive.

use futures_util::TryStreamExt as _;
use sql::Sql;
use sqlx::{Row as _, postgres::PgRow};

use super::{
    executor::{Executor, Halt},
    room::Room,
};
use crate::{
    access::Readable,
    assemble::{Commas, render, write_string},
    error::Error,
    ir::{Branch, Piece},
    plan::limited,
    results::{BranchRows, Results},
};

/// The columns before the properties are parent, branch and node id.
const FIRST_PROPERTY: usize = 3;
/// Bytes that a row takes beside its text.
const ROW: usize = 64;
/// Bytes that a row takes beside its text when it has children, which are found by its id.
const PARENT: usize = 256;

/// Whether a statement may come again, and mean the same then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Perhaps,
    /// It fetches from a cursor, whose rows are others in each transaction.
    Never,
}

/// Empty results for `branches`.
pub(super) fn prepare(branches: &[&Branch]) -> Results {
    Results::new(branches.iter().map(|branch| branch.level.children.len() + 1))
}

/// The position of a parent, which starts at 1 in SQL.
pub(super) fn parent(number: i64) -> usize {
    usize::try_from(number - 1).unwrap_or(0)
}

impl Executor<'_> {
    /// Runs `statement`, renders its rows and keeps them. Parents are counted from `first_parent`.
    pub(super) async fn fetch(
        &mut self,
        statement: Sql,
        again: Again,
        branches: &[&Branch],
        results: &mut Results,
        first_parent: usize,
        room: &mut Room,
    ) -> Result<(), Halt> {
        // One row more than there is room for is enough to know that it is too much.
        let most = room.left().saturating_div(ROW).min(self.budget.rows).saturating_add(1);
        let statement = if room.is_limited() { limited(statement, most) } else { statement };
        let query = match again {
            Again::Perhaps => statement.query_if_short(),
            Again::Never => statement.query_once(),
        };
        let Self { connection, planner, budget, .. } = self;
        let mut rows = query.fetch(&mut **connection);
        while let Some(row) = rows.try_next().await? {
            let number = row.try_get(0)?;
            let parent = u32::try_from(first_parent + parent(number)).unwrap_or(u32::MAX);
            let (position, branch) = branch_of(&row, branches)?;
            results.start_row(parent, position);
            let size = keep_row(&row, branch, &mut results.branches[position], planner.readable)?;
            budget.spend(1, size)?;
            room.take(size + if branch.level.children.is_empty() { ROW } else { PARENT })?;
        }
        Ok(())
    }

    /// Runs `statement`, whose nodes have no children, and writes its rows while they arrive.
    pub(super) async fn pass_on(&mut self, statement: Sql, branches: &[&Branch]) -> Result<(), Error> {
        let Self { connection, out, planner, budget, .. } = self;
        let mut rows = statement.query_if_short().fetch(&mut **connection);
        let mut commas = Commas::default();
        while let Some(row) = rows.try_next().await? {
            let (_, branch) = branch_of(&row, branches)?;
            let before = out.written();
            commas.before_item(out.text());
            write_row(&row, branch, planner.readable, out.text(), |_| {})?;
            budget.spend(1, out.written() - before)?;
            out.pass_on().await?;
        }
        Ok(())
    }
}

fn branch_of<'b>(row: &PgRow, branches: &[&'b Branch]) -> Result<(usize, &'b Branch), Error> {
    let number: i32 = row.try_get(1)?;
    let position = usize::try_from(number).unwrap_or(usize::MAX);
    let branch = branches.get(position);
    branch
        .map(|branch| (position, *branch))
        .ok_or_else(|| Error::internal("reading a row", format!("its list has no branch {number}")))
}

/// Keeps the text of a row. Gives its size in bytes.
fn keep_row(
    row: &PgRow,
    branch: &Branch,
    rows: &mut BranchRows,
    readable: &Readable,
) -> Result<usize, Error> {
    let (text, ends) = rows.parts();
    let before = text.len();
    write_row(row, branch, readable, text, |end| ends.push(end))?;
    ends.push(text.len());
    let size = text.len() - before;
    if !branch.level.children.is_empty() {
        rows.identify(row.try_get(2)?);
    }
    Ok(size)
}

/// Writes a row. `segment` is told where a child stands.
fn write_row(
    row: &PgRow,
    branch: &Branch,
    readable: &Readable,
    out: &mut Vec<u8>,
    mut segment: impl FnMut(usize),
) -> Result<(), Error> {
    let id: &str = row.try_get(2)?;
    for piece in &branch.level.pieces {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Id => write_string(id, out),
            Piece::ProjectName => match readable.name_of(id) {
                Some(name) => write_string(&name, out),
                None => out.extend_from_slice(b"null"),
            },
            Piece::Column(number) => {
                let stored = document(row, FIRST_PROPERTY + number)?;
                render(branch.level.columns[*number].render, stored, out);
            }
            Piece::Child(_) => segment(out.len()),
        }
    }
    Ok(())
}

/// The text of a `jsonb` column, without parsing it; `null` for SQL null.
fn document(row: &PgRow, column: usize) -> Result<&str, Error> {
    let value = row.try_get_raw(column)?;
    if sqlx::ValueRef::is_null(&value) {
        return Ok("null");
    }
    let bytes = value.as_bytes().map_err(|error| Error::internal("reading a stored value", error))?;
    // Binary jsonb is a version, 1, and the text.
    let text = bytes.strip_prefix(&[1]).unwrap_or(bytes);
    std::str::from_utf8(text).map_err(|error| Error::internal("reading a stored value", error))
}
