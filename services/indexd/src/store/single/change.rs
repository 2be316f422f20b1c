//! Changing and deleting records. All of it happens at one revision: a record that has another one meanwhile
//! is left alone.

use indexmap::IndexMap;
use sqlx::{PgConnection, types::Json};

use super::records::lock;
use crate::{
    Error,
    auth::{BlankFilling, Delete, May, RecordChange, Update, VersionsChange},
    dates::Timestamp,
    document::{Record, Revision},
    guid::{self, Guid},
    input::FlatMetadata,
    store::stats,
};

/// See the function of the same name in [`crate::store::change`].
pub(crate) async fn update_record(
    connection: &mut PgConnection,
    permit: &May<Update, RecordChange>,
) -> Result<Option<Revision>, Error> {
    let RecordChange { record, update } = permit.object();
    let rev = guid::new_rev();
    // Other urls have other metadata, unless the request says which.
    let no_facts = IndexMap::<String, FlatMetadata>::new();
    let facts = update.urls_metadata.as_ref().or_else(|| update.urls.as_ref().map(|_| &no_facts));
    let changed = sqlx::query(
        "update record set rev = $3, updated_date = $4, \
            file_name = case when $5 then $6 else file_name end, \
            version = case when $7 then $8 else version end, \
            uploader = case when $9 then $10 else uploader end, \
            description = case when $11 then $12 else description end, \
            content_created_date = coalesce($13, content_created_date), \
            content_updated_date = coalesce($14, content_updated_date, $13), \
            urls = coalesce($15::varchar[], urls), acl = coalesce($16::varchar[], acl), \
            authz = coalesce($17::varchar[], authz), record_metadata = coalesce($18, record_metadata), \
            url_metadata = coalesce($19, url_metadata) \
         where guid = $1 and rev = $2",
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
    .bind(update.urls.as_ref())
    .bind(update.acl.as_ref())
    .bind(update.authz.as_ref())
    .bind(update.metadata.as_ref().map(Json))
    .bind(facts.map(Json))
    .execute(connection)
    .await?;
    Ok((changed.rows_affected() > 0).then(|| Revision { rev, ..record.revision() }))
}

/// See the function of the same name in [`crate::store::change`].
pub(crate) async fn update_versions(
    connection: &mut PgConnection,
    permit: &May<Update, VersionsChange>,
) -> Result<Vec<Revision>, Error> {
    let VersionsChange { versions, update } = permit.object();
    lock(connection, versions).await?;
    let dids: Vec<&Guid> = versions.iter().map(|record| &record.did).collect();
    let revs: Vec<String> = versions.iter().map(|_| guid::new_rev()).collect();
    sqlx::query(
        "update record r set rev = n.rev, updated_date = $3, acl = coalesce($4::varchar[], acl), \
            authz = coalesce($5::varchar[], authz) \
         from unnest($1::text[], $2::text[]) as n(did, rev) where r.guid = n.did",
    )
    .bind(&dids)
    .bind(&revs)
    .bind(Timestamp::now())
    .bind(update.acl.as_ref())
    .bind(update.authz.as_ref())
    .execute(connection)
    .await?;
    let renewed = |(record, rev): (&Record, String)| Revision { rev, ..record.revision() };
    Ok(versions.iter().zip(revs).map(renewed).collect())
}

/// See the function of the same name in [`crate::store::change`].
pub(crate) async fn fill_blank(
    connection: &mut PgConnection,
    permit: &May<Update, BlankFilling>,
) -> Result<Option<Revision>, Error> {
    let BlankFilling { record, fill } = permit.object();
    let rev = guid::new_rev();
    let changed = sqlx::query(
        "update record set rev = $3, updated_date = $4, size = $5, urls = $6, hashes = $7, \
            url_metadata = '{}', authz = coalesce($8::varchar[], authz) \
         where guid = $1 and rev = $2",
    )
    .bind(&record.did)
    .bind(&record.rev)
    .bind(&rev)
    .bind(Timestamp::now())
    .bind(fill.size)
    .bind(&fill.urls)
    .bind(Json(&fill.hashes))
    .bind(fill.authz.as_ref())
    .execute(&mut *connection)
    .await?;
    if changed.rows_affected() == 0 {
        return Ok(None);
    }
    stats::add(connection, 0, fill.size.unwrap_or(0)).await?;
    Ok(Some(Revision { rev, ..record.revision() }))
}

/// See the function of the same name in [`crate::store::change`].
pub(crate) async fn delete_record(
    connection: &mut PgConnection,
    permit: &May<Delete, Record>,
) -> Result<bool, Error> {
    let record = permit.object();
    let size: Option<Option<i64>> =
        sqlx::query_scalar("delete from record where guid = $1 and rev = $2 returning size")
            .bind(&record.did)
            .bind(&record.rev)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(size) = size else { return Ok(false) };
    stats::add(connection, -1, -size.unwrap_or(0)).await?;
    Ok(true)
}
