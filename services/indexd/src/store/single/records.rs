//! Finding and reading records.

use sqlx::PgConnection;

use crate::{
    Error,
    document::Record,
    guid::Guid,
    store::records::{EntryId, RecordRow, Versions, entries_of, spellings_of},
};

/// The statement that reads records `r`, and the rest of it from `from` on.
macro_rules! select_records {
    ($rest:literal) => {
        concat!(
            "select r.guid as did, r.baseid, r.rev, r.form, r.size, r.created_date, r.updated_date, \
                r.file_name, r.version, r.uploader, r.description, r.content_created_date, \
                r.content_updated_date, \
                array(select distinct u from unnest(r.urls) u where u is not null order by u) as urls, \
                array(select distinct a from unnest(r.acl) a where a is not null order by a) as acl, \
                array(select distinct z from unnest(r.authz) z where z is not null order by z) as authz, \
                case when jsonb_typeof(r.hashes) = 'object' then r.hashes end as hashes, \
                case when jsonb_typeof(r.record_metadata) = 'object' then r.record_metadata end as metadata, \
                (select jsonb_object_agg(f.key, f.value) \
                 from jsonb_each( \
                    case when jsonb_typeof(r.url_metadata) = 'object' then r.url_metadata end) f \
                 where jsonb_typeof(f.value) = 'object' and f.key = any(r.urls)) as urls_metadata ",
            $rest
        )
    };
}

/// See the function of the same name in [`crate::store::records`].
pub(crate) async fn load(connection: &mut PgConnection, dids: &[Guid]) -> Result<Vec<Record>, Error> {
    if dids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<RecordRow> = sqlx::query_as(select_records!(
        "from unnest($1::text[]) with ordinality as wanted(did, position) \
         join record r on r.guid = wanted.did order by wanted.position"
    ))
    .bind(dids)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Record::from).collect())
}

/// The record with exactly this did.
pub(crate) async fn by_did(connection: &mut PgConnection, did: &Guid) -> Result<Option<Record>, Error> {
    let row: Option<RecordRow> = sqlx::query_as(select_records!("from record r where r.guid = $1"))
        .bind(did)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(Record::from))
}

/// See the function of the same name in [`crate::store::records`].
pub(crate) async fn resolve(
    connection: &mut PgConnection,
    asked: &[Vec<Guid>],
) -> Result<Vec<Option<EntryId>>, Error> {
    let (numbers, ranks, ids) = spellings_of(asked);
    let rows: Vec<(i64, bool, Guid)> = sqlx::query_as(
        "with wanted as ( \
            select * from unnest($1::bigint[], $2::bigint[], $3::text[]) as w(number, rank, id)) \
         select distinct on (number) number, place = 2, id from ( \
            select w.number, w.rank, 0 as place, r.guid as id, r.created_date \
            from wanted w join record r on r.guid = w.id \
            union all \
            select w.number, w.rank, 1, r.guid, r.created_date \
            from wanted w join record r on r.baseid = w.id \
            union all \
            select w.number, w.rank, 2, b.bundle_id, null \
            from wanted w join drs_bundle_record b on b.bundle_id = w.id) found \
         order by number, rank, place, created_date desc nulls last, id",
    )
    .bind(&numbers)
    .bind(&ranks)
    .bind(&ids)
    .fetch_all(connection)
    .await?;
    Ok(entries_of(rows, asked.len()))
}

/// The did of the first record that has the alias `name`.
pub(crate) async fn did_of_alias(connection: &mut PgConnection, name: &str) -> Result<Option<Guid>, Error> {
    let statement = "select guid from record where alias @> array[$1]::varchar[] order by guid limit 1";
    Ok(sqlx::query_scalar(statement).bind(name).fetch_optional(connection).await?)
}

/// Which of `dids` exist.
pub(crate) async fn existing(connection: &mut PgConnection, dids: &[Guid]) -> Result<Vec<Guid>, Error> {
    let statement = "select guid from record where guid = any($1)";
    Ok(sqlx::query_scalar(statement).bind(dids).fetch_all(connection).await?)
}

/// The dids of all versions of a did or baseid, oldest first.
pub(crate) async fn versions(connection: &mut PgConnection, guid: &Guid) -> Result<Vec<Guid>, Error> {
    Ok(sqlx::query_scalar(
        "select r.guid from record r \
         where r.baseid = coalesce((select s.baseid from record s where s.guid = $1), $1) \
         order by r.created_date, r.guid",
    )
    .bind(guid)
    .fetch_all(connection)
    .await?)
}

/// The did of the newest version of a did or baseid, among `versions`.
pub(crate) async fn latest(
    connection: &mut PgConnection,
    guid: &Guid,
    versions: Versions,
) -> Result<Option<Guid>, Error> {
    Ok(sqlx::query_scalar(
        "select r.guid from record r \
         where r.baseid = coalesce((select s.baseid from record s where s.guid = $1), $1) \
           and (not $2 or r.version is not null) \
         order by r.created_date desc, r.guid desc limit 1",
    )
    .bind(guid)
    .bind(versions == Versions::Numbered)
    .fetch_optional(connection)
    .await?)
}

/// For each `(md5, size)` the first record by did that has both.
pub(crate) async fn by_md5_and_size(
    connection: &mut PgConnection,
    files: &[(String, i64)],
) -> Result<Vec<Option<Guid>>, Error> {
    let (hashes, sizes): (Vec<&str>, Vec<i64>) =
        files.iter().map(|(md5, size)| (md5.as_str(), *size)).unzip();
    Ok(sqlx::query_scalar(
        "select (select r.guid from record r \
            where r.hashes @> jsonb_build_object('md5', w.md5) and r.size = w.size order by r.guid limit 1) \
         from unnest($1::text[], $2::bigint[]) with ordinality as w(md5, size, position) \
         order by w.position",
    )
    .bind(&hashes)
    .bind(&sizes)
    .fetch_all(connection)
    .await?)
}

/// Locks records that must still be at the revision at which they were read.
///
/// # Errors
/// [`Error::stale`] when one is not, among others.
pub(super) async fn lock(connection: &mut PgConnection, records: &[Record]) -> Result<(), Error> {
    let (dids, revs): (Vec<&Guid>, Vec<&str>) =
        records.iter().map(|record| (&record.did, record.rev.as_str())).unzip();
    let locked = sqlx::query(
        "select r.guid from record r \
         where r.guid = any($1) and exists ( \
            select 1 from unnest($1::text[], $2::text[]) as w(did, rev) \
            where w.did = r.guid and w.rev = r.rev) \
         order by r.guid for update",
    )
    .bind(&dids)
    .bind(&revs)
    .fetch_all(connection)
    .await?;
    if locked.len() == records.len() { Ok(()) } else { Err(Error::stale()) }
}
