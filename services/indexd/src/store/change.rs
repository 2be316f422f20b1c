//! Changing and deleting records. All of it happens at one revision: a record that has another one meanwhile
//! is left alone.

use sqlx::PgConnection;

use super::{
    children::{
        clear_facts, entries, facts, insert_facts, insert_hashes, replace_acl, replace_authz,
        replace_metadata, replace_urls,
    },
    records::lock,
    stats,
};
use crate::{
    Error,
    auth::{BlankFilling, Delete, May, RecordChange, Update, VersionsChange},
    dates::Timestamp,
    document::{Record, Revision},
    guid::{self, Guid},
    input::RecordUpdate,
};

/// Changes a record that has just been read. `None`: its revision is not current any more.
pub async fn update_record(
    connection: &mut PgConnection,
    permit: &May<Update, RecordChange>,
) -> Result<Option<Revision>, Error> {
    let RecordChange { record, update } = permit.object();
    let rev = guid::new_rev();
    let changed = sqlx::query(
        "update index_record set rev = $3, updated_date = $4, \
            file_name = case when $5 then $6 else file_name end, \
            version = case when $7 then $8 else version end, \
            uploader = case when $9 then $10 else uploader end, \
            description = case when $11 then $12 else description end, \
            content_created_date = coalesce($13, content_created_date), \
            content_updated_date = coalesce($14, content_updated_date, $13) \
         where did = $1 and rev = $2",
    )
    .bind(&record.did)
    .bind(&record.rev)
    .bind(&rev)
    .bind(Timestamp::now())
    .bind(update.file_name.is_some())
    .bind(update.file_name.as_ref().and_then(Option::as_ref))
    .bind(update.version.is_some())
    .bind(update.version.as_ref().and_then(Option::as_ref))
    .bind(update.uploader.is_some())
    .bind(update.uploader.as_ref().and_then(Option::as_ref))
    .bind(update.description.is_some())
    .bind(update.description.as_ref().and_then(Option::as_ref))
    .bind(update.content_created)
    .bind(update.content_updated)
    .execute(&mut *connection)
    .await?;
    if changed.rows_affected() == 0 {
        return Ok(None);
    }
    replace_children(connection, &record.did, update).await?;
    Ok(Some(Revision { rev, ..record.revision() }))
}

async fn replace_children(
    connection: &mut PgConnection,
    did: &Guid,
    update: &RecordUpdate,
) -> Result<(), Error> {
    if update.urls.is_some() || update.urls_metadata.is_some() {
        clear_facts(connection, did).await?;
    }
    if let Some(urls) = &update.urls {
        replace_urls(connection, did, urls).await?;
    }
    if let Some(metadata) = &update.urls_metadata {
        insert_facts(connection, facts(did, metadata)).await?;
    }
    if let Some(acl) = &update.acl {
        replace_acl(connection, &[did], acl).await?;
    }
    if let Some(authz) = &update.authz {
        replace_authz(connection, &[did], authz).await?;
    }
    if let Some(metadata) = &update.metadata {
        replace_metadata(connection, did, metadata).await?;
    }
    Ok(())
}

/// Gives all versions of a record the same acl and authz, where given, and new revisions.
///
/// # Errors
/// Among others, when one of the versions has another revision by now.
pub async fn update_versions(
    connection: &mut PgConnection,
    permit: &May<Update, VersionsChange>,
) -> Result<Vec<Revision>, Error> {
    let VersionsChange { versions, update } = permit.object();
    lock(connection, versions).await?;
    let dids: Vec<&Guid> = versions.iter().map(|record| &record.did).collect();
    let revs: Vec<String> = versions.iter().map(|_| guid::new_rev()).collect();
    sqlx::query(
        "update index_record r set rev = n.rev, updated_date = $3 \
         from unnest($1::text[], $2::text[]) as n(did, rev) where r.did = n.did",
    )
    .bind(&dids)
    .bind(&revs)
    .bind(Timestamp::now())
    .execute(&mut *connection)
    .await?;
    if let Some(acl) = &update.acl {
        replace_acl(connection, &dids, acl).await?;
    }
    if let Some(authz) = &update.authz {
        replace_authz(connection, &dids, authz).await?;
    }
    let renewed = |(record, rev): (&Record, String)| Revision { rev, ..record.revision() };
    Ok(versions.iter().zip(revs).map(renewed).collect())
}

/// Fills a blank record that has just been read. `None`: its revision is not current any more.
pub async fn fill_blank(
    connection: &mut PgConnection,
    permit: &May<Update, BlankFilling>,
) -> Result<Option<Revision>, Error> {
    let BlankFilling { record, fill } = permit.object();
    let rev = guid::new_rev();
    let changed = sqlx::query(
        "update index_record set rev = $3, updated_date = $4, size = $5 where did = $1 and rev = $2",
    )
    .bind(&record.did)
    .bind(&record.rev)
    .bind(&rev)
    .bind(Timestamp::now())
    .bind(fill.size)
    .execute(&mut *connection)
    .await?;
    if changed.rows_affected() == 0 {
        return Ok(None);
    }
    let did = &record.did;
    clear_facts(connection, did).await?;
    replace_urls(connection, did, &fill.urls).await?;
    insert_hashes(connection, entries(did, &fill.hashes)).await?;
    if let Some(authz) = &fill.authz {
        replace_authz(connection, &[did], authz).await?;
    }
    stats::add(connection, 0, fill.size.unwrap_or(0)).await?;
    Ok(Some(Revision { rev, ..record.revision() }))
}

/// Deletes a record with everything that belongs to it. `false`: its revision is not current any more.
pub async fn delete_record(
    connection: &mut PgConnection,
    permit: &May<Delete, Record>,
) -> Result<bool, Error> {
    let record = permit.object();
    // The foreign keys are looked at when the whole statement is done.
    let size: Option<Option<i64>> = sqlx::query_scalar(
        "with target as (select did from index_record where did = $1 and rev = $2 for update), \
            facts as (delete from index_record_url_metadata where did in (select did from target)), \
            urls as (delete from index_record_url where did in (select did from target)), \
            acl as (delete from index_record_ace where did in (select did from target)), \
            authz as (delete from index_record_authz where did in (select did from target)), \
            hashes as (delete from index_record_hash where did in (select did from target)), \
            metadata as (delete from index_record_metadata where did in (select did from target)), \
            aliases as (delete from index_record_alias where did in (select did from target)) \
         delete from index_record where did in (select did from target) returning size",
    )
    .bind(&record.did)
    .bind(&record.rev)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(size) = size else { return Ok(false) };
    stats::add(connection, -1, -size.unwrap_or(0)).await?;
    Ok(true)
}
