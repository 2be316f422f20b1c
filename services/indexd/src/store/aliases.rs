//! Aliases of records: names that are unique among all records.

use sqlx::PgConnection;

use super::records::lock;
use crate::{
    Error,
    auth::{Delete, May, NewAliases, RecordAliases, Update},
    document::Record,
    guid::Guid,
};

/// The aliases of a record, sorted; `None` when there is no such did.
pub(crate) async fn of(connection: &mut PgConnection, did: &Guid) -> Result<Option<Vec<String>>, Error> {
    let names: Vec<Option<String>> = sqlx::query_scalar(
        "select a.name from index_record r left join index_record_alias a on a.did = r.did \
         where r.did = $1 order by a.name",
    )
    .bind(did)
    .fetch_all(connection)
    .await?;
    Ok((!names.is_empty()).then(|| names.into_iter().flatten().collect()))
}

/// The aliases of many records as `(did, name)`.
pub(crate) async fn of_all(
    connection: &mut PgConnection,
    dids: &[Guid],
) -> Result<Vec<(Guid, String)>, Error> {
    Ok(sqlx::query_as("select did, name from index_record_alias where did = any($1) order by name")
        .bind(dids)
        .fetch_all(connection)
        .await?)
}

/// Records that are not new, with those of their aliases that have a slash: see [`crate::aliased()`].
pub(crate) async fn with_slash(
    connection: &mut PgConnection,
    after: &str,
    most: i64,
) -> Result<Vec<(String, String)>, Error> {
    Ok(sqlx::query_as(
        "select a.did, a.name from index_record_alias a join index_record r on r.did = a.did \
         where a.name > $1 and a.name like '%/%' \
         and r.created_date < (now() at time zone 'utc') - interval '1 hour' order by a.name limit $2",
    )
    .bind(after)
    .bind(most)
    .fetch_all(connection)
    .await?)
}

/// Adds `(did, name)` pairs; a name that is taken is a conflict.
pub(super) async fn insert<'a>(
    connection: &mut PgConnection,
    pairs: impl Iterator<Item = (&'a Guid, &'a str)>,
) -> Result<(), Error> {
    let (dids, names) = by_name(pairs);
    if names.is_empty() {
        return Ok(());
    }
    let inserted = sqlx::query(
        "insert into index_record_alias (did, name) select * from unnest($1::text[], $2::text[])",
    )
    .bind(&dids)
    .bind(&names)
    .execute(connection)
    .await;
    match inserted {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(taken(&names)),
        other => Ok(other.map(drop)?),
    }
}

/// One of these names has a record already.
pub(super) fn taken(names: &[&str]) -> Error {
    Error::Conflict(format!(
        "One or more aliases in request already associated with this or another GUID: {}",
        shortened(names)
    ))
}

/// One order in all processes, so that two of them do not wait for each other.
fn by_name<'a>(pairs: impl Iterator<Item = (&'a Guid, &'a str)>) -> (Vec<&'a Guid>, Vec<&'a str>) {
    let mut pairs: Vec<(&Guid, &str)> = pairs.collect();
    pairs.sort_by_key(|(_, name)| *name);
    pairs.into_iter().unzip()
}

/// Adds those aliases whose name no record has yet.
pub async fn add_free_aliases(
    connection: &mut PgConnection,
    permit: &May<Update, NewAliases>,
) -> Result<(), Error> {
    let NewAliases { records, aliases } = permit.object();
    lock(connection, records).await?;
    let (dids, names) = by_name(aliases.iter().map(|(did, name)| (did, name.as_str())));
    sqlx::query(
        "insert into index_record_alias (did, name) select * from unnest($1::text[], $2::text[]) \
         on conflict do nothing",
    )
    .bind(&dids)
    .bind(&names)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds aliases to those of a record; a name that is taken is a conflict.
pub async fn append_aliases(
    connection: &mut PgConnection,
    permit: &May<Update, RecordAliases>,
) -> Result<(), Error> {
    let RecordAliases { record, names } = permit.object();
    lock(connection, std::slice::from_ref(record)).await?;
    insert(connection, names.iter().map(|name| (&record.did, name.as_str()))).await
}

/// Replaces the aliases of a record; a name that another record has is a conflict.
pub async fn replace_aliases(
    connection: &mut PgConnection,
    permit: &May<Update, RecordAliases>,
) -> Result<(), Error> {
    let RecordAliases { record, names } = permit.object();
    lock(connection, std::slice::from_ref(record)).await?;
    clear(connection, &record.did).await?;
    insert(connection, names.iter().map(|name| (&record.did, name.as_str()))).await
}

/// Deletes all aliases of a record.
pub async fn delete_aliases(
    connection: &mut PgConnection,
    permit: &May<Delete, Record>,
) -> Result<(), Error> {
    let record = permit.object();
    lock(connection, std::slice::from_ref(record)).await?;
    clear(connection, &record.did).await
}

/// Deletes one alias of a record; `false` when the record does not have it.
pub async fn delete_alias(
    connection: &mut PgConnection,
    permit: &May<Delete, Record>,
    name: &str,
) -> Result<bool, Error> {
    let record = permit.object();
    lock(connection, std::slice::from_ref(record)).await?;
    let done = sqlx::query("delete from index_record_alias where did = $1 and name = $2")
        .bind(&record.did)
        .bind(name)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

async fn clear(connection: &mut PgConnection, did: &Guid) -> Result<(), Error> {
    sqlx::query("delete from index_record_alias where did = $1").bind(did).execute(connection).await?;
    Ok(())
}

/// The first names of a list that may be long.
fn shortened(names: &[&str]) -> String {
    let mut text = names.iter().take(20).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 20 {
        text.push_str(", ...");
    }
    text
}
