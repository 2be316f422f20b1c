//! Table `commons_upload`: objects whose records are to be filled. Processes share the work: each holds what
//! it is working on for a while, and others take it when that time is over.

use std::time::Duration;

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

/// The longest name of an object that is kept: a key has at most 1,024 bytes.
pub(crate) const LONGEST_URL: usize = 2_000;

/// An object that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Held {
    pub(crate) url: String,
    /// How often it had been told of.
    pub(crate) told: i64,
}

/// What is put back, to be taken again later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PutBack {
    /// The wait after the first try; each further one doubles it.
    pub(crate) first_wait: Duration,
    pub(crate) longest_wait: Duration,
    /// It is forgotten when so much has gone by since anything could be expected.
    pub(crate) patience: Duration,
}

/// Notes that an object may come: it is looked at after `look_after`, and waited for until `wait` is over.
pub(crate) async fn expect(
    connection: &mut PgConnection,
    url: &str,
    look_after: Duration,
    wait: Duration,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into commons_upload as u (url, due_at, wait_until)
         values ($1, clock_timestamp() + $2 * interval '1 second',
                 clock_timestamp() + $3 * interval '1 second')
         on conflict (url) do update set due_at = least(u.due_at, excluded.due_at), tries = 0,
                wait_until = greatest(u.wait_until, excluded.wait_until)",
    )
    .bind(url)
    .bind(look_after.as_secs_f64())
    .bind(wait.as_secs_f64())
    .execute(connection)
    .await
    .map(drop)
}

/// Notes that objects are there. `urls` are in order and differ, so that two who tell of the same objects do
/// not wait for each other.
pub(crate) async fn tell(connection: &mut PgConnection, urls: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into commons_upload as u (url, told, due_at, wait_until)
         select url, 1, clock_timestamp(), clock_timestamp() from unnest($1::text[]) as told (url)
         on conflict (url) do update set told = u.told + 1, due_at = excluded.due_at, tries = 0,
                wait_until = greatest(u.wait_until, excluded.wait_until)",
    )
    .bind(urls)
    .execute(connection)
    .await
    .map(drop)
}

/// Takes up to `most` objects that are due and that nobody holds.
pub(crate) async fn take(
    connection: &mut PgConnection,
    holder: Uuid,
    hold: Duration,
    most: i64,
) -> Result<Vec<Held>, sqlx::Error> {
    sqlx::query_as(
        "update commons_upload set holder = $1, held_until = clock_timestamp() + $2 * interval '1 second'
         where url = any(array(
             select url from commons_upload
             where due_at <= clock_timestamp() and held_until <= clock_timestamp()
             order by due_at limit $3 for update skip locked))
         returning url, told",
    )
    .bind(holder)
    .bind(hold.as_secs_f64())
    .bind(most)
    .fetch_all(connection)
    .await
}

/// Goes on holding those of `urls` that `holder` holds.
pub(crate) async fn hold(
    connection: &mut PgConnection,
    holder: Uuid,
    hold: Duration,
    urls: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update commons_upload set held_until = clock_timestamp() + $2 * interval '1 second'
         where holder = $1 and url = any($3)",
    )
    .bind(holder)
    .bind(hold.as_secs_f64())
    .bind(urls)
    .execute(connection)
    .await
    .map(drop)
}

/// Gives back everything that `holder` holds.
pub(crate) async fn leave(connection: &mut PgConnection, holder: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("update commons_upload set holder = null, held_until = '-infinity' where holder = $1")
        .bind(holder)
        .execute(connection)
        .await
        .map(drop)
}

/// Forgets an object that needs no more work. If it was told of meanwhile, it is put back in its place.
pub(crate) async fn done(
    connection: &mut PgConnection,
    holder: Uuid,
    held: &Held,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with over as (delete from commons_upload where url = $1 and holder = $2 and told = $3)
         update commons_upload set holder = null, held_until = '-infinity'
         where url = $1 and holder = $2 and told <> $3",
    )
    .bind(&held.url)
    .bind(holder)
    .bind(held.told)
    .execute(connection)
    .await
    .map(drop)
}

/// Puts an object back that is not there, or could not be dealt with, and returns whether it is forgotten
/// because it was waited for long enough.
pub(crate) async fn put_back(
    connection: &mut PgConnection,
    holder: Uuid,
    held: &Held,
    terms: PutBack,
) -> Result<bool, sqlx::Error> {
    let kept = sqlx::query(
        "update commons_upload set holder = null, held_until = '-infinity', tries = tries + 1,
                due_at = case when told <> $3 then due_at else clock_timestamp()
                         + least($4 * power(2, least(tries, 30)), $5) * interval '1 second' end
         where url = $1 and holder = $2
               and (told <> $3 or wait_until + $6 * interval '1 second' > clock_timestamp())",
    )
    .bind(&held.url)
    .bind(holder)
    .bind(held.told)
    .bind(terms.first_wait.as_secs_f64())
    .bind(terms.longest_wait.as_secs_f64())
    .bind(terms.patience.as_secs_f64())
    .execute(&mut *connection)
    .await?;
    if kept.rows_affected() > 0 {
        return Ok(false);
    }
    let forgotten = sqlx::query("delete from commons_upload where url = $1 and holder = $2 and told = $3")
        .bind(&held.url)
        .bind(holder)
        .bind(held.told)
        .execute(connection)
        .await?;
    Ok(forgotten.rows_affected() > 0)
}
