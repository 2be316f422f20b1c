//! What an index in memory is made of, and what has changed since it was.
//!
//! All statements of one reading run in one snapshot, which the caller begins.

use std::collections::HashMap;

use decisions::{Clients, Deactivated, Ended, Group, Groups, Held, Parts, Resource, Until, User};
use futures_util::TryStreamExt as _;
use sqlx::PgConnection;

/// Where notices of changes are sent.
pub(crate) const CHANNEL: &str = "arborist_decisions";

/// How many changes are kept for processes that are behind; one that is further behind reads everything.
const KEPT: i64 = 10_000;

/// How far the tables are, and which tables they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The number of the last change.
    pub(crate) generation: i64,
    /// What is another one after the tables were restored or the server was replaced.
    pub(crate) identity: Identity,
}

/// The table of changes and the start of its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    table: i64,
    started: i64,
}

/// A look at the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) position: Position,
    /// The number of the oldest change that is kept.
    pub(crate) oldest: i64,
    /// The time at the server, in microseconds since 1970.
    pub(crate) now: i64,
}

/// Returns how far the tables are.
pub(crate) async fn look(connection: &mut PgConnection) -> Result<Look, sqlx::Error> {
    let (generation, oldest, table, started, now): (i64, i64, i64, i64, i64) = sqlx::query_as(
        "select coalesce((select max(generation) from decision_change), 0),
            coalesce((select min(generation) from decision_change), 0),
            'decision_change'::regclass::oid::int8,
            (extract(epoch from pg_postmaster_start_time()) * 1000000)::int8,
            (extract(epoch from clock_timestamp()) * 1000000)::int8",
    )
    .fetch_one(connection)
    .await?;
    let position = Position { generation, identity: Identity { table, started } };
    Ok(Look { position, oldest, now })
}

/// Returns the number of the last change.
pub(crate) async fn generation(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select coalesce(max(generation), 0) from decision_change").fetch_one(connection).await
}

/// What has changed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) structure: bool,
    pub(crate) groups: bool,
    pub(crate) clients: bool,
    pub(crate) deactivated: bool,
    pub(crate) users: ChangedUsers,
}

/// Which users have changed.
#[derive(Debug)]
pub(crate) enum ChangedUsers {
    All,
    /// Those with these keys, in order.
    Some(Vec<i32>),
}

impl Default for ChangedUsers {
    fn default() -> Self {
        Self::Some(Vec::new())
    }
}

impl Changes {
    pub(crate) fn everything() -> Self {
        Self { structure: true, groups: true, clients: true, deactivated: true, users: ChangedUsers::All }
    }

    fn add(&mut self, kind: &str, users: Option<Vec<i32>>) {
        match kind {
            "structure" => self.structure = true,
            "groups" => self.groups = true,
            "clients" => self.clients = true,
            "deactivated" => self.deactivated = true,
            "users" => match (&mut self.users, users) {
                (ChangedUsers::Some(known), Some(more)) => known.extend(more),
                (all, _) => *all = ChangedUsers::All,
            },
            _ => *self = Self::everything(),
        }
    }
}

/// Returns what has changed after `generation`.
pub(crate) async fn changes(connection: &mut PgConnection, generation: i64) -> Result<Changes, sqlx::Error> {
    let rows: Vec<(String, Option<Vec<i32>>)> =
        sqlx::query_as("select kind, users from decision_change where generation > $1")
            .bind(generation)
            .fetch_all(connection)
            .await?;
    let mut changes = Changes::default();
    for (kind, users) in rows {
        changes.add(&kind, users);
    }
    if let ChangedUsers::Some(users) = &mut changes.users {
        users.sort_unstable();
        users.dedup();
    }
    Ok(changes)
}

/// Forgets old changes.
pub(crate) async fn forget(connection: &mut PgConnection, generation: i64) -> Result<(), sqlx::Error> {
    sqlx::query("delete from decision_change where generation <= $1")
        .bind(generation - KEPT)
        .execute(connection)
        .await
        .map(drop)
}

/// Whether the server makes A to Z lower case as everybody does.
pub(crate) async fn has_plain_case(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select lower('ABCDEFGHIJKLMNOPQRSTUVWXYZ') = 'abcdefghijklmnopqrstuvwxyz'")
        .fetch_one(connection)
        .await
}

/// Reads resources, roles and policies. Putting them together takes a while, so that is for the caller.
pub(crate) async fn parts(connection: &mut PgConnection) -> Result<Parts, sqlx::Error> {
    let resources: Vec<(i32, String, String)> =
        sqlx::query_as("select id, path::text, tag from resource order by path")
            .fetch_all(&mut *connection)
            .await?;
    let resources = resources.into_iter().map(|(id, path, tag)| Resource { id, path, tag }).collect();
    Ok(Parts {
        resources,
        permissions: sqlx::query_as(
            "select distinct service, method from permission order by service, method",
        )
        .fetch_all(&mut *connection)
        .await?,
        role_permissions: sqlx::query_as("select role_id, service, method from permission")
            .fetch_all(&mut *connection)
            .await?,
        policies: sqlx::query_as("select id, name from policy").fetch_all(&mut *connection).await?,
        policy_roles: sqlx::query_as("select policy_id, role_id from policy_role")
            .fetch_all(&mut *connection)
            .await?,
        policy_resources: sqlx::query_as("select policy_id, resource_id from policy_resource")
            .fetch_all(&mut *connection)
            .await?,
    })
}

