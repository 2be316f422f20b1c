//! New records. Their number does not change the number of statements.

use indexmap::IndexMap;
use sqlx::PgConnection;

use super::stats;
use crate::{Error, auth::Permit, dates::Timestamp, input::FlatMetadata};

/// A record to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewRow {
    pub(crate) did: String,
    pub(crate) baseid: String,
    pub(crate) rev: String,
    pub(crate) form: Option<String>,
    pub(crate) size: Option<i64>,
    pub(crate) file_name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) uploader: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) content_created: Option<Timestamp>,
    pub(crate) content_updated: Option<Timestamp>,
    pub(crate) urls: Vec<String>,
    pub(crate) urls_metadata: IndexMap<String, FlatMetadata>,
    pub(crate) acl: Vec<String>,
    pub(crate) authz: Vec<String>,
    pub(crate) hashes: IndexMap<String, String>,
    pub(crate) metadata: FlatMetadata,
    pub(crate) aliases: Vec<String>,
}

/// Inserts all of `rows` with their children and counts them. Returns the dids that exist already (or are
/// given twice); unless that is empty, the caller has to roll back.
pub(crate) async fn records(
    connection: &mut PgConnection,
    _: &Permit,
    mut rows: Vec<NewRow>,
) -> Result<Vec<String>, Error> {
    // One order in all processes, so that two of them do not wait for each other.
    rows.sort_by(|a, b| a.did.cmp(&b.did));
    base_versions(connection, &rows).await?;
    let inserted = own_columns(connection, &rows).await?;
    if inserted.len() < rows.len() {
        return Ok(conflicts(&rows, inserted));
    }
    let rows = rows.as_slice();
    urls(connection, pairs(rows, |row| &row.urls)).await?;
    url_facts(connection, rows.iter().flat_map(|row| facts(&row.did, &row.urls_metadata))).await?;
    acl(connection, pairs(rows, |row| &row.acl)).await?;
    authz(connection, pairs(rows, |row| &row.authz)).await?;
    hashes(connection, rows.iter().flat_map(|row| entries(&row.did, &row.hashes))).await?;
    metadata(connection, rows.iter().flat_map(|row| entries(&row.did, &row.metadata))).await?;
    super::aliases::insert(connection, pairs(rows, |row| &row.aliases)).await?;
    let bytes = rows.iter().filter_map(|row| row.size).fold(0_i64, i64::saturating_add);
    stats::add(connection, i64::try_from(rows.len()).unwrap_or(i64::MAX), bytes).await?;
    Ok(Vec::new())
}

fn conflicts(rows: &[NewRow], mut inserted: Vec<String>) -> Vec<String> {
    let mut conflicts = Vec::new();
    for row in rows {
        // A did that is given twice is inserted once.
        match inserted.iter().position(|did| *did == row.did) {
            Some(position) => drop(inserted.swap_remove(position)),
            None => conflicts.push(row.did.clone()),
        }
    }
    conflicts
}

async fn base_versions(connection: &mut PgConnection, rows: &[NewRow]) -> Result<(), Error> {
    let mut baseids: Vec<&str> = rows.iter().map(|row| row.baseid.as_str()).collect();
    baseids.sort_unstable();
    baseids.dedup();
    sqlx::query("insert into base_version (baseid) select unnest($1::text[]) on conflict do nothing")
        .bind(&baseids)
        .execute(connection)
        .await?;
    Ok(())
}

async fn own_columns(connection: &mut PgConnection, rows: &[NewRow]) -> Result<Vec<String>, Error> {
    fn column<'a, T>(rows: &'a [NewRow], get: impl Fn(&'a NewRow) -> T) -> Vec<T> {
        rows.iter().map(get).collect()
    }
    Ok(sqlx::query_scalar(
        "insert into index_record (did, baseid, rev, form, size, file_name, version, uploader, description, \
            content_created_date, content_updated_date, created_date, updated_date) \
         select n.*, $12, $12 \
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], \
            $8::text[], $9::text[], $10::timestamp[], $11::timestamp[]) as n \
         on conflict (did) do nothing returning did",
    )
    .bind(column(rows, |row| row.did.as_str()))
    .bind(column(rows, |row| row.baseid.as_str()))
    .bind(column(rows, |row| row.rev.as_str()))
    .bind(column(rows, |row| row.form.as_deref()))
    .bind(column(rows, |row| row.size))
    .bind(column(rows, |row| row.file_name.as_deref()))
    .bind(column(rows, |row| row.version.as_deref()))
    .bind(column(rows, |row| row.uploader.as_deref()))
    .bind(column(rows, |row| row.description.as_deref()))
    .bind(column(rows, |row| row.content_created.map(|date| date.0)))
    .bind(column(rows, |row| row.content_updated.map(|date| date.0)))
    .bind(Timestamp::now())
    .fetch_all(connection)
    .await?)
}

