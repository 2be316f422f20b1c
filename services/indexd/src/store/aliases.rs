//! Aliases of records: names that are unique among all records.

use sqlx::PgConnection;

use crate::{Error, auth::Permit};

/// The aliases of a record, sorted; `None` when there is no such did.
pub(crate) async fn of(connection: &mut PgConnection, did: &str) -> Result<Option<Vec<String>>, Error> {
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
    dids: &[String],
) -> Result<Vec<(String, String)>, Error> {
    Ok(sqlx::query_as("select did, name from index_record_alias where did = any($1) order by name")
        .bind(dids)
        .fetch_all(connection)
        .await?)
}

/// Adds `(did, name)` pairs; a name that is taken is a conflict.
pub(super) async fn insert<'a>(
    connection: &mut PgConnection,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Error> {
    let mut pairs: Vec<(&str, &str)> = pairs.collect();
    if pairs.is_empty() {
        return Ok(());
    }
    pairs.sort_by_key(|(_, name)| *name);
    let (dids, names): (Vec<&str>, Vec<&str>) = pairs.into_iter().unzip();
    let inserted = sqlx::query(
        "insert into index_record_alias (did, name) select * from unnest($1::text[], $2::text[])",
    )
    .bind(&dids)
    .bind(&names)
    .execute(connection)
    .await;
    match inserted {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(Error::Conflict(format!(
            "One or more aliases in request already associated with this or another GUID: {}",
            shortened(&names)
        ))),
        other => Ok(other.map(drop)?),
    }
}

/// Adds those `(did, name)` pairs whose name no record has yet.
pub(crate) async fn add_free(
    connection: &mut PgConnection,
    _: &Permit,
    pairs: &[(String, String)],
) -> Result<(), Error> {
    let mut pairs: Vec<(&str, &str)> =
        pairs.iter().map(|(did, name)| (did.as_str(), name.as_str())).collect();
    pairs.sort_by_key(|(_, name)| *name);
    let (dids, names): (Vec<&str>, Vec<&str>) = pairs.into_iter().unzip();
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

/// As [`insert`], with permission.
pub(crate) async fn add(
    connection: &mut PgConnection,
    _: &Permit,
    pairs: &[(String, String)],
) -> Result<(), Error> {
    insert(connection, pairs.iter().map(|(did, name)| (did.as_str(), name.as_str()))).await
}

/// Removes all aliases of a record.
pub(crate) async fn clear(connection: &mut PgConnection, _: &Permit, did: &str) -> Result<(), Error> {
    sqlx::query("delete from index_record_alias where did = $1").bind(did).execute(connection).await?;
    Ok(())
}

/// Removes one alias of a record; `false` when the record does not have it.
pub(crate) async fn remove(
    connection: &mut PgConnection,
    _: &Permit,
    did: &str,
    name: &str,
) -> Result<bool, Error> {
    let done = sqlx::query("delete from index_record_alias where did = $1 and name = $2")
        .bind(did)
        .bind(name)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// The first names of a list that may be long.
fn shortened(names: &[&str]) -> String {
    let mut text = names.iter().take(20).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 20 {
        text.push_str(", ...");
    }
    text
}
