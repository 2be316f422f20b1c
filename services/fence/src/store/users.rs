//! Table `"User"` and the tables that refer to it.

use serde::Serialize;
use sqlx::{FromRow, PgConnection, types::Json};

/// What a user may do in the legacy way: project to privileges.
pub(crate) type ProjectAccess = std::collections::BTreeMap<String, Vec<String>>;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct User {
    pub(crate) id: i32,
    pub(crate) username: String,
    pub(crate) display_name: Option<String>,
    pub(crate) phone_number: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) is_admin: Option<bool>,
    pub(crate) active: bool,
    pub(crate) google_proxy_group_id: Option<String>,
    /// Name of the identity provider, empty without one.
    pub(crate) idp: String,
    /// Sessions and tokens that are older than this have ended (seconds since the epoch).
    pub(crate) valid_from: Option<i64>,
    /// Sessions that are older than this have ended, and tokens have not.
    pub(crate) sessions_from: Option<i64>,
    /// Whether they have said who they are, in the form for that or by their identity provider.
    pub(crate) registered: bool,
}

impl User {
    /// Whether what was begun or issued at `time` still speaks for this user.
    pub(crate) fn honours(&self, time: i64) -> bool {
        self.active && self.valid_from.is_none_or(|from| time >= from)
    }

    /// Whether a session that was begun at `time` is still this user's.
    pub(crate) fn honours_session(&self, time: i64) -> bool {
        self.honours(time) && self.sessions_from.is_none_or(|from| time >= from)
    }
}

/// A user as a list of all of them shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct ListedUser {
    /// The name that the user logs in with.
    pub username: String,
    /// The name for people to read.
    pub display_name: Option<String>,
    /// Whether the user is an administrator.
    pub is_admin: Option<bool>,
}

/// What only the user's own page shows.
#[derive(Debug, Clone, Default, PartialEq, FromRow)]
pub(crate) struct Details {
    pub(crate) project_access: Json<ProjectAccess>,
    pub(crate) tags: Json<std::collections::BTreeMap<String, Option<String>>>,
    pub(crate) groups: Vec<String>,
    pub(crate) certificates: Vec<String>,
    pub(crate) resources_granted: Vec<String>,
    pub(crate) message: String,
}

/// What a statement reads of a user `u` with the provider `p`, with the rest of it from the tables on.
macro_rules! columns_of_user {
    ($rest:literal) => {
        concat!(
            r#"u.id, u.username, u.display_name, u.phone_number, u.email, u.is_admin, u.active,
               u.google_proxy_group_id, coalesce(p.name, '') as idp,
               case when jsonb_typeof(u.additional_info->'tokens_valid_from') = 'number'
                    then (u.additional_info->'tokens_valid_from')::bigint end as valid_from,
               case when jsonb_typeof(u.additional_info->'sessions_valid_from') = 'number'
                    then (u.additional_info->'sessions_valid_from')::bigint end as sessions_from,
               coalesce(u.additional_info->'registration_info', '{}') not in ('{}', 'null') as registered "#,
            $rest
        )
    };
}
pub(super) use columns_of_user;

/// The statement that reads users, with the rest of it from `where` on.
macro_rules! select_user {
    ($rest:literal) => {
        concat!(
            "select ",
            columns_of_user!(r#"from "User" u left join identity_provider p on p.id = u.idp_id "#),
            $rest
        )
    };
}

/// The user of this name, in any case. Of two that differ in case only, the exact one, then the older.
pub(crate) async fn by_name(
    connection: &mut PgConnection,
    username: &str,
) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as(select_user!(
        "where lower(u.username) = lower($1) order by u.username <> $1, u.id limit 1"
    ))
    .bind(username)
    .fetch_optional(connection)
    .await
}

/// The user of this id.
pub(crate) async fn by_id(connection: &mut PgConnection, id: i32) -> Result<Option<User>, sqlx::Error> {
    sqlx::query_as(select_user!("where u.id = $1 and u.username is not null"))
        .bind(id)
        .fetch_optional(connection)
        .await
}