/// `(did, value)` of a list of each row.
fn pairs<'a>(
    rows: &'a [NewRow],
    list: impl Fn(&'a NewRow) -> &'a Vec<String> + 'a,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    rows.iter().flat_map(move |row| list(row).iter().map(|value| (row.did.as_str(), value.as_str())))
}

/// `(did, key, value)` of a map of one record.
pub(super) fn entries<'a, V>(
    did: &'a str,
    map: &'a IndexMap<String, V>,
) -> impl Iterator<Item = (&'a str, &'a str, &'a V)> {
    map.iter().map(move |(key, value)| (did, key.as_str(), value))
}

/// `(did, url, key, value)` of the url metadata of one record.
pub(super) fn facts<'a>(
    did: &'a str,
    metadata: &'a IndexMap<String, FlatMetadata>,
) -> impl Iterator<Item = (&'a str, &'a str, &'a str, Option<&'a str>)> {
    metadata.iter().flat_map(move |(url, facts)| {
        facts.iter().map(move |(key, value)| (did, url.as_str(), key.as_str(), value.as_deref()))
    })
}

pub(super) async fn urls<'a>(
    connection: &mut PgConnection,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Error> {
    let (dids, urls): (Vec<&str>, Vec<&str>) = pairs.unzip();
    if dids.is_empty() {
        return Ok(());
    }
    sqlx::query("insert into index_record_url (did, url) select * from unnest($1::text[], $2::text[])")
        .bind(&dids)
        .bind(&urls)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn url_facts<'a>(
    connection: &mut PgConnection,
    facts: impl Iterator<Item = (&'a str, &'a str, &'a str, Option<&'a str>)>,
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

pub(super) async fn acl<'a>(
    connection: &mut PgConnection,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Error> {
    let (dids, entries): (Vec<&str>, Vec<&str>) = pairs.unzip();
    if dids.is_empty() {
        return Ok(());
    }
    sqlx::query("insert into index_record_ace (did, ace) select * from unnest($1::text[], $2::text[])")
        .bind(&dids)
        .bind(&entries)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn authz<'a>(
    connection: &mut PgConnection,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Error> {
    let (dids, resources): (Vec<&str>, Vec<&str>) = pairs.unzip();
    if dids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into index_record_authz (did, resource) select * from unnest($1::text[], $2::text[])",
    )
    .bind(&dids)
    .bind(&resources)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn hashes<'a>(
    connection: &mut PgConnection,
    entries: impl Iterator<Item = (&'a str, &'a str, &'a String)>,
) -> Result<(), Error> {
    let (mut dids, mut kinds, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (did, kind, value) in entries {
        dids.push(did);
        kinds.push(kind);
        values.push(value.as_str());
    }
    if dids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into index_record_hash (did, hash_type, hash_value) \
         select * from unnest($1::text[], $2::text[], $3::text[])",
    )
    .bind(&dids)
    .bind(&kinds)
    .bind(&values)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn metadata<'a>(
    connection: &mut PgConnection,
    entries: impl Iterator<Item = (&'a str, &'a str, &'a Option<String>)>,
) -> Result<(), Error> {
    let (mut dids, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (did, key, value) in entries {
        dids.push(did);
        keys.push(key);
        values.push(value.as_deref());
    }
    if dids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into index_record_metadata (did, key, value) \
         select * from unnest($1::text[], $2::text[], $3::text[])",
    )
    .bind(&dids)
    .bind(&keys)
    .bind(&values)
    .execute(connection)
    .await?;
    Ok(())
}
