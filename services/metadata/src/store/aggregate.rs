//! The tables of the aggregate.

use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use crate::{access::MayRead, aggregate::Storable, document::Document};

/// Studies that are written by one statement.
const AT_ONCE: usize = 1_000;
/// Longest name of a tag that is counted, and longest name of its category, in characters.
const LONGEST_TAG: i32 = 200;

/// A source of studies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) name: &'a str,
    /// The sources that stand before it in the configuration. Their studies are not taken from them.
    pub(crate) before: &'a [String],
}

/// How many studies of a commons are different now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) added: u64,
    pub(crate) changed: u64,
    pub(crate) removed: u64,
    /// Studies that another source has, which stands before this one.
    pub(crate) taken: u64,
}

/// Whether the lock was free. It is held until [`unlock`] or the end of the connection.
pub(crate) async fn lock(connection: &mut PgConnection, key: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(key).fetch_one(connection).await
}

/// Leaves the lock to others.
pub(crate) async fn unlock(connection: &mut PgConnection, key: i64) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_unlock($1)").bind(key).execute(connection).await.map(drop)
}

/// Whether the tables are there.
pub(crate) async fn is_made(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select to_regclass('commons_aggregate_study') is not null")
        .fetch_one(connection)
        .await
}

/// Replaces the studies of a source; or says only what would change.
pub(crate) async fn replace(
    pool: &PgPool,
    source: &Source<'_>,
    studies: &[Storable],
    info: &Value,
    is_written: bool,
) -> Result<Changed, sqlx::Error> {
    let guids: Vec<&str> = studies.iter().map(|study| study.guid.as_str()).collect();
    let mut transaction = pool.begin().await?;
    let removed = sqlx::query(
        "delete from commons_aggregate_study as s where source = $1
         and not exists (select from unnest($2::text[]) as n (guid) where n.guid = s.guid)",
    )
    .bind(source.name)
    .bind(&guids)
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    let mut done = Changed { removed, ..Changed::default() };
    for some in studies.chunks(AT_ONCE) {
        let (added, changed) = write(&mut transaction, source, some).await?;
        done.added += u64::try_from(added).unwrap_or_default();
        done.changed += u64::try_from(changed).unwrap_or_default();
    }
    let taken: i64 = sqlx::query_scalar(
        "select count(*) from commons_aggregate_study as s
         join unnest($2::text[]) as n (guid) on n.guid = s.guid where source <> $1",
    )
    .bind(source.name)
    .bind(&guids)
    .fetch_one(&mut *transaction)
    .await?;
    done.taken = u64::try_from(taken).unwrap_or_default();
    write_rows(&mut transaction, "commons", &[(source.name.to_owned(), info.clone())]).await?;
    if is_written {
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(done)
}

/// How many studies are new, and how many have changed.
async fn write(
    connection: &mut PgConnection,
    source: &Source<'_>,
    studies: &[Storable],
) -> Result<(i64, i64), sqlx::Error> {
    let guids: Vec<&str> = studies.iter().map(|study| study.guid.as_str()).collect();
    let commons: Vec<&str> = studies.iter().map(|study| study.commons.as_str()).collect();
    let documents: Vec<&str> = studies.iter().map(|study| study.document.as_str()).collect();
    sqlx::query_as(
        "with written as (
             insert into commons_aggregate_study as s (guid, source, commons, document)
             select guid, $1, commons, document::jsonb
             from unnest($2::text[], $3::text[], $4::text[]) as n (guid, commons, document) order by guid
             on conflict (guid) do update
                 set source = excluded.source, commons = excluded.commons, document = excluded.document
                 where s.source <> all($5)
                   and (s.source, s.commons, s.document)
                       is distinct from (excluded.source, excluded.commons, excluded.document)
             returning xmax = 0 as is_new
         )
         select count(*) filter (where is_new), count(*) filter (where not is_new) from written",
    )
    .bind(source.name)
    .bind(guids)
    .bind(commons)
    .bind(documents)
    .bind(source.before)
    .fetch_one(connection)
    .await
}

/// Deletes the studies of sources that are not among `names`, or says only whose these are.
pub(crate) async fn forget(
    pool: &PgPool,
    names: &[String],
    is_written: bool,
) -> Result<Vec<String>, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query("delete from commons_aggregate_study where source <> all($1)")
        .bind(names)
        .execute(&mut *transaction)
        .await?;
    let gone: Vec<String> = sqlx::query_scalar(
        "delete from commons_aggregate_info where kind = 'commons' and name <> all($1) returning name",
    )
    .bind(names)
    .fetch_all(&mut *transaction)
    .await?;
    if is_written {
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(gone)
}

/// Replaces all information of a kind.
pub(crate) async fn write_info(
    pool: &PgPool,
    kind: &str,
    rows: &[(String, Value)],
) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query("delete from commons_aggregate_info where kind = $1")
        .bind(kind)
        .execute(&mut *transaction)
        .await?;
    write_rows(&mut transaction, kind, rows).await?;
    transaction.commit().await
}

