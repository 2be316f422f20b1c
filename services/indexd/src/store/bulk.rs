//! Changing and deleting many records at once, each at its revision. How many there are does not change the
//! number of statements. [`lock`] comes first.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::{
    children::{
        facts, flat_entries, insert_acl, insert_authz, insert_facts, insert_metadata, insert_urls, pairs,
    },
    stats::Month,
};
use crate::{
    Error,
    auth::{Delete, May, RecordChange, Update},
    dates::Timestamp,
    document::{Record, Revision},
    guid::{self, Guid},
};

/// Number of the advisory lock of [`take_turn`], chosen once.
const TURN: i64 = 4_815_162_342;

/// Changes the records that still have the revision at which they were read, and returns the new revisions of
/// these.
pub async fn update_records(
    connection: &mut PgConnection,
    permit: &May<Update, Vec<RecordChange>>,
) -> Result<Vec<Revision>, Error> {
    let changes = permit.object();
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let mut revs: HashMap<&Guid, String> =
        changes.iter().map(|change| (&change.record.did, guid::new_rev())).collect();
    let changed = update_columns(connection, changes, &revs).await?;
    let changes: HashMap<&Guid, &RecordChange> =
        changes.iter().map(|change| (&change.record.did, change)).collect();
    let changes: Vec<&RecordChange> = changed.iter().filter_map(|did| changes.get(did).copied()).collect();
    replace_children(connection, &changes).await?;
    let renewed = |change: &&RecordChange| {
        let rev = revs.remove(&change.record.did)?;
        Some(Revision { rev, ..change.record.revision() })
    };
    Ok(changes.iter().filter_map(renewed).collect())
}

/// The dids that were changed.
async fn update_columns(
    connection: &mut PgConnection,
    changes: &[RecordChange],
    revs: &HashMap<&Guid, String>,
) -> Result<Vec<Guid>, Error> {
    fn column<'c, T>(changes: &'c [RecordChange], get: impl Fn(&'c RecordChange) -> T) -> Vec<T> {
        changes.iter().map(get).collect()
    }
    let text = |get: for<'c> fn(&'c RecordChange) -> &'c Option<Option<String>>| {
        let given: Vec<bool> = changes.iter().map(|change| get(change).is_some()).collect();
        let values: Vec<Option<&str>> =
            changes.iter().map(|change| get(change).as_ref().and_then(Option::as_deref)).collect();
        (given, values)
    };
    let (has_file_name, file_name) = text(|change| &change.update.file_name);
    let (has_version, version) = text(|change| &change.update.version);
    let (has_uploader, uploader) = text(|change| &change.update.uploader);
    let (has_description, description) = text(|change| &change.update.description);
    Ok(sqlx::query_scalar(
        "update index_record r set rev = n.new_rev, updated_date = $14, \
            file_name = case when n.has_file_name then n.file_name else r.file_name end, \
            version = case when n.has_version then n.version else r.version end, \
            uploader = case when n.has_uploader then n.uploader else r.uploader end, \
            description = case when n.has_description then n.description else r.description end, \
            content_created_date = coalesce(n.created, r.content_created_date), \
            content_updated_date = coalesce(n.updated, r.content_updated_date, n.created) \
         from unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::text[], $6::bool[], $7::text[], \
            $8::bool[], $9::text[], $10::bool[], $11::text[], $12::timestamp[], $13::timestamp[]) \
            as n (did, rev, new_rev, has_file_name, file_name, has_version, version, has_uploader, uploader, \
                has_description, description, created, updated) \
         where r.did = n.did and r.rev = n.rev returning r.did",
    )
    .bind(column(changes, |change| &change.record.did))
    .bind(column(changes, |change| &change.record.rev))
    .bind(column(changes, |change| revs.get(&change.record.did)))
    .bind(has_file_name)
    .bind(file_name)
    .bind(has_version)
    .bind(version)
    .bind(has_uploader)
    .bind(uploader)
    .bind(has_description)
    .bind(description)
    .bind(column(changes, |change| change.update.content_created))
    .bind(column(changes, |change| change.update.content_updated))
    .bind(Timestamp::now())
    .fetch_all(connection)
    .await?)
}

