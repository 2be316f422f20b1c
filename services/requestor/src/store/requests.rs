//! The table `requests`. Its times are UTC, whether the column has a zone or not.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    access::{Delete, May, MayRequest, Update},
    input::{Filters, Span},
    model::StoredRequest,
};

/// The columns of a request, with the rest of the statement.
macro_rules! returning {
    ($before:literal, $rest:literal) => {
        concat!(
            $before,
            "request_id, username, policy_id, revoke, status, created_time::timestamptz as created_time,
             updated_time::timestamptz as updated_time, resource_id, resource_display_name ",
            $rest
        )
    };
}

/// Whether the database answers.
pub(crate) async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(connection).await.map(drop)
}

/// Waits until nobody else requests the same; held until the transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection, wanted: &StoredRequest) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))")
        .bind(&wanted.username)
        .bind(&wanted.policy_id)
        .execute(connection)
        .await
        .map(drop)
}

/// The requests for the same that are not over.
pub(crate) async fn open(
    connection: &mut PgConnection,
    wanted: &StoredRequest,
    over: &[String],
) -> Result<Vec<StoredRequest>, sqlx::Error> {
    sqlx::query_as(returning!(
        "select ",
        "from requests where username = $1 and policy_id = $2 and revoke = $3 and status <> all($4)
         order by created_time"
    ))
    .bind(&wanted.username)
    .bind(&wanted.policy_id)
    .bind(wanted.revoke)
    .bind(over)
    .fetch_all(connection)
    .await
}

/// Writes a new request, which the proof is about.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    _: &MayRequest,
    new: &StoredRequest,
) -> Result<StoredRequest, sqlx::Error> {
    sqlx::query_as(returning!(
        "insert into requests (request_id, username, policy_id, revoke, status, created_time, updated_time,
                               resource_id, resource_display_name)
         values ($1, $2, $3, $4, $5, now(), now(), $6, $7) returning ",
        ""
    ))
    .bind(new.request_id)
    .bind(&new.username)
    .bind(&new.policy_id)
    .bind(new.revoke)
    .bind(&new.status)
    .bind(&new.resource_id)
    .bind(&new.resource_display_name)
    .fetch_one(connection)
    .await
}

/// Takes back a request that has just been written.
pub(crate) async fn forget(
    connection: &mut PgConnection,
    _: &MayRequest,
    made: &StoredRequest,
) -> Result<(), sqlx::Error> {
    remove(connection, made.request_id).await
}

/// The request of this id.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<StoredRequest>, sqlx::Error> {
    sqlx::query_as(returning!("select ", "from requests where request_id = $1"))
        .bind(id)
        .fetch_optional(connection)
        .await
}

/// The request of this id, which nobody else changes until the transaction ends.
pub(crate) async fn locked(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<StoredRequest>, sqlx::Error> {
    sqlx::query_as(returning!("select ", "from requests where request_id = $1 for update"))
        .bind(id)
        .fetch_optional(connection)
        .await
}

/// Gives the request another status.
pub(crate) async fn set_status(
    connection: &mut PgConnection,
    permit: &May<Update>,
    status: &str,
) -> Result<StoredRequest, sqlx::Error> {
    sqlx::query_as(returning!(
        "update requests set status = $2, updated_time = now() where request_id = $1 returning ",
        ""
    ))
    .bind(permit.request().request_id)
    .bind(status)
    .fetch_one(connection)
    .await
}

/// Deletes the request that the proof is about.
pub async fn delete(connection: &mut PgConnection, permit: &May<Delete>) -> Result<(), sqlx::Error> {
    remove(connection, permit.request().request_id).await
}

async fn remove(connection: &mut PgConnection, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("delete from requests where request_id = $1").bind(id).execute(connection).await.map(drop)
}

/// Whose requests are read.
#[derive(Debug)]
pub(crate) enum Scope {
    /// Those about one of these policies.
    Policies(Vec<String>),
    /// Those of this user.
    User(String),
}

/// The requests of `scope` that fit, the oldest first, without those in the statuses `over`; at most
/// `most`.
pub(crate) async fn list(
    connection: &mut PgConnection,
    scope: &Scope,
    filters: &Filters,
    over: &[String],
    most: usize,
) -> Result<Vec<StoredRequest>, sqlx::Error> {
    let (policies, user) = match scope {
        Scope::Policies(policies) => (Some(policies), None),
        Scope::User(name) => (None, Some(name)),
    };
    let (created_from, created_to) = ends(filters.created.as_deref());
    let (updated_from, updated_to) = ends(filters.updated.as_deref());
    sqlx::query_as(returning!(
        "select ",
        "from requests
         where ($1::text[] is null or policy_id = any($1)) and ($2::text is null or username = $2)
           and status <> all($3)
           and ($4::uuid[] is null or request_id = any($4)) and ($5::text[] is null or username = any($5))
           and ($6::text[] is null or policy_id = any($6)) and ($7::bool[] is null or revoke = any($7))
           and ($8::text[] is null or status = any($8)) and ($9::text[] is null or resource_id = any($9))
           and ($10::text[] is null or resource_display_name = any($10))
           and ($11::timestamptz[] is null or exists (
                  select from unnest($11, $12::timestamptz[]) as s (first, last)
                  where created_time >= s.first and created_time < s.last))
           and ($13::timestamptz[] is null or exists (
                  select from unnest($13, $14::timestamptz[]) as s (first, last)
                  where updated_time >= s.first and updated_time < s.last))
         order by created_time, request_id limit $15"
    ))
    .bind(policies)
    .bind(user)
    .bind(over)
    .bind(&filters.request_ids)
    .bind(&filters.usernames)
    .bind(&filters.policy_ids)
    .bind(&filters.revoke)
    .bind(&filters.statuses)
    .bind(&filters.resource_ids)
    .bind(&filters.resource_display_names)
    .bind(created_from)
    .bind(created_to)
    .bind(updated_from)
    .bind(updated_to)
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await
}

type Times = Option<Vec<DateTime<Utc>>>;

fn ends(spans: Option<&[Span]>) -> (Times, Times) {
    spans.map(|spans| spans.iter().copied().unzip()).unzip()
}
