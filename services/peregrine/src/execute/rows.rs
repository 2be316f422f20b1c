//! Rows to rendered text, as they arrive.

use futures_util::TryStreamExt as _;
use sql::Sql;
use sqlx::{Row as _, postgres::PgRow};

use super::Executor;
use crate::{
    assemble::{render, write_text},
    error::Error,
    ir::{Branch, Piece},
    results::Results,
};

/// Columns before the properties: parent, branch, node id.
const FIRST_PROPERTY: usize = 3;

/// Results for `branches`, empty.
pub(super) fn prepare(branches: &[&Branch]) -> Results {
    Results::new(branches.iter().map(|branch| branch.level.children.len() + 1))
}

/// Positions of parents start at 1 in SQL.
pub(super) fn parent(number: i64) -> usize {
    usize::try_from(number - 1).unwrap_or(0)
}

impl Executor<'_> {
    /// Runs `statement` and renders its rows; parents are counted from `first_parent`.
    pub(super) async fn fetch(
        &mut self,
        statement: Sql,
        branches: &[&Branch],
        results: &mut Results,
        first_parent: usize,
    ) -> Result<(), Error> {
        let mut used = (0, 0);
        let mut rows = statement.query_once().fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            let parent = u32::try_from(first_parent + parent(row.try_get(0)?)).unwrap_or(u32::MAX);
            let position: i32 = row.try_get(1)?;
            let position = usize::try_from(position).unwrap_or(0);
            let Some(branch) = branches.get(position) else { continue };
            results.start_row(parent, position);
            let found = &mut results.found[position];
            let before = found.size();
            render_row(&row, branch, found, self.readable)?;
            used = (used.0 + 1, used.1 + found.size() - before);
            if used.0 > self.budget.rows || used.1 > self.budget.bytes {
                break;
            }
        }
        drop(rows);
        self.spend(used.0, used.1)
    }
}

fn render_row(
    row: &PgRow,
    branch: &Branch,
    found: &mut crate::results::Found,
    readable: &crate::access::Readable,
) -> Result<(), Error> {
    let id: &str = row.try_get(2)?;
    for piece in &branch.level.pieces {
        match piece {
            Piece::Text(text) => found.text().extend_from_slice(text.as_bytes()),
            Piece::Id => write_text(id, found.text()),
            Piece::ProjectName => match readable.name_of(id) {
                Some(name) => write_text(&name, found.text()),
                None => found.text().extend_from_slice(b"null"),
            },
            Piece::Column(number) => {
                let stored = document(row, FIRST_PROPERTY + number)?;
                render(branch.level.columns[*number].render, stored, found.text());
            }
            Piece::Child(_) => found.end_segment(),
        }
    }
    found.end_segment();
    if !branch.level.children.is_empty() {
        found.identify(id);
    }
    Ok(())
}

/// The text of a `jsonb` column, without parsing it; `null` for SQL null.
fn document(row: &PgRow, column: usize) -> Result<&str, Error> {
    let value = row.try_get_raw(column)?;
    if sqlx::ValueRef::is_null(&value) {
        return Ok("null");
    }
    let bytes = value.as_bytes().map_err(|error| Error::internal("a document cannot be read", error))?;
    // Binary jsonb is a version, 1, and the text.
    let text = bytes.strip_prefix(&[1]).unwrap_or(bytes);
    std::str::from_utf8(text).map_err(|error| Error::internal("a document is no text", error))
}
