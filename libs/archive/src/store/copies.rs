//! The catalogue.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::catalogue::{Copy, CopyState};

macro_rules! copy {
    ($before:literal, $rest:literal) => {
        concat!(
            $before,
            " c.guid, c.tier, c.target, c.object, c.first, c.size, c.sha256, c.etag, c.source, c.state, c.due,
              c.until, c.damage ",
            $rest
        )
    };
}

/// The copies of these files.
pub(crate) async fn of(connection: &mut PgConnection, guids: &[String]) -> Result<Vec<Copy>, sqlx::Error> {
    sqlx::query_as(copy!("select", "from archive_copy c where c.guid = any($1)"))
        .bind(guids)
        .fetch_all(connection)
        .await
}

/// Notes copies that have been read back. What is known of the same files already stays.
pub(crate) async fn insert(connection: &mut PgConnection, copies: &[Copy]) -> Result<(), sqlx::Error> {
    let texts = |text: fn(&Copy) -> &str| copies.iter().map(text).collect::<Vec<_>>();
    sqlx::query(
        "insert into archive_copy
             (guid, tier, target, object, first, size, sha256, etag, source, due, state)
         select f.guid, f.tier, f.target, f.object, f.first, f.size, f.sha256, f.etag, f.source, f.due,
             'copied'
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
             $7::text[], $8::text[], $9::text[], $10::timestamptz[])
             as f (guid, tier, target, object, first, size, sha256, etag, source, due)
         on conflict (guid) do nothing",
    )
    .bind(texts(|copy| &copy.guid))
    .bind(texts(|copy| &copy.tier))
    .bind(texts(|copy| &copy.target))
    .bind(texts(|copy| &copy.object))
    .bind(copies.iter().map(|copy| copy.first).collect::<Vec<_>>())
    .bind(copies.iter().map(|copy| copy.size).collect::<Vec<_>>())
    .bind(texts(|copy| &copy.sha256))
    .bind(copies.iter().map(|copy| copy.etag.as_deref()).collect::<Vec<_>>())
    .bind(texts(|copy| &copy.source))
    .bind(copies.iter().map(|copy| copy.due).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(drop)
}

/// Says where a copy stands from now on, when its source may go, and until when a retrieved one stays.
pub(crate) async fn set(
    connection: &mut PgConnection,
    guid: &str,
    state: CopyState,
    due: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update archive_copy set state = $2, due = $3, until = $4, changed = clock_timestamp()
         where guid = $1",
    )
    .bind(guid)
    .bind(state.as_str())
    .bind(due)
    .bind(until)
    .execute(connection)
    .await
    .map(drop)
}

/// Notes that a copy was read now, and what is wrong with it, if anything is.
pub(crate) async fn checked(
    connection: &mut PgConnection,
    guid: &str,
    damage: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update archive_copy set verified = clock_timestamp(), damage = $2 where guid = $1")
        .bind(guid)
        .bind(damage)
        .execute(connection)
        .await
        .map(drop)
}

/// Copies whose source is to be deleted now: the grace is over, the days of a retrieved one are, or it was
/// begun and not ended. After the one of `after`, by GUID.
pub(crate) async fn over(
    connection: &mut PgConnection,
    after: &str,
    most: i64,
) -> Result<Vec<Copy>, sqlx::Error> {
    sqlx::query_as(copy!(
        "select",
        "from archive_copy c
         where c.guid > $1 and (
             (c.state = 'archived' and c.due <= clock_timestamp())
             or (c.state = 'restored' and c.until <= clock_timestamp())
             or (c.state = 'deleting' and c.changed < clock_timestamp() - interval '1 minute')
             or (c.state = 'restoring' and c.changed < clock_timestamp() - interval '1 day'))
         order by c.guid limit $2"
    ))
    .bind(after)
    .bind(most)
    .fetch_all(connection)
    .await
}

/// Bytes in a tier.
pub(crate) async fn used(connection: &mut PgConnection, tier: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select coalesce(sum(size), 0)::bigint from archive_copy where tier = $1")
        .bind(tier)
        .fetch_one(connection)
        .await
}

/// How many files of each tier are in each state, how many bytes they have, and how many are damaged.
pub(crate) async fn totals(
    connection: &mut PgConnection,
) -> Result<Vec<(String, String, i64, i64, i64)>, sqlx::Error> {
    sqlx::query_as(
        "select tier, state, count(*), coalesce(sum(size), 0)::bigint, count(damage)
         from archive_copy group by tier, state order by tier, state",
    )
    .fetch_all(connection)
    .await
}
