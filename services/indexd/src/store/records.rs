//! Finding and reading records.

use std::collections::BTreeMap;

use serde_json::Value;
use sql::Sql;
use sqlx::{FromRow, PgConnection, types::Json};

use crate::{
    Error,
    dates::Timestamp,
    document::{Record, UrlMetadata},
    guid::Guid,
};

/// What an id stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EntryId {
    /// A record with this did.
    Record(Guid),
    /// A bundle with this id.
    Bundle(Guid),
}

/// Which versions of a record are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    All,
    /// Those that have a version string.
    Numbered,
}

/// A record as both layouts give it.
#[derive(FromRow)]
pub(super) struct RecordRow {
    did: Guid,
    baseid: Option<Guid>,
    rev: Option<String>,
    form: Option<String>,
    size: Option<i64>,
    created_date: Option<Timestamp>,
    updated_date: Option<Timestamp>,
    file_name: Option<String>,
    version: Option<String>,
    uploader: Option<String>,
    description: Option<String>,
    content_created_date: Option<Timestamp>,
    content_updated_date: Option<Timestamp>,
    urls: Vec<String>,
    acl: Vec<String>,
    authz: Vec<String>,
    hashes: Option<Json<BTreeMap<String, Option<String>>>>,
    metadata: Option<Json<BTreeMap<String, Value>>>,
    urls_metadata: Option<Json<UrlMetadata>>,
}

impl From<RecordRow> for Record {
    fn from(row: RecordRow) -> Self {
        let mut urls_metadata = row.urls_metadata.map(|facts| facts.0).unwrap_or_default();
        for url in &row.urls {
            urls_metadata.entry(url.clone()).or_default();
        }
        Self {
            acl: row.acl,
            authz: row.authz,
            baseid: row.baseid.unwrap_or_default(),
            content_created_date: row.content_created_date,
            content_updated_date: row.content_updated_date,
            created_date: row.created_date,
            description: row.description,
            did: row.did,
            file_name: row.file_name,
            form: row.form,
            hashes: row.hashes.map(|hashes| hashes.0).unwrap_or_default(),
            metadata: row.metadata.map(|metadata| metadata.0).unwrap_or_default(),
            rev: row.rev.unwrap_or_default(),
            size: row.size,
            updated_date: row.updated_date,
            uploader: row.uploader,
            urls: row.urls,
            urls_metadata,
            version: row.version,
        }
    }
}

/// The statement that reads records `r` with their children, which come as arrays and objects of their
/// record's row, and the rest of it from `from` on.
macro_rules! select_records {
    ($rest:literal) => {
        concat!(
            "select r.did, r.baseid, r.rev, r.form, r.size, r.created_date, r.updated_date, r.file_name, \
                r.version, r.uploader, r.description, r.content_created_date, r.content_updated_date, \
                array(select u.url from index_record_url u where u.did = r.did order by u.url) as urls, \
                array(select a.ace from index_record_ace a where a.did = r.did order by a.ace) as acl, \
                array(select z.resource from index_record_authz z where z.did = r.did order by z.resource) \
                    as authz, \
                (select json_object_agg(h.hash_type, h.hash_value) \
                 from index_record_hash h where h.did = r.did) as hashes, \
                (select json_object_agg(m.key, m.value) \
                 from index_record_metadata m where m.did = r.did) as metadata, \
                (select json_object_agg(f.url, f.facts) \
                 from (select x.url, json_object_agg(x.key, x.value) as facts \
                       from index_record_url_metadata x where x.did = r.did group by x.url) f) \
                    as urls_metadata ",
            $rest
        )
    };
}

/// The records of exactly these dids (each given once), in the order given; unknown ones are left out. One
/// statement, whatever their number.
pub(crate) async fn load(connection: &mut PgConnection, dids: &[Guid]) -> Result<Vec<Record>, Error> {
    match dids {
        [] => Ok(Vec::new()),
        [did] => Ok(by_did(connection, did).await?.into_iter().collect()),
        dids => {
            let rows: Vec<RecordRow> = sqlx::query_as(select_records!(
                "from unnest($1::text[]) with ordinality as wanted(did, position) \
                 join index_record r on r.did = wanted.did order by wanted.position"
            ))
            .bind(dids)
            .fetch_all(connection)
            .await?;
            Ok(rows.into_iter().map(Record::from).collect())
        }
    }
}

/// The record with exactly this did. A statement of its own, because PostgreSQL keeps the plan of one whose
/// parameter is a single value, and makes that of an array anew each time: planning takes longer here than
/// reading.
pub(crate) async fn by_did(connection: &mut PgConnection, did: &Guid) -> Result<Option<Record>, Error> {
    Ok(one(connection, did).await?)
}

async fn one(connection: &mut PgConnection, did: &Guid) -> Result<Option<Record>, sqlx::Error> {
    let row: Option<RecordRow> = sqlx::query_as(select_records!("from index_record r where r.did = $1"))
        .bind(did)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(Record::from))
}

/// The records of these dids (each given once), in no order. For a few: so that their plans are kept too,
/// there are statements for 1, 2, 4, 8 and so on, whose last parameter fills what is left over.
pub(super) async fn some(connection: &mut PgConnection, dids: &[Guid]) -> Result<Vec<Record>, sqlx::Error> {
    let Some(last) = dids.last() else { return Ok(Vec::new()) };
    if let [did] = dids {
        return Ok(one(connection, did).await?.into_iter().collect());
    }
    let width = dids.len().next_power_of_two();
    let parameters = dids.iter().chain(std::iter::repeat(last)).take(width);
    let statement = Sql::raw(select_records!("from index_record r where r.did in ("))
        .then(Sql::join(", ", parameters.map(|did| Sql::value(did.as_str()))))
        .text(")");
    let rows = statement.query().fetch_all(connection).await?;
    rows.iter().map(|row| RecordRow::from_row(row).map(Record::from)).collect()
}