/// A prefix, which is what another index says, does not take the name of a commons or of the aggregate
/// itself.
async fn write_rows(
    connection: &mut PgConnection,
    kind: &str,
    rows: &[(String, Value)],
) -> Result<(), sqlx::Error> {
    let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    let documents: Vec<String> = rows.iter().map(|(_, document)| document.to_string()).collect();
    sqlx::query(
        "insert into commons_aggregate_info as s (name, kind, document)
         select name, $1, document::jsonb from unnest($2::text[], $3::text[]) as n (name, document)
         on conflict (name) do update set kind = excluded.kind, document = excluded.document
             where s.kind = excluded.kind or excluded.kind <> 'prefix'",
    )
    .bind(kind)
    .bind(names)
    .bind(documents)
    .execute(connection)
    .await
    .map(drop)
}

/// Whether anything was ever brought into the aggregate.
pub(crate) async fn is_filled(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from commons_aggregate_info)").fetch_one(connection).await
}

/// The names of the commons, those with most studies first.
pub(crate) async fn commons(connection: &mut PgConnection, _: &MayRead) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select commons from commons_aggregate_study group by commons order by count(*) desc, commons",
    )
    .fetch_all(connection)
    .await
}

/// What is known of a name.
pub(crate) async fn info(
    connection: &mut PgConnection,
    _: &MayRead,
    name: &str,
) -> Result<Option<Document>, sqlx::Error> {
    sqlx::query_scalar("select document::text from commons_aggregate_info where name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await
}

/// A study.
pub(crate) async fn find(
    connection: &mut PgConnection,
    _: &MayRead,
    guid: &str,
) -> Result<Option<Document>, sqlx::Error> {
    sqlx::query_scalar("select document::text from commons_aggregate_study where guid = $1")
        .bind(guid)
        .fetch_optional(connection)
        .await
}

/// How many studies there are.
pub(crate) async fn count(connection: &mut PgConnection, _: &MayRead) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from commons_aggregate_study").fetch_one(connection).await
}

/// A study of a page: GUID, commons, document.
pub(crate) type Row = (String, String, Document);

/// Studies in the order of their GUIDs; `None` if they have more than `most` bytes together.
pub(crate) async fn page(
    connection: &mut PgConnection,
    _: &MayRead,
    (limit, offset): (i64, i64),
    most: usize,
) -> Result<Option<Vec<Row>>, sqlx::Error> {
    let rows: Vec<Option<Row>> = sqlx::query_as::<_, (String, String, String, bool)>(
        // The text of a study that is skipped is not made.
        "select guid, commons, case when fits then document else '' end, fits
         from (select guid, commons, document, sum(octet_length(document)) over (order by guid) <= $3 as fits
               from (select guid, commons, document::text as document
                     from (select guid, commons, document
                           from commons_aggregate_study order by guid limit $1 offset $2) as page
                     offset 0) as texts) as measured
         order by guid",
    )
    .bind(limit)
    .bind(offset)
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(|(guid, commons, document, fits)| fits.then(|| (guid, commons, Document::stored(document))))
    .collect();
    Ok(rows.into_iter().collect())
}

/// The studies of a commons; `None` if they have more than `most` bytes together.
pub(crate) async fn of_commons(
    connection: &mut PgConnection,
    _: &MayRead,
    commons: &str,
    most: usize,
) -> Result<Option<Vec<Document>>, sqlx::Error> {
    let size: Option<i64> = sqlx::query_scalar(
        "select sum(octet_length(document::text))::int8 from commons_aggregate_study where commons = $1",
    )
    .bind(commons)
    .fetch_one(&mut *connection)
    .await?;
    if size.is_some_and(|size| usize::try_from(size).unwrap_or(usize::MAX) > most) {
        return Ok(None);
    }
    let found: Vec<Document> = sqlx::query_scalar(
        "select document::text from commons_aggregate_study where commons = $1 order by guid",
    )
    .bind(commons)
    .fetch_all(connection)
    .await?;
    Ok(Some(found))
}

/// Tags: category, name, and how many studies have it, each category's most frequent first. Those with longer
/// names than [`LONGEST_TAG`] are none that anybody could choose.
pub(crate) async fn tags(
    connection: &mut PgConnection,
    _: &MayRead,
    most: i64,
) -> Result<Vec<(String, Option<String>, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select tag ->> 'category', tag ->> 'name', count(*)
         from commons_aggregate_study,
              jsonb_array_elements(case jsonb_typeof(document #> '{gen3_discovery,tags}')
                                   when 'array' then document #> '{gen3_discovery,tags}' else '[]' end) as tag
         where length(tag ->> 'category') <= $2 and coalesce(length(tag ->> 'name'), 0) <= $2
         group by 1, 2 order by 1, 3 desc, 2 limit $1",
    )
    .bind(most)
    .bind(LONGEST_TAG)
    .fetch_all(connection)
    .await
}
