//! New records. Their number does not change the number of statements.

use sqlx::PgConnection;

use super::{
    aliases,
    children::{
        entries, facts, flat_entries, insert_acl, insert_authz, insert_facts, insert_hashes, insert_metadata,
        insert_urls, pairs,
    },
    stats,
};
use crate::{
    Error,
    auth::{Create, May},
    dates::Timestamp,
    guid::Guid,
    new_record::NewRecord,
};

/// Inserts all of the records with their children and counts them. Returns the dids that exist already, lead
/// to another record, or are given twice; unless there are none, the caller has to roll back.
pub async fn insert_records(
    connection: &mut PgConnection,
    permit: May<Create, Vec<NewRecord>>,
) -> Result<Vec<Guid>, Error> {
    insert(connection, permit.into_object()).await
}

/// Inserts one record with its children and counts it. Returns its did if that exists already; the caller has
/// to roll back then.
pub async fn insert_record(
    connection: &mut PgConnection,
    permit: May<Create, NewRecord>,
) -> Result<Option<Guid>, Error> {
    Ok(insert(connection, vec![permit.into_object()]).await?.pop())
}

async fn insert(connection: &mut PgConnection, mut records: Vec<NewRecord>) -> Result<Vec<Guid>, Error> {
    // One order in all processes, so that two of them do not wait for each other.
    records.sort_by(|a, b| a.did.cmp(&b.did));
    let taken = names_of_others(connection, &records).await?;
    if !taken.is_empty() {
        return Ok(taken);
    }
    insert_base_versions(connection, &records).await?;
    let inserted = insert_columns(connection, &records).await?;
    if inserted.len() < records.len() {
        return Ok(conflicts(&records, inserted));
    }
    let all = records.iter().map(|record| (&record.did, &record.input));
    insert_urls(connection, all.clone().flat_map(|(did, input)| pairs(did, &input.urls))).await?;
    insert_facts(connection, all.clone().flat_map(|(did, input)| facts(did, &input.urls_metadata))).await?;
    insert_acl(connection, all.clone().flat_map(|(did, input)| pairs(did, &input.acl))).await?;
    insert_authz(connection, all.clone().flat_map(|(did, input)| pairs(did, &input.authz))).await?;
    insert_hashes(connection, all.clone().flat_map(|(did, input)| entries(did, &input.hashes))).await?;
    insert_metadata(connection, all.clone().flat_map(|(did, input)| flat_entries(did, &input.metadata)))
        .await?;
    let names = records.iter().filter_map(|record| Some((&record.did, record.alias.as_deref()?)));
    aliases::insert(connection, names).await?;
    let bytes = all.filter_map(|(_, input)| input.size).fold(0_i64, i64::saturating_add);
    stats::add(connection, i64::try_from(records.len()).unwrap_or(i64::MAX), bytes).await?;
    Ok(Vec::new())
}

fn conflicts(records: &[NewRecord], mut inserted: Vec<Guid>) -> Vec<Guid> {
    let mut conflicts = Vec::new();
    for record in records {
        // A did that is given twice is inserted once.
        match inserted.iter().position(|did| *did == record.did) {
            Some(position) => drop(inserted.swap_remove(position)),
            None => conflicts.push(record.did.clone()),
        }
    }
    conflicts
}

/// The dids that lead to other records already: as their baseid, as an alias, or in the other spelling. A
/// record of such a did would be found in their place.
async fn names_of_others(connection: &mut PgConnection, records: &[NewRecord]) -> Result<Vec<Guid>, Error> {
    let (dids, others): (Vec<&Guid>, Vec<Option<&Guid>>) =
        records.iter().map(|record| (&record.did, record.other_spelling.as_ref())).unzip();
    let baseids: Vec<&Guid> = records.iter().map(|record| &record.baseid).collect();
    Ok(sqlx::query_scalar(
        "select w.did from unnest($1::text[], $2::text[], $3::text[]) as w(did, baseid, other) \
         where exists (select 1 from index_record r where r.baseid = w.did and w.baseid <> w.did) \
            or exists (select 1 from index_record_alias a where a.name = w.did and a.did <> w.did) \
            or exists (select 1 from index_record r where r.did = w.other) \
         order by w.did",
    )
    .bind(&dids)
    .bind(&baseids)
    .bind(&others)
    .fetch_all(connection)
    .await?)
}

async fn insert_base_versions(connection: &mut PgConnection, records: &[NewRecord]) -> Result<(), Error> {
    let mut baseids: Vec<&Guid> = records.iter().map(|record| &record.baseid).collect();
    baseids.sort_unstable();
    baseids.dedup();
    sqlx::query("insert into base_version (baseid) select unnest($1::text[]) on conflict do nothing")
        .bind(&baseids)
        .execute(connection)
        .await?;
    Ok(())
}

/// Inserts what has one value a record; gives the dids that did not exist before.
async fn insert_columns(connection: &mut PgConnection, records: &[NewRecord]) -> Result<Vec<Guid>, Error> {
    fn column<'a, T>(records: &'a [NewRecord], get: impl Fn(&'a NewRecord) -> T) -> Vec<T> {
        records.iter().map(get).collect()
    }
    Ok(sqlx::query_scalar(
        "insert into index_record (did, baseid, rev, form, size, file_name, version, uploader, description, \
            content_created_date, content_updated_date, created_date, updated_date) \
         select n.*, $12, $12 \
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], \
            $8::text[], $9::text[], $10::timestamp[], $11::timestamp[]) as n \
         on conflict (did) do nothing returning did",
    )
    .bind(column(records, |record| &record.did))
    .bind(column(records, |record| &record.baseid))
    .bind(column(records, |record| &record.rev))
    .bind(column(records, |record| record.input.form.as_deref()))
    .bind(column(records, |record| record.input.size))
    .bind(column(records, |record| record.input.file_name.as_deref()))
    .bind(column(records, |record| record.input.version.as_deref()))
    .bind(column(records, |record| record.input.uploader.as_deref()))
    .bind(column(records, |record| record.input.description.as_deref()))
    .bind(column(records, |record| record.input.content_created))
    .bind(column(records, |record| record.input.content_updated()))
    .bind(Timestamp::now())
    .fetch_all(connection)
    .await?)
}