/// What each of `asked` stands for. Each is a list of spellings, the best first; a spelling can be a did, a
/// baseid (whose newest record counts) or a bundle id, in this order. A did stands for its record even where
/// it is the baseid of newer ones, as in the original.
pub(crate) async fn resolve(
    connection: &mut PgConnection,
    asked: &[Vec<Guid>],
) -> Result<Vec<Option<EntryId>>, Error> {
    let (numbers, ranks, ids) = spellings_of(asked);
    let rows: Vec<(i64, bool, Guid)> = sqlx::query_as(
        "with wanted as ( \
            select * from unnest($1::bigint[], $2::bigint[], $3::text[]) as w(number, rank, id)) \
         select distinct on (number) number, place = 2, id from ( \
            select w.number, w.rank, 0 as place, r.did as id, r.created_date \
            from wanted w join index_record r on r.did = w.id \
            union all \
            select w.number, w.rank, 1, r.did, r.created_date \
            from wanted w join index_record r on r.baseid = w.id \
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

/// Spellings as three lists of one length: the number of the id, the rank of the spelling, the spelling.
pub(super) fn spellings_of(asked: &[Vec<Guid>]) -> (Vec<i64>, Vec<i64>, Vec<&Guid>) {
    let (mut numbers, mut ranks, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for (number, spellings) in asked.iter().enumerate() {
        for (rank, id) in spellings.iter().enumerate() {
            numbers.push(i64::try_from(number).unwrap_or(i64::MAX));
            ranks.push(i64::try_from(rank).unwrap_or(i64::MAX));
            ids.push(id);
        }
    }
    (numbers, ranks, ids)
}

/// What each of `asked` ids stands for, of rows with the number of the id, whether it is a bundle, and whose
/// name it is.
pub(super) fn entries_of(rows: Vec<(i64, bool, Guid)>, asked: usize) -> Vec<Option<EntryId>> {
    let mut entries = vec![None; asked];
    for (number, is_bundle, id) in rows {
        let entry = if is_bundle { EntryId::Bundle(id) } else { EntryId::Record(id) };
        if let Some(place) = usize::try_from(number).ok().and_then(|number| entries.get_mut(number)) {
            *place = Some(entry);
        }
    }
    entries
}

/// The did of the record that has the alias `name`.
pub(crate) async fn did_of_alias(connection: &mut PgConnection, name: &str) -> Result<Option<Guid>, Error> {
    Ok(sqlx::query_scalar("select did from index_record_alias where name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?)
}

/// Which of `dids` exist.
pub(crate) async fn existing(connection: &mut PgConnection, dids: &[Guid]) -> Result<Vec<Guid>, Error> {
    Ok(sqlx::query_scalar("select did from index_record where did = any($1)")
        .bind(dids)
        .fetch_all(connection)
        .await?)
}

/// The dids of all versions of a did or baseid, oldest first.
pub(crate) async fn versions(connection: &mut PgConnection, guid: &Guid) -> Result<Vec<Guid>, Error> {
    Ok(sqlx::query_scalar(
        "select r.did from index_record r \
         where r.baseid = coalesce((select s.baseid from index_record s where s.did = $1), $1) \
         order by r.created_date, r.did",
    )
    .bind(guid)
    .fetch_all(connection)
    .await?)
}

/// Whether `guid` is or was the baseid of records.
pub(crate) async fn is_base(connection: &mut PgConnection, guid: &Guid) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select 1 from base_version where baseid = $1)")
        .bind(guid)
        .fetch_one(connection)
        .await?)
}

/// The did of the newest version of a did or baseid, among `versions`.
pub(crate) async fn latest(
    connection: &mut PgConnection,
    guid: &Guid,
    versions: Versions,
) -> Result<Option<Guid>, Error> {
    Ok(sqlx::query_scalar(
        "select r.did from index_record r \
         where r.baseid = coalesce((select s.baseid from index_record s where s.did = $1), $1) \
           and (not $2 or r.version is not null) \
         order by r.created_date desc, r.did desc limit 1",
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
    let rows: Vec<(i64, Guid)> = sqlx::query_as(
        "select distinct on (w.position) w.position, r.did \
         from unnest($1::text[], $2::bigint[]) with ordinality as w(md5, size, position) \
         join index_record_hash h on h.hash_value = w.md5 and h.hash_type = 'md5' \
         join index_record r on r.did = h.did and r.size = w.size \
         order by w.position, r.did",
    )
    .bind(&hashes)
    .bind(&sizes)
    .fetch_all(connection)
    .await?;
    let mut dids = vec![None; files.len()];
    for (position, did) in rows {
        let index = usize::try_from(position - 1).ok();
        if let Some(place) = index.and_then(|index| dids.get_mut(index)) {
            *place = Some(did);
        }
    }
    Ok(dids)
}

/// Locks records that must still be at the revision at which they were read.
///
/// # Errors
/// [`Error::stale`] when one is not, among others.
pub(super) async fn lock(connection: &mut PgConnection, records: &[Record]) -> Result<(), Error> {
    let (dids, revs): (Vec<&Guid>, Vec<&str>) =
        records.iter().map(|record| (&record.did, record.rev.as_str())).unzip();
    let locked = sqlx::query(
        "select r.did from index_record r \
         where r.did = any($1) and exists ( \
            select 1 from unnest($1::text[], $2::text[]) as w(did, rev) \
            where w.did = r.did and w.rev = r.rev) \
         order by r.did for update",
    )
    .bind(&dids)
    .bind(&revs)
    .fetch_all(connection)
    .await?;
    if locked.len() == records.len() { Ok(()) } else { Err(Error::stale()) }
}
