//! The lists and maps of records, which have a table each. How many records and values there are does not
//! change the number of statements.

use indexmap::IndexMap;
use sqlx::PgConnection;

use crate::{Error, guid::Guid, input::FlatMetadata};

/// `(did, value)` of the list of one record.
pub(super) fn pairs<'a>(did: &'a Guid, list: &'a [String]) -> impl Iterator<Item = (&'a Guid, &'a str)> {
    list.iter().map(move |value| (did, value.as_str()))
}

/// `(did, key, value)` of a map of one record.
pub(super) fn entries<'a>(
    did: &'a Guid,
    map: &'a IndexMap<String, String>,
) -> impl Iterator<Item = (&'a Guid, &'a str, Option<&'a str>)> {
    map.iter().map(move |(key, value)| (did, key.as_str(), Some(value.as_str())))
}

/// `(did, key, value)` of the metadata of one record.
pub(super) fn flat_entries<'a>(
    did: &'a Guid,
    map: &'a FlatMetadata,
) -> impl Iterator<Item = (&'a Guid, &'a str, Option<&'a str>)> {
    map.iter().map(move |(key, value)| (did, key.as_str(), value.as_deref()))
}

/// `(did, url, key, value)` of the url metadata of one record.
pub(super) fn facts<'a>(
    did: &'a Guid,
    metadata: &'a IndexMap<String, FlatMetadata>,
) -> impl Iterator<Item = (&'a Guid, &'a str, &'a str, Option<&'a str>)> {
    metadata.iter().flat_map(move |(url, facts)| {
        flat_entries(did, facts).map(move |(did, key, value)| (did, url.as_str(), key, value))
    })
}

pub(super) async fn insert_urls<'a>(
    connection: &mut PgConnection,
    pairs: impl Iterator<Item = (&'a Guid, &'a str)>,
) -> Result<(), Error> {
    let statement = "insert into index_record_url (did, url) select * from unnest($1::text[], $2::text[])";
    insert_pairs(connection, statement, pairs).await
}

pub(super) async fn insert_acl<'a>(
    connection: &mut PgConnection,
    pairs: impl Iterator<Item = (&'a Guid, &'a str)>,
) -> Result<(), Error> {
    let statement = "insert into index_record_ace (did, ace) select * from unnest($1::text[], $2::text[])";
    insert_pairs(connection, statement, pairs).await
}

pub(super) async fn insert_authz<'a>(
    connection: &mut PgConnection,
    pairs: impl Iterator<Item = (&'a Guid, &'a str)>,
) -> Result<(), Error> {
    let statement =
        "insert into index_record_authz (did, resource) select * from unnest($1::text[], $2::text[])";
    insert_pairs(connection, statement, pairs).await
}

pub(super) async fn insert_hashes<'a>(
    connection: &mut PgConnection,
    entries: impl Iterator<Item = (&'a Guid, &'a str, Option<&'a str>)>,
) -> Result<(), Error> {
    let statement = "insert into index_record_hash (did, hash_type, hash_value) \
         select * from unnest($1::text[], $2::text[], $3::text[])";
    insert_entries(connection, statement, entries).await
}

pub(super) async fn insert_metadata<'a>(
    connection: &mut PgConnection,
    entries: impl Iterator<Item = (&'a Guid, &'a str, Option<&'a str>)>,
) -> Result<(), Error> {
    let statement = "insert into index_record_metadata (did, key, value) \
         select * from unnest($1::text[], $2::text[], $3::text[])";
    insert_entries(connection, statement, entries).await
}

pub(super) async fn insert_facts<'a>(
    connection: &mut PgConnection,
    facts: impl Iterator<Item = (&'a Guid, &'a str, &'a str, Option<&'a str>)>,
) -> Result<(), Error> {
    let (mut dids, mut urls, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (did, url, key, value) in facts {
        dids.push(did);
        urls.push(url);
        keys.push(key);
        values.push(value);
    }
    if dids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into index_record_url_metadata (did, url, key, value) \
         select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])",
    )
    .bind(&dids)
    .bind(&urls)
    .bind(&keys)
    .bind(&values)
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_pairs<'a>(
    connection: &mut PgConnection,
    statement: &'static str,
    pairs: impl Iterator<Item = (&'a Guid, &'a str)>,
) -> Result<(), Error> {
    let (dids, values): (Vec<&Guid>, Vec<&str>) = pairs.unzip();
    if dids.is_empty() {
        return Ok(());
    }
    sqlx::query(statement).bind(&dids).bind(&values).execute(connection).await?;
    Ok(())
}

async fn insert_entries<'a>(
    connection: &mut PgConnection,
    statement: &'static str,
    entries: impl Iterator<Item = (&'a Guid, &'a str, Option<&'a str>)>,
) -> Result<(), Error> {
    let (mut dids, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (did, key, value) in entries {
        dids.push(did);
        keys.push(key);
        values.push(value);
    }
    if dids.is_empty() {
        return Ok(());
    }
    sqlx::query(statement).bind(&dids).bind(&keys).bind(&values).execute(connection).await?;
    Ok(())
}

pub(super) async fn replace_urls(
    connection: &mut PgConnection,
    did: &Guid,
    urls: &[String],
) -> Result<(), Error> {
    sqlx::query("delete from index_record_url where did = $1").bind(did).execute(&mut *connection).await?;
    insert_urls(connection, pairs(did, urls)).await
}

/// Deletes the metadata of all urls of a record.
pub(super) async fn clear_facts(connection: &mut PgConnection, did: &Guid) -> Result<(), Error> {
    sqlx::query("delete from index_record_url_metadata where did = $1").bind(did).execute(connection).await?;
    Ok(())
}

pub(super) async fn replace_metadata(
    connection: &mut PgConnection,
    did: &Guid,
    metadata: &FlatMetadata,
) -> Result<(), Error> {
    let statement = "delete from index_record_metadata where did = $1";
    sqlx::query(statement).bind(did).execute(&mut *connection).await?;
    insert_metadata(connection, flat_entries(did, metadata)).await
}

/// Gives all of `dids` this acl.
pub(super) async fn replace_acl(
    connection: &mut PgConnection,
    dids: &[&Guid],
    acl: &[String],
) -> Result<(), Error> {
    let statement = "delete from index_record_ace where did = any($1)";
    sqlx::query(statement).bind(dids).execute(&mut *connection).await?;
    insert_acl(connection, dids.iter().flat_map(|did| pairs(did, acl))).await
}

/// Gives all of `dids` this authz.
pub(super) async fn replace_authz(
    connection: &mut PgConnection,
    dids: &[&Guid],
    authz: &[String],
) -> Result<(), Error> {
    let statement = "delete from index_record_authz where did = any($1)";
    sqlx::query(statement).bind(dids).execute(&mut *connection).await?;
    insert_authz(connection, dids.iter().flat_map(|did| pairs(did, authz))).await
}
