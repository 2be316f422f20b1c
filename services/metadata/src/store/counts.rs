//! How many studies have a value at a path, for the paths that are counted. The tables keep themselves by
//! triggers on `metadata`, whoever writes there.

use sqlx::{FromRow, PgConnection};

use super::search::MOST_BUCKETS;
use crate::{
    access::{MayAdminister, MayRead},
    search::JsonPath,
};

/// A value, and how many studies have it.
#[derive(Debug, FromRow)]
pub(crate) struct Counted {
    pub(crate) path: String,
    pub(crate) value: String,
    pub(crate) studies: i64,
    /// Whether the rows of this path should be summed up.
    pub(crate) is_scattered: bool,
}

/// Those of `paths` that are counted.
pub(crate) async fn counted(
    connection: &mut PgConnection,
    _: &MayRead,
    paths: &[&str],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("select path from commons_metadata_counted where path = any($1)")
        .bind(paths)
        .fetch_all(connection)
        .await
}

/// The most frequent values at `paths` among all documents of a kind.
pub(crate) async fn values(
    connection: &mut PgConnection,
    _: &MayRead,
    kind: &str,
    paths: &[String],
) -> Result<Vec<Counted>, sqlx::Error> {
    sqlx::query_as(
        "select path, value, studies, entries > 4 * has + 1000 as is_scattered
         from (select path, value, sum(studies)::bigint as studies,
                      sum(count(*)) over (partition by path) as entries,
                      count(*) over (partition by path) as has,
                      row_number() over (partition by path order by sum(studies) desc, value) as place
               from commons_metadata_count where kind = $1 and path = any($2)
               group by path, value) as counted
         where studies > 0 and place <= $3 order by path, place",
    )
    .bind(kind)
    .bind(paths)
    .bind(MOST_BUCKETS)
    .fetch_all(connection)
    .await
}

/// Begins to count a path. Nobody writes meanwhile: the caller has made an index in this transaction.
pub(crate) async fn begin(
    connection: &mut PgConnection,
    _: &MayAdminister,
    path: &JsonPath,
) -> Result<(), sqlx::Error> {
    let noted = sqlx::query("insert into commons_metadata_counted (path) values ($1) on conflict do nothing")
        .bind(path.as_str())
        .execute(&mut *connection)
        .await?;
    if noted.rows_affected() == 0 {
        // It is counted already: its index was deleted by other means.
        return Ok(());
    }
    sqlx::query(
        "insert into commons_metadata_count (path, kind, value, studies)
         select $1, commons_kind, v, count(*)
         from metadata cross join lateral commons_metadata_values(data, $1) as v
         where commons_kind is not null group by commons_kind, v",
    )
    .bind(path.as_str())
    .execute(connection)
    .await
    .map(drop)
}

/// Ends counting a path.
pub(crate) async fn end(
    connection: &mut PgConnection,
    _: &MayAdminister,
    path: &JsonPath,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with over as (delete from commons_metadata_counted where path = $1)
         delete from commons_metadata_count where path = $1",
    )
    .bind(path.as_str())
    .execute(connection)
    .await
    .map(drop)
}

/// Sums up the rows of a path. Who adds some meanwhile adds them beside the sums.
pub(crate) async fn sum_up(connection: &mut PgConnection, kind: &str, path: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with old as (delete from commons_metadata_count where path = $1 and kind = $2
                      returning value, studies)
         insert into commons_metadata_count (path, kind, value, studies)
         select $1, $2, value, sum(studies) from old group by value having sum(studies) <> 0",
    )
    .bind(path)
    .bind(kind)
    .execute(connection)
    .await
    .map(drop)
}
