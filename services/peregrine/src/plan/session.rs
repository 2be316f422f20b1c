//! Statements that control how something is read.

use sql::Sql;

/// Begins the transaction of a request.
pub(crate) const BEGIN: &str = "begin isolation level repeatable read read only";

/// Sets the time limit of each statement, and tells which of the database's processes runs them. Statements
/// that are kept prepared are planned for their values all the same: how many nodes a filter leaves depends
/// on them.
pub(crate) const SETTINGS: &str = "select pg_backend_pid(), set_config('statement_timeout', $1, true), \
    set_config('timezone', 'UTC', true), set_config('cursor_tuple_fraction', '1', true), \
    set_config('plan_cache_mode', 'force_custom_plan', true)";

/// Cancels what another process runs.
pub(crate) const CANCEL: &str = "select pg_cancel_backend($1)";

/// Asks whether the database answers.
pub(crate) const PING: &str = "select 1";

/// About how many rows each table has, without touching any of them: by the last analysis, or by the counters
/// of what was written since.
pub(crate) const SIZES: &str = "select c.relname::text, \
    greatest(c.reltuples::bigint, pg_stat_get_live_tuples(c.oid), 0) \
    from pg_class c where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace";

/// `statement limit rows`
pub(crate) fn limited(statement: Sql, rows: usize) -> Sql {
    statement.text(" limit ").bind(i64::try_from(rows).unwrap_or(i64::MAX))
}

/// A statement whose rows are fetched a window at a time.
pub(crate) struct Cursor(String);

impl Cursor {
    /// Cursors of one transaction have different numbers.
    pub(crate) fn new(number: usize) -> Self {
        Self(sql::alias("c", number))
    }

    /// `declare c0 no scroll cursor for select ...`
    pub(crate) fn declare(&self, statement: Sql) -> Sql {
        Sql::raw("declare ").then_alias(&self.0).text(" no scroll cursor for ").then(statement)
    }

    /// `fetch forward 100 from c0`
    pub(crate) fn fetch(&self, rows: usize) -> Sql {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        Sql::raw("fetch forward ").number(rows).text(" from ").then_alias(&self.0)
    }

    /// `close c0`
    pub(crate) fn close(&self) -> Sql {
        Sql::raw("close ").then_alias(&self.0)
    }
}
