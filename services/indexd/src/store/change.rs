//! Changing and deleting records. All of it happens at one revision: a record that has another one meanwhile
//! is left alone.

use sqlx::PgConnection;

use super::{insert, stats};
use crate::{
    Error,
    auth::Permit,
    dates::Timestamp,
    document::{Record, Revision},
    guid,
    input::{BlankFill, RecordUpdate, VersionsUpdate},
};

/// Applies `update` to `record`, which has just been read. `None`: its revision is not current any more.
pub(crate) async fn update(
    connection: &mut PgConnection,
    _: &Permit,
    record: &Record,
    update: &RecordUpdate,
) -> Result<Option<Revision>, Error> {
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
    did: &str,
    update: &RecordUpdate,
) -> Result<(), Error> {
    let one = [did.to_owned()];
    if update.urls.is_some() || update.urls_metadata.is_some() {
        sqlx::query("delete from index_record_url_metadata where did = $1")
            .bind(did)
            .execute(&mut *connection)
            .await?;
    }
    if let Some(urls) = &update.urls {
        sqlx::query("delete from index_record_url where did = $1")
            .bind(did)
            .execute(&mut *connection)
            .await?;
        insert::urls(connection, urls.iter().map(|url| (did, url.as_str()))).await?;
    }
    if let Some(metadata) = &update.urls_metadata {
        insert::url_facts(connection, insert::facts(did, metadata)).await?;
    }
    if let Some(acl) = &update.acl {
        replace_acl(connection, &one, acl).await?;
    }
    if let Some(authz) = &update.authz {
        replace_authz(connection, &one, authz).await?;
    }
    if let Some(metadata) = &update.metadata {
        sqlx::query("delete from index_record_metadata where did = $1")
            .bind(did)
            .execute(&mut *connection)
            .await?;
        insert::metadata(connection, insert::entries(did, metadata)).await?;
    }
    Ok(())
}

async fn replace_acl(connection: &mut PgConnection, dids: &[String], acl: &[String]) -> Result<(), Error> {
    sqlx::query("delete from index_record_ace where did = any($1)")
        .bind(dids)
        .execute(&mut *connection)
        .await?;
    insert::acl(connection, product(dids, acl)).await
}

async fn replace_authz(
    connection: &mut PgConnection,
    dids: &[String],
    authz: &[String],
) -> Result<(), Error> {
    sqlx::query("delete from index_record_authz where did = any($1)")
        .bind(dids)
        .execute(&mut *connection)
        .await?;
    insert::authz(connection, product(dids, authz)).await
}

fn product<'a>(dids: &'a [String], values: &'a [String]) -> impl Iterator<Item = (&'a str, &'a str)> {
    dids.iter().flat_map(move |did| values.iter().map(move |value| (did.as_str(), value.as_str())))
}

/// Gives all of `revisions` (locked by the caller) the same acl and authz, where given, and new revisions.
pub(crate) async fn update_versions(
    connection: &mut PgConnection,
    _: &Permit,
    revisions: &[Revision],
    update: &VersionsUpdate,
) -> Result<Vec<Revision>, Error> {
    let dids: Vec<String> = revisions.iter().map(|revision| revision.did.clone()).collect();
    let revs: Vec<String> = revisions.iter().map(|_| guid::new_rev()).collect();
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
    let renewed = |(revision, rev): (&Revision, String)| Revision { rev, ..revision.clone() };
    Ok(revisions.iter().zip(revs).map(renewed).collect())
}

/// Fills the blank `record`, which has just been read. `None`: its revision is not current any more.
pub(crate) async fn fill(
    connection: &mut PgConnection,
    _: &Permit,
    record: &Record,
    fill: &BlankFill,
) -> Result<Option<Revision>, Error> {
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
    let did = record.did.as_str();
    sqlx::query("delete from index_record_url_metadata where did = $1")
        .bind(did)
        .execute(&mut *connection)
        .await?;
    sqlx::query("delete from index_record_url where did = $1").bind(did).execute(&mut *connection).await?;
    insert::urls(connection, fill.urls.iter().map(|url| (did, url.as_str()))).await?;
    insert::hashes(connection, insert::entries(did, &fill.hashes)).await?;
    if let Some(authz) = &fill.authz {
        replace_authz(connection, &[did.to_owned()], authz).await?;
    }
    stats::add(connection, 0, fill.size.unwrap_or(0)).await?;
    Ok(Some(Revision { rev, ..record.revision() }))
}

/// Deletes a record with everything that hangs on it. `false`: its revision is not current any more.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    _: &Permit,
    revision: &Revision,
) -> Result<bool, Error> {
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
    .bind(&revision.did)
    .bind(&revision.rev)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(size) = size else { return Ok(false) };
    stats::add(connection, -1, -size.unwrap_or(0)).await?;
    Ok(true)
}
