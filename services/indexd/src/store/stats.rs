//! Counters of records and bytes. The original has one row a month with running totals, which all writers of
//! a month change and therefore wait for. Ours add a row each to a table of changes, in their transactions;
//! now and then these are folded into the rows of the months.

use chrono::{Datelike, Local};
use sqlx::PgConnection;

use crate::{Error, document::Totals};

/// Key of the advisory lock of whoever folds.
const FOLDING: i64 = 0x696e_6465_7873_7461;

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

/// Adds to the totals.
pub(crate) async fn add(connection: &mut PgConnection, records: i64, bytes: i64) -> Result<(), Error> {
    if records == 0 && bytes == 0 {
        return Ok(());
    }
    let Month { month, year } = Month::current();
    sqlx::query(
        "insert into commons_index_stats_delta (month, year, records, bytes) values ($1, $2, $3, $4)",
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
    let (file_count, total_file_size): (i64, i64) = sqlx::query_as(
        "select coalesce(s.total_record_count, 0) + d.records, coalesce(s.total_record_bytes, 0) + d.bytes \
         from (select coalesce(sum(records), 0)::bigint as records, coalesce(sum(bytes), 0)::bigint as bytes \
               from commons_index_stats_delta where (year, month) <= ($1, $2)) d \
         left join (select total_record_count, total_record_bytes from stats where (year, month) <= ($1, $2) \
                    order by year desc, month desc limit 1) s on true",
    )
    .bind(month.year)
    .bind(month.month)
    .fetch_one(connection)
    .await?;
    Ok(Totals { file_count, total_file_size })
}

/// Moves the changes into the rows of their months, unless somebody else is doing so. In a transaction.
pub(crate) async fn fold(connection: &mut PgConnection) -> Result<(), Error> {
    let alone: bool = sqlx::query_scalar("select pg_try_advisory_xact_lock($1)")
        .bind(FOLDING)
        .fetch_one(&mut *connection)
        .await?;
    if !alone {
        return Ok(());
    }
    let months: Vec<(i32, i32, i64, i64)> = sqlx::query_as(
        "with gone as (delete from commons_index_stats_delta returning year, month, records, bytes) \
         select year, month, sum(records)::bigint, sum(bytes)::bigint from gone \
         group by year, month order by year, month",
    )
    .fetch_all(&mut *connection)
    .await?;
    // There is more than one row only around the end of a month.
    for (year, month, records, bytes) in months {
        add_to(connection, Month { month, year }, records, bytes).await?;
    }
    Ok(())
}

/// A month's first change starts from the totals before it. The months after it have it, too.
async fn add_to(
    connection: &mut PgConnection,
    Month { month, year }: Month,
    records: i64,
    bytes: i64,
) -> Result<(), Error> {
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
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "update stats set total_record_count = total_record_count + $3, \
            total_record_bytes = total_record_bytes + $4 where (year, month) > ($2, $1)",
    )
    .bind(month)
    .bind(year)
    .bind(records)
    .bind(bytes)
    .execute(connection)
    .await?;
    Ok(())
}

/// Recounts from the layout that has more rows: the multi-table one or `record`.
pub(crate) async fn reconcile(connection: &mut PgConnection) -> Result<(), Error> {
    let Month { month, year } = Month::current();
    sqlx::query("delete from commons_index_stats_delta").execute(&mut *connection).await?;
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
