//! Aliases of records: names that are unique among all records.

use std::collections::HashSet;

use sqlx::PgConnection;

use super::records::lock;
use crate::{
    Error,
    auth::{Delete, May, NewAliases, RecordAliases, Update},
    document::Record,
    guid::Guid,
    store::aliases::taken,
};

/// Key of the advisory lock of those who write aliases. Nothing else keeps two of them from giving one name
/// to two records.
const TURN: i64 = 7_230_117_101;

/// The aliases of a record, sorted; `None` when there is no such did.
pub(crate) async fn of(connection: &mut PgConnection, did: &Guid) -> Result<Option<Vec<String>>, Error> {
    Ok(sqlx::query_scalar(
        "select array(select distinct a from unnest(alias) a where a is not null order by a) \
         from record where guid = $1",
    )
    .bind(did)
    .fetch_optional(connection)
    .await?)
}

/// The aliases of many records as `(did, name)`.
pub(crate) async fn of_all(
    connection: &mut PgConnection,
    dids: &[Guid],
) -> Result<Vec<(Guid, String)>, Error> {
    Ok(sqlx::query_as(
        "select r.guid, a.name from record r cross join unnest(r.alias) as a(name) \
         where r.guid = any($1) and a.name is not null order by a.name",
    )
    .bind(dids)
    .fetch_all(connection)
    .await?)
}

/// See the function of the same name in [`crate::store::aliases`].
pub(crate) async fn with_slash(
    connection: &mut PgConnection,
    after: &str,
    most: i64,
) -> Result<Vec<(String, String)>, Error> {
    Ok(sqlx::query_as(
        "select r.guid, a.name from record r cross join unnest(r.alias) as a(name) \
         where a.name > $1 and a.name like '%/%' \
         and r.created_date < (now() at time zone 'utc') - interval '1 hour' order by a.name limit $2",
    )
    .bind(after)
    .bind(most)
    .fetch_all(connection)
    .await?)
}

/// Waits for a turn, and refuses names that another record than `owner` has, or that are given twice.
pub(super) async fn claim(
    connection: &mut PgConnection,
    names: &[&str],
    owner: Option<&Guid>,
) -> Result<(), Error> {
    if names.is_empty() {
        return Ok(());
    }
    let mut once = HashSet::new();
    if !names.iter().all(|name| once.insert(*name)) {
        return Err(taken(names));
    }
    wait_for_turn(connection).await?;
    let has_owner: bool = sqlx::query_scalar(
        "select exists (select 1 from record where alias && $1::varchar[] and guid is distinct from $2)",
    )
    .bind(names)
    .bind(owner)
    .fetch_one(connection)
    .await?;
    if has_owner { Err(taken(names)) } else { Ok(()) }
}

async fn wait_for_turn(connection: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(TURN).execute(connection).await?;
    Ok(())
}

/// Adds those aliases whose name no record has yet.
pub(crate) async fn add_free_aliases(
    connection: &mut PgConnection,
    permit: &May<Update, NewAliases>,
) -> Result<(), Error> {
    let NewAliases { records, aliases } = permit.object();
    lock(connection, records).await?;
    wait_for_turn(connection).await?;
    let (dids, names): (Vec<&Guid>, Vec<&str>) =
        aliases.iter().map(|(did, name)| (did, name.as_str())).unzip();
    sqlx::query(
        "update record r set alias = coalesce(r.alias, '{}') || n.names \
         from (select w.did, array_agg(w.name order by w.name)::varchar[] as names \
               from (select distinct on (name) did, name \
                     from unnest($1::text[], $2::text[]) as g(did, name) order by name, did) w \
               where not exists (select 1 from record o where o.alias @> array[w.name]::varchar[]) \
               group by w.did) n \
         where r.guid = n.did",
    )
    .bind(&dids)
    .bind(&names)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds aliases to those of a record; a name that is taken is a conflict.
pub(crate) async fn append_aliases(
    connection: &mut PgConnection,
    permit: &May<Update, RecordAliases>,
) -> Result<(), Error> {
    let RecordAliases { record, names } = permit.object();
    lock(connection, std::slice::from_ref(record)).await?;
    claim(connection, &texts(names), None).await?;
    let statement = "update record set alias = coalesce(alias, '{}') || $2::varchar[] where guid = $1";
    sqlx::query(statement).bind(&record.did).bind(names).execute(connection).await?;
    Ok(())
}

/// Replaces the aliases of a record; a name that another record has is a conflict.
pub(crate) async fn replace_aliases(
    connection: &mut PgConnection,
    permit: &May<Update, RecordAliases>,
) -> Result<(), Error> {
    let RecordAliases { record, names } = permit.object();
    lock(connection, std::slice::from_ref(record)).await?;
    claim(connection, &texts(names), Some(&record.did)).await?;
    let statement = "update record set alias = $2::varchar[] where guid = $1";
    sqlx::query(statement).bind(&record.did).bind(names).execute(connection).await?;
    Ok(())
}

/// Deletes all aliases of a record.
pub(crate) async fn delete_aliases(
    connection: &mut PgConnection,
    permit: &May<Delete, Record>,
) -> Result<(), Error> {
    let record = permit.object();
    lock(connection, std::slice::from_ref(record)).await?;
    let statement = "update record set alias = '{}' where guid = $1";
    sqlx::query(statement).bind(&record.did).execute(connection).await?;
    Ok(())
}

/// Deletes one alias of a record; `false` when the record does not have it.
pub(crate) async fn delete_alias(
    connection: &mut PgConnection,
    permit: &May<Delete, Record>,
    name: &str,
) -> Result<bool, Error> {
    let record = permit.object();
    lock(connection, std::slice::from_ref(record)).await?;
    let done = sqlx::query(
        "update record set alias = array_remove(alias, $2::varchar) \
         where guid = $1 and alias @> array[$2]::varchar[]",
    )
    .bind(&record.did)
    .bind(name)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