/// Creates a user, unless somebody else has just done so.
pub(crate) async fn create(connection: &mut PgConnection, username: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        r#"insert into "User" (username, active, is_admin) values ($1, true, false)
           on conflict (username) do nothing"#,
    )
    .bind(username)
    .execute(connection)
    .await
    .map(drop)
}

/// What an identity provider says of somebody who logs in. What it does not say stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Vouched<'a> {
    pub(crate) idp: &'a str,
    pub(crate) email: Option<&'a str>,
    pub(crate) id_from_idp: Option<&'a str>,
    pub(crate) display_name: Option<&'a str>,
}

/// Remembers that a user has just logged in, and what their provider said.
pub(crate) async fn logged_in(
    connection: &mut PgConnection,
    id: i32,
    vouched: Vouched<'_>,
) -> Result<(), sqlx::Error> {
    ensure_provider(connection, vouched.idp).await?;
    sqlx::query(
        r#"update "User" set _last_auth = now() at time zone 'utc',
                  idp_id = (select id from identity_provider where name = $2),
                  email = coalesce($3, email), id_from_idp = coalesce($4, id_from_idp),
                  display_name = coalesce($5, display_name)
           where id = $1"#,
    )
    .bind(id)
    .bind(vouched.idp)
    .bind(vouched.email)
    .bind(vouched.id_from_idp)
    .bind(vouched.display_name)
    .execute(connection)
    .await
    .map(drop)
}

/// Makes sure that the provider of this name is known.
pub(crate) async fn ensure_provider(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("insert into identity_provider (name) values ($1) on conflict (name) do nothing")
        .bind(name)
        .execute(connection)
        .await
        .map(drop)
}

/// Everything else that the user's own page shows, in one statement.
pub(crate) async fn details(connection: &mut PgConnection, user: &User) -> Result<Details, sqlx::Error> {
    sqlx::query_as(
        r#"select
             coalesce((select jsonb_object_agg(p.auth_id, to_jsonb(coalesce(a.privilege, '{}')))
                       from access_privilege a join project p on p.id = a.project_id
                       where a.user_id = $1 and p.auth_id is not null), '{}') as project_access,
             coalesce((select jsonb_object_agg(t.key, t.value) from tag t where t.user_id = $1), '{}') as tags,
             array(select g.name::text from user_to_group m join "Group" g on g.id = m.group_id
                   where m.user_id = $1 and g.name is not null order by g.name) as groups,
             array(select c.name::text from application a join certificate c on c.application_id = a.id
                   where a.user_id = $1 and c.name is not null order by c.id) as certificates,
             coalesce((select a.resources_granted::text[] from application a
                       where a.user_id = $1 order by a.id limit 1), '{}') as resources_granted,
             coalesce((select a.message from application a
                       where a.user_id = $1 order by a.id limit 1), '') as message"#,
    )
    .bind(user.id)
    .fetch_one(connection)
    .await
}

/// The legacy access list of a user.
pub(crate) async fn project_access(
    connection: &mut PgConnection,
    user: i32,
) -> Result<ProjectAccess, sqlx::Error> {
    let rows: Vec<(String, Vec<String>)> = sqlx::query_as(
        "select p.auth_id, coalesce(a.privilege::text[], '{}') as privilege
         from access_privilege a join project p on p.id = a.project_id
         where a.user_id = $1 and p.auth_id is not null",
    )
    .bind(user)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Names of active users, in order, for the picker of the development login.
pub(crate) async fn active_names(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        r#"select username from "User" where active and username is not null
           order by lower(username), username limit $1"#,
    )
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Names of all users who are not active, but for those whose name, in other letters, an active user has:
/// decisions take the two for one.
pub(crate) async fn deactivated_names(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        r#"select username from "User" as one where not active and username <> ''
             and not exists (
                 select 1 from "User" as other where other.active and lower(other.username) = lower(one.username)
             )
           order by username"#,
    )
    .fetch_all(connection)
    .await
}

/// All users that have a name, by name.
pub(crate) async fn list(connection: &mut PgConnection) -> Result<Vec<ListedUser>, sqlx::Error> {
    sqlx::query_as(
        r#"select username, display_name, is_admin from "User" where username is not null order by username"#,
    )
    .fetch_all(connection)
    .await
}
