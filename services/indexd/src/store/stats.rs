//! Counters of records and bytes: one row a month with running totals, kept in the writers' transactions.
//! The row of the current month is the last thing that a transaction locks.

use chrono::{Datelike, Local};
use sqlx::PgConnection;

use crate::{Error, document::Totals};

/// A month of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Month {
    /// From 1 to 12.
    pub(crate) month: i32,
    pub(crate) year: i32,
}

impl Month {
    /// The current one by the clock of this machine, as the original counts them.
    pub(crate) fn current() -> Self {
        let now = Local::now();
        Self { month: i32::try_from(now.month()).unwrap_or(1), year: now.year() }
    }
}

/// Adds to the totals. A month's first change starts from the totals before it.
pub(crate) async fn add(connection: &mut PgConnection, records: i64, bytes: i64) -> Result<(), Error> {
    if records == 0 && bytes == 0 {
        return Ok(());
    }
    let Month { month, year } = Month::current();
    sqlx::query(
        "insert into stats (month, year, total_record_count, total_record_bytes) \
         select $1, $2, coalesce(sum(b.total_record_count), 0)::bigint + $3, \
                coalesce(sum(b.total_record_bytes), 0)::bigint + $4 \
         from (select total_record_count, total_record_bytes from stats where (year, month) < ($2, $1) \
               order by year desc, month desc limit 1) b \
         on conflict (month, year) do update set \
            total_record_count = stats.total_record_count + $3, \
            total_record_bytes = stats.total_record_bytes + $4",
    )
    .bind(month)
    .bind(year)
    .bind(records)
    .bind(bytes)
    .execute(connection)
    .await?;
    Ok(())
}

/// The totals at the end of a month; zeros before the first count.
pub(crate) async fn totals(connection: &mut PgConnection, month: Month) -> Result<Totals, Error> {
    let row: Option<(i64, i64)> = sqlx::query_as(
        "select total_record_count, total_record_bytes from stats where (year, month) <= ($1, $2) \
         order by year desc, month desc limit 1",
    )
    .bind(month.year)
    .bind(month.month)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(file_count, total_file_size)| Totals { file_count, total_file_size }).unwrap_or_default())
}

/// Recounts from the layout that has more rows: the multi-table one or `record`.
pub(crate) async fn reconcile(connection: &mut PgConnection) -> Result<(), Error> {
    let Month { month, year } = Month::current();
    sqlx::query(
        "insert into stats (month, year, total_record_count, total_record_bytes) \
         select $1, $2, c.records, c.bytes from ( \
            select count(*) as records, coalesce(sum(size), 0)::bigint as bytes from index_record \
            union all select count(*), coalesce(sum(size), 0)::bigint from record \
            order by records desc limit 1) c \
         where c.records > 0 or exists (select 1 from stats) \
         on conflict (month, year) do update set \
            total_record_count = excluded.total_record_count, \
            total_record_bytes = excluded.total_record_bytes",
    )
    .bind(month)
    .bind(year)
    .execute(connection)
    .await?;
    Ok(())
}
