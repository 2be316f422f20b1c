//! Table `commons_multipart`: uploads in parts that were begun and are not ended.

use std::time::Duration;

use sqlx::{FromRow, PgConnection};

/// An upload in parts.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Unfinished {
    /// Where the object will be.
    pub(crate) url: String,
    pub(crate) upload_id: String,
    /// The record that it fills.
    pub(crate) guid: String,
    /// Whether it was begun so long ago that nobody ends it any more.
    pub(crate) is_old: bool,
}

/// Notes an upload.
pub(crate) async fn note(
    connection: &mut PgConnection,
    url: &str,
    upload_id: &str,
    guid: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into commons_multipart (url, upload_id, guid) values ($1, $2, $3)
         on conflict (url, upload_id) do update set guid = excluded.guid",
    )
    .bind(url)
    .bind(upload_id)
    .bind(guid)
    .execute(connection)
    .await
    .map(drop)
}

/// Forgets these uploads.
pub(crate) async fn forget(
    connection: &mut PgConnection,
    uploads: &[(String, String)],
) -> Result<(), sqlx::Error> {
    let (urls, ids): (Vec<&str>, Vec<&str>) =
        uploads.iter().map(|(url, upload_id)| (url.as_str(), upload_id.as_str())).unzip();
    sqlx::query(
        "delete from commons_multipart
         where (url, upload_id) in (select * from unnest($1::text[], $2::text[]))",
    )
    .bind(urls)
    .bind(ids)
    .execute(connection)
    .await
    .map(drop)
}

/// Up to `most` uploads of a record.
pub(crate) async fn of_record(
    connection: &mut PgConnection,
    guid: &str,
    most: i64,
) -> Result<Vec<Unfinished>, sqlx::Error> {
    sqlx::query_as(
        "select url, upload_id, guid, false as is_old from commons_multipart where guid = $1
         order by url, upload_id limit $2",
    )
    .bind(guid)
    .bind(most)
    .fetch_all(connection)
    .await
}

/// Up to `most` uploads after the place `after`, in the order of places, that were begun before `settled`;
/// those begun before `longest` are old.
pub(crate) async fn page(
    connection: &mut PgConnection,
    after: (&str, &str),
    (settled, longest): (Duration, Duration),
    most: i64,
) -> Result<Vec<Unfinished>, sqlx::Error> {
    sqlx::query_as(
        "select url, upload_id, guid, begun_at < now() - $4 * interval '1 second' as is_old
         from commons_multipart
         where (url, upload_id) > ($1, $2) and begun_at < now() - $3 * interval '1 second'
         order by url, upload_id limit $5",
    )
    .bind(after.0)
    .bind(after.1)
    .bind(settled.as_secs_f64())
    .bind(longest.as_secs_f64())
    .bind(most)
    .fetch_all(connection)
    .await
}