async fn replace_children(connection: &mut PgConnection, changes: &[&RecordChange]) -> Result<(), Error> {
    let of = |is: fn(&RecordChange) -> bool| -> Vec<&Guid> {
        changes.iter().filter(|change| is(change)).map(|change| &change.record.did).collect()
    };
    let updates = || changes.iter().map(|change| (&change.record.did, &change.update));
    let statements = [
        (
            "delete from index_record_url_metadata where did = any($1)",
            of(|change| change.update.urls.is_some() || change.update.urls_metadata.is_some()),
        ),
        ("delete from index_record_url where did = any($1)", of(|change| change.update.urls.is_some())),
        ("delete from index_record_ace where did = any($1)", of(|change| change.update.acl.is_some())),
        ("delete from index_record_authz where did = any($1)", of(|change| change.update.authz.is_some())),
        (
            "delete from index_record_metadata where did = any($1)",
            of(|change| change.update.metadata.is_some()),
        ),
    ];
    for (statement, dids) in statements.into_iter().filter(|(_, dids)| !dids.is_empty()) {
        sqlx::query(statement).bind(dids).execute(&mut *connection).await?;
    }
    let urls = updates().flat_map(|(did, update)| pairs(did, update.urls.as_deref().unwrap_or_default()));
    insert_urls(connection, urls).await?;
    let of_urls = updates().filter_map(|(did, update)| Some((did, update.urls_metadata.as_ref()?)));
    insert_facts(connection, of_urls.flat_map(|(did, metadata)| facts(did, metadata))).await?;
    let acl = updates().flat_map(|(did, update)| pairs(did, update.acl.as_deref().unwrap_or_default()));
    insert_acl(connection, acl).await?;
    let authz = updates().flat_map(|(did, update)| pairs(did, update.authz.as_deref().unwrap_or_default()));
    insert_authz(connection, authz).await?;
    let metadata = updates().filter_map(|(did, update)| Some((did, update.metadata.as_ref()?)));
    insert_metadata(connection, metadata.flat_map(|(did, metadata)| flat_entries(did, metadata))).await
}

/// Deletes the records that still have the revision at which they were read, with everything that belongs to
/// them, and returns the dids of these.
pub async fn delete_records(
    connection: &mut PgConnection,
    permit: &May<Delete, Vec<Record>>,
) -> Result<Vec<Guid>, Error> {
    let records = permit.object();
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let (dids, revs): (Vec<&Guid>, Vec<&str>) =
        records.iter().map(|record| (&record.did, record.rev.as_str())).unzip();
    let Month { month, year } = Month::current();
    // The foreign keys are looked at when the whole statement is done.
    Ok(sqlx::query_scalar(
        "with target as materialized (select r.did from index_record r \
                join unnest($1::text[], $2::text[]) as w (did, rev) on w.did = r.did and w.rev = r.rev), \
            facts as (delete from index_record_url_metadata where did in (select did from target)), \
            urls as (delete from index_record_url where did in (select did from target)), \
            acl as (delete from index_record_ace where did in (select did from target)), \
            authz as (delete from index_record_authz where did in (select did from target)), \
            hashes as (delete from index_record_hash where did in (select did from target)), \
            metadata as (delete from index_record_metadata where did in (select did from target)), \
            aliases as (delete from index_record_alias where did in (select did from target)), \
            gone as (delete from index_record where did in (select did from target) returning did, size), \
            counted as (insert into commons_index_stats_delta (month, year, records, bytes) \
                select $3, $4, -count(*), -coalesce(sum(size), 0) from gone having count(*) > 0) \
         select did from gone",
    )
    .bind(dids)
    .bind(revs)
    .bind(month)
    .bind(year)
    .fetch_all(connection)
    .await?)
}

/// Locks records in one order, so that two writers do not wait for each other.
pub(crate) async fn lock(connection: &mut PgConnection, dids: &[&Guid]) -> Result<(), Error> {
    if dids.is_empty() {
        return Ok(());
    }
    sqlx::query("select from index_record r where r.did = any($1) order by r.did for update")
        .bind(dids)
        .execute(connection)
        .await?;
    Ok(())
}

/// Waits until no other transaction that has done this is under way: what inserts by several statements locks
/// families of versions, which records share, in no order.
pub(crate) async fn take_turn(connection: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(TURN).execute(connection).await?;
    Ok(())
}
