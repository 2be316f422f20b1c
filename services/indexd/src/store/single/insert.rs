//! New records, in one statement whatever their number.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde::Serialize;
use sqlx::{Connection as _, PgConnection, types::Json};

use super::aliases;
use crate::{
    Error,
    auth::{Create, May},
    dates::Timestamp,
    guid::Guid,
    input::FlatMetadata,
    new_record::{NewRecord, apart},
    store::stats,
};

/// A record as the statement takes it.
#[derive(Serialize)]
struct Row<'r> {
    did: &'r Guid,
    baseid: &'r Guid,
    other: Option<&'r Guid>,
    rev: &'r str,
    form: Option<&'r str>,
    size: Option<i64>,
    file_name: Option<&'r str>,
    version: Option<&'r str>,
    uploader: Option<&'r str>,
    description: Option<&'r str>,
    content_created: Option<Timestamp>,
    content_updated: Option<Timestamp>,
    hashes: &'r IndexMap<String, String>,
    acl: &'r [String],
    authz: &'r [String],
    urls: &'r [String],
    metadata: &'r FlatMetadata,
    facts: &'r IndexMap<String, FlatMetadata>,
    alias: Vec<&'r str>,
}

impl<'r> Row<'r> {
    fn of(record: &'r NewRecord) -> Self {
        let input = &record.input;
        Self {
            did: &record.did,
            baseid: &record.baseid,
            other: record.other_spelling.as_ref(),
            rev: &record.rev,
            form: input.form.as_deref(),
            size: input.size,
            file_name: input.file_name.as_deref(),
            version: input.version.as_deref(),
            uploader: input.uploader.as_deref(),
            description: input.description.as_deref(),
            content_created: input.content_created,
            content_updated: input.content_updated(),
            hashes: &input.hashes,
            acl: &input.acl,
            authz: &input.authz,
            urls: &input.urls,
            metadata: &input.metadata,
            facts: &input.urls_metadata,
            alias: record.alias.as_deref().into_iter().collect(),
        }
    }
}

/// See the function of the same name in [`crate::store::insert`].
pub(crate) async fn insert_records(
    connection: &mut PgConnection,
    permit: May<Create, Vec<NewRecord>>,
) -> Result<Vec<Guid>, Error> {
    insert(connection, permit.into_object()).await
}

/// See the function of the same name in [`crate::store::insert`].
pub(crate) async fn insert_record(
    connection: &mut PgConnection,
    permit: May<Create, NewRecord>,
) -> Result<Option<Guid>, Error> {
    Ok(insert(connection, vec![permit.into_object()]).await?.pop())
}

async fn insert(connection: &mut PgConnection, records: Vec<NewRecord>) -> Result<Vec<Guid>, Error> {
    let (mut records, others) = apart(records);
    // One order in all processes, so that two of them do not wait for each other.
    records.sort_by(|a, b| a.did.cmp(&b.did));
    let names: Vec<&str> = records.iter().filter_map(|record| record.alias.as_deref()).collect();
    // Callers need not have begun one.
    let mut transaction = connection.begin().await?;
    aliases::claim(&mut transaction, &names, None).await?;
    let rows: Vec<Row<'_>> = records.iter().map(Row::of).collect();
    let inserted: Vec<(Guid, Option<i64>)> = sqlx::query_as(
        "with wanted as materialized ( \
            select * from jsonb_to_recordset($1) as n(did text, baseid text, other text, rev text, \
                form text, size bigint, file_name text, version text, uploader text, description text, \
                content_created timestamp, content_updated timestamp, hashes jsonb, acl varchar[], \
                authz varchar[], urls varchar[], metadata jsonb, facts jsonb, alias varchar[])), \
         new as ( \
            insert into record (guid, baseid, rev, form, size, created_date, updated_date, file_name, \
                version, uploader, description, content_created_date, content_updated_date, hashes, acl, \
                authz, urls, record_metadata, url_metadata, alias) \
            select w.did, w.baseid, w.rev, w.form, w.size, $2, $2, w.file_name, w.version, w.uploader, \
                w.description, w.content_created, w.content_updated, w.hashes, w.acl, w.authz, w.urls, \
                w.metadata, w.facts, w.alias \
            from wanted w \
            where not exists (select 1 from record r where r.baseid = w.did and w.baseid <> w.did) \
              and not exists (select 1 from record r where r.alias @> array[w.did]::varchar[]) \
              and not exists (select 1 from record r where r.guid = w.other) \
            on conflict (guid) do nothing returning guid, baseid, size), \
         families as ( \
            insert into base_version (baseid) select distinct baseid from new order by baseid \
            on conflict do nothing) \
         select guid, size from new",
    )
    .bind(Json(&rows))
    .bind(Timestamp::now())
    .fetch_all(&mut *transaction)
    .await?;
    let bytes = inserted.iter().filter_map(|(_, size)| *size).fold(0_i64, i64::saturating_add);
    let new: HashSet<&Guid> = inserted.iter().map(|(did, _)| did).collect();
    stats::add(&mut transaction, i64::try_from(new.len()).unwrap_or(i64::MAX), bytes).await?;
    transaction.commit().await?;
    let refused = records.iter().map(|record| &record.did).filter(|did| !new.contains(did)).cloned();
    Ok(refused.chain(others).collect())
}
