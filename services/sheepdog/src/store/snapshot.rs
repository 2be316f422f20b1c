//! The connections of an export. They see the same records, and very many are copied over them.

use std::ops::{Deref, DerefMut};

use sql::{
    Sql,
    copy::{CopiedRow, CopiedRows},
};
use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};

use crate::Error;

/// Begins a transaction in which all statements see the same.
const BEGIN: &str = "begin isolation level repeatable read read only";
/// Makes reading very many records fast: they are joined in memory, and no time is spent on compiling
/// expressions. A table is read from its beginning, also where somebody else is reading it, so that two
/// exports have the same order.
const SETTINGS: &str =
    "; set local jit = off; set local work_mem = '32MB'; set local synchronize_seqscans = off";

/// A connection in a transaction that reads. The pool gets it back when it is dropped, unless rows are still
/// to come over it.
pub(crate) struct Snapshot {
    /// None only while it is dropped.
    connection: Option<PoolConnection<Postgres>>,
    /// Whether rows are still to come.
    is_copying: bool,
}

/// The connections of an export: its records are copied over the one, and the targets of their links over the
/// other.
pub(crate) struct Connections {
    pub(super) records: Snapshot,
    /// None before the first link, and after the last one.
    pub(super) links: Option<Snapshot>,
}

impl Connections {
    /// Those of an export that has read by `records` so far.
    pub(crate) fn new(records: Snapshot) -> Self {
        Self { records, links: None }
    }

    /// Sees to it that there is a connection for links. Whoever answers before all records are read asks for
    /// it first: none may be free later.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn for_links(&mut self, pool: &PgPool) -> Result<(), Error> {
        if self.links.is_none() {
            self.links = Some(self.records.twin(pool).await?);
        }
        Ok(())
    }
}

/// Rows of a [`Snapshot`].
pub(crate) struct Rows<'c> {
    rows: CopiedRows<'c>,
    is_copying: &'c mut bool,
}

impl Snapshot {
    /// All that is there now.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn begin(pool: &PgPool) -> Result<Self, Error> {
        Self::begin_by(pool, Sql::raw(BEGIN).text(SETTINGS)).await
    }

    /// Another one that sees the same, for what has to be read while this one copies.
    ///
    /// # Errors
    /// Those of the database.
    async fn twin(&mut self, pool: &PgPool) -> Result<Self, Error> {
        let name: String = sqlx::query_scalar("select pg_export_snapshot()").fetch_one(&mut **self).await?;
        let same = Sql::raw(BEGIN).text("; set transaction snapshot ").literal(&name).text(SETTINGS);
        Self::begin_by(pool, same).await
    }

    async fn begin_by(pool: &PgPool, begin: Sql) -> Result<Self, Error> {
        let mut snapshot = Self { connection: Some(pool.acquire().await?), is_copying: false };
        begin.run_script(&mut snapshot).await?;
        Ok(snapshot)
    }

    /// Copies the rows of a select without binds.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn copy(&mut self, select: Sql) -> Result<Rows<'_>, Error> {
        self.is_copying = true;
        let connection = self.connection.as_deref_mut().expect(UNTIL_DROPPED);
        Ok(Rows { rows: select.copy_out(connection).await?, is_copying: &mut self.is_copying })
    }
}

impl Rows<'_> {
    /// The next row; `None` after the last one.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn next(&mut self) -> Result<Option<CopiedRow>, sqlx::Error> {
        let row = self.rows.next().await?;
        *self.is_copying = row.is_some();
        Ok(row)
    }
}

/// The invariant of [`Snapshot::connection`].
const UNTIL_DROPPED: &str = "a snapshot has its connection until it is dropped";

impl Deref for Snapshot {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_deref().expect(UNTIL_DROPPED)
    }
}

impl DerefMut for Snapshot {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_deref_mut().expect(UNTIL_DROPPED)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if self.is_copying {
            return connection.close_on_drop();
        }
        tokio::spawn(async move {
            if sqlx::query("rollback").persistent(false).execute(&mut *connection).await.is_err() {
                connection.close_on_drop();
            }
        });
    }
}
