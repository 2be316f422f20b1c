//! Changing and deleting many records at once, each at its revision.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use serde::Serialize;
use sqlx::{PgConnection, types::Json};

use crate::{
    Error,
    auth::{Delete, May, RecordChange, Update},
    dates::Timestamp,
    document::{Record, Revision},
    guid::{self, Guid},
    input::FlatMetadata,
    store::stats::Month,
};

/// A change as the statement takes it; what is not given is left out.
#[derive(Serialize)]
struct Row<'c> {
    did: &'c Guid,
    rev: &'c str,
    new_rev: &'c str,
    has_file_name: bool,
    file_name: Option<&'c str>,
    has_version: bool,
    version: Option<&'c str>,
    has_uploader: bool,
    uploader: Option<&'c str>,
    has_description: bool,
    description: Option<&'c str>,
    created: Option<Timestamp>,
    updated: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    urls: Option<&'c Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acl: Option<&'c Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authz: Option<&'c Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'c FlatMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<&'c IndexMap<String, FlatMetadata>>,
}

impl<'c> Row<'c> {
    /// Other urls have other metadata, unless the change says which: `no_facts`.
    fn of(change: &'c RecordChange, new_rev: &'c str, no_facts: &'c IndexMap<String, FlatMetadata>) -> Self {
        let RecordChange { record, update } = change;
        let text = |field: &'c Option<Option<String>>| field.as_ref().and_then(Option::as_deref);
        Self {
            did: &record.did,
            rev: &record.rev,
            new_rev,
            has_file_name: update.file_name.is_some(),
            file_name: text(&update.file_name),
            has_version: update.version.is_some(),
            version: text(&update.version),
            has_uploader: update.uploader.is_some(),
            uploader: text(&update.uploader),
            has_description: update.description.is_some(),
            description: text(&update.description),
            created: update.content_created,
            updated: update.content_updated,
            urls: update.urls.as_ref(),
            acl: update.acl.as_ref(),
            authz: update.authz.as_ref(),
            metadata: update.metadata.as_ref(),
            facts: update.urls_metadata.as_ref().or_else(|| update.urls.as_ref().map(|_| no_facts)),
        }
    }
}

/// See the function of the same name in [`crate::store::bulk`].
pub(crate) async fn update_records(
    connection: &mut PgConnection,
    permit: &May<Update, Vec<RecordChange>>,
) -> Result<Vec<Revision>, Error> {
    let changes = permit.object();
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let revs: Vec<String> = changes.iter().map(|_| guid::new_rev()).collect();
    let no_facts = IndexMap::new();
    let rows: Vec<Row<'_>> =
        changes.iter().zip(&revs).map(|(change, rev)| Row::of(change, rev, &no_facts)).collect();
    let changed: HashSet<Guid> = sqlx::query_scalar(
        "update record r set rev = n.new_rev, updated_date = $2, \
            file_name = case when n.has_file_name then n.file_name else r.file_name end, \
            version = case when n.has_version then n.version else r.version end, \
            uploader = case when n.has_uploader then n.uploader else r.uploader end, \
            description = case when n.has_description then n.description else r.description end, \
            content_created_date = coalesce(n.created, r.content_created_date), \
            content_updated_date = coalesce(n.updated, r.content_updated_date, n.created), \
            urls = coalesce(n.urls, r.urls), acl = coalesce(n.acl, r.acl), \
            authz = coalesce(n.authz, r.authz), \
            record_metadata = coalesce(n.metadata, r.record_metadata), \
            url_metadata = coalesce(n.facts, r.url_metadata) \
         from jsonb_to_recordset($1) as n (did text, rev text, new_rev text, has_file_name boolean, \
            file_name text, has_version boolean, version text, has_uploader boolean, uploader text, \
            has_description boolean, description text, created timestamp, updated timestamp, urls varchar[], \
            acl varchar[], authz varchar[], metadata jsonb, facts jsonb) \
         where r.guid = n.did and r.rev = n.rev returning r.guid",
    )
    .bind(Json(&rows))
    .bind(Timestamp::now())
    .fetch_all(connection)
    .await?
    .into_iter()
    .collect();
    let renewed = |(change, rev): (&RecordChange, String)| {
        changed.contains(&change.record.did).then(|| Revision { rev, ..change.record.revision() })
    };
    Ok(changes.iter().zip(revs).filter_map(renewed).collect())
}

/// See the function of the same name in [`crate::store::bulk`].
pub(crate) async fn delete_records(
    connection: &mut PgConnection,
    permit: &May<Delete, Vec<Record>>,
) -> Result<Vec<Guid>, Error> {
    let records = permit.object();
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let revs: HashMap<&Guid, &str> =
        records.iter().map(|record| (&record.did, record.rev.as_str())).collect();
    let (dids, revs): (Vec<&Guid>, Vec<&str>) = revs.into_iter().unzip();
    let Month { month, year } = Month::current();
    Ok(sqlx::query_scalar(
        "with gone as (delete from record r using unnest($1::text[], $2::text[]) as w (did, rev) \
                where r.guid = w.did and r.rev = w.rev returning r.guid, r.size), \
            counted as (insert into commons_index_stats_delta (month, year, records, bytes) \
                select $3, $4, -count(*), -coalesce(sum(size), 0) from gone having count(*) > 0) \
         select guid from gone",
    )
    .bind(dids)
    .bind(revs)
    .bind(month)
    .bind(year)
    .fetch_all(connection)
    .await?)
}

/// See the function of the same name in [`crate::store::bulk`].
pub(crate) async fn lock(connection: &mut PgConnection, dids: &[&Guid]) -> Result<(), Error> {
    if dids.is_empty() {
        return Ok(());
    }
    sqlx::query("select from record r where r.guid = any($1) order by r.guid for update")
        .bind(dids)
        .execute(connection)
        .await?;
    Ok(())
}