/// Reads all groups.
pub(crate) async fn groups(connection: &mut PgConnection) -> Result<Groups, sqlx::Error> {
    let rows: Vec<(i32, String, Vec<i32>)> = sqlx::query_as(
        "select grp.id, grp.name, array(select policy_id from grp_policy where grp_id = grp.id) from grp",
    )
    .fetch_all(connection)
    .await?;
    Ok(Groups::new(rows.into_iter().map(|(id, name, policies)| Group { id, name, policies })))
}

/// Reads all clients.
pub(crate) async fn clients(connection: &mut PgConnection) -> Result<Clients, sqlx::Error> {
    let rows: Vec<(String, Vec<i32>)> = sqlx::query_as(
        "select external_client_id, array(select policy_id from client_policy where client_id = client.id)
         from client",
    )
    .fetch_all(connection)
    .await?;
    Ok(Clients::new(rows))
}

/// Reads all users who were deactivated at some time.
pub(crate) async fn deactivated(connection: &mut PgConnection) -> Result<Deactivated, sqlx::Error> {
    let rows: Vec<(String, i64, bool)> = sqlx::query_as(
        "select name, extract(epoch from tokens_before)::int8, still from commons_deactivated",
    )
    .fetch_all(connection)
    .await?;
    Ok(Deactivated::new(
        rows.into_iter().map(|(name, tokens_before, still)| (name, Ended { tokens_before, still })),
    ))
}

/// When a link ends, in microseconds since 1970; one without an end, or with one beyond all calendars, has
/// the largest number.
macro_rules! links {
    ($what:literal, $table:literal, $which:literal) => {
        concat!(
            "select usr_id, array_agg(",
            $what,
            "), array_agg(case
                when expires_at is null or expires_at >= '9999-01-01' then 9223372036854775807
                when expires_at < '1970-01-01' then 0
                else (extract(epoch from expires_at) * 1000000)::int8 end) from ",
            $table,
            $which,
            " group by usr_id"
        )
    };
}

/// A user's links: its key, what it holds, and when that ends.
type LinksRow = (i32, Vec<i32>, Vec<i64>);

/// Reads the users with these keys; those that are gone are missing.
pub(crate) async fn users(connection: &mut PgConnection, keys: &[i32]) -> Result<Vec<User>, sqlx::Error> {
    let rows = sqlx::query_as("select id, name, lower(name) from usr where id = any($1)");
    let rows: Vec<(i32, String, String)> = rows.bind(keys).fetch_all(&mut *connection).await?;
    let policies = sqlx::query_as(links!("policy_id", "usr_policy", " where usr_id = any($1)"));
    let policies: Vec<LinksRow> = policies.bind(keys).fetch_all(&mut *connection).await?;
    let groups = sqlx::query_as(links!("grp_id", "usr_grp", " where usr_id = any($1)"));
    let groups: Vec<LinksRow> = groups.bind(keys).fetch_all(&mut *connection).await?;
    Ok(joined(rows, policies.into_iter().map(held).collect(), groups.into_iter().map(held).collect()))
}

/// Reads all users. What they hold is packed row by row, so that it is not in memory twice.
pub(crate) async fn all_users(connection: &mut PgConnection) -> Result<Vec<User>, sqlx::Error> {
    let policies =
        sqlx::query_as::<_, LinksRow>(links!("policy_id", "usr_policy", "")).fetch(&mut *connection);
    let policies = policies.map_ok(held).try_collect().await?;
    let groups = sqlx::query_as::<_, LinksRow>(links!("grp_id", "usr_grp", "")).fetch(&mut *connection);
    let groups = groups.map_ok(held).try_collect().await?;
    let rows = sqlx::query_as("select id, name, lower(name) from usr").fetch_all(connection).await?;
    Ok(joined(rows, policies, groups))
}

fn held((user, keys, ends): LinksRow) -> (i32, Held) {
    (user, Held::new(keys.into_iter().zip(ends.into_iter().map(Until))))
}

fn joined(
    rows: Vec<(i32, String, String)>,
    mut policies: HashMap<i32, Held>,
    mut groups: HashMap<i32, Held>,
) -> Vec<User> {
    let user = |(id, name, lower)| User {
        id,
        name,
        lower,
        policies: policies.remove(&id).unwrap_or_default(),
        groups: groups.remove(&id).unwrap_or_default(),
    };
    rows.into_iter().map(user).collect()
}
