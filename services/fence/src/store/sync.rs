//! The statements that bring a user.yaml in. Each takes whole columns, whose n-th values belong to
//! the same row.

use sqlx::PgConnection;

/// Number of the advisory lock that only one writer of a whole user.yaml holds, chosen once.
const LOCK: i64 = 0x0066_656e_6373;

/// What a file says of users.
#[derive(Debug, Default)]
pub(crate) struct UserColumns<'f> {
    pub(crate) names: Vec<&'f str>,
    pub(crate) emails: Vec<Option<&'f str>>,
    pub(crate) display_names: Vec<Option<&'f str>>,
    pub(crate) phone_numbers: Vec<Option<&'f str>>,
    pub(crate) admins: Vec<bool>,
}

/// Tags of users.
#[derive(Debug, Default)]
pub(crate) struct TagColumns<'f> {
    pub(crate) names: Vec<&'f str>,
    pub(crate) keys: Vec<&'f str>,
    pub(crate) values: Vec<&'f str>,
}

/// Legacy projects and the resource paths that stand for them.
#[derive(Debug, Default)]
pub(crate) struct ProjectColumns<'f> {
    pub(crate) auth_ids: Vec<&'f str>,
    pub(crate) paths: Vec<&'f str>,
}

/// Legacy access of users to projects.
#[derive(Debug, Default)]
pub(crate) struct AccessColumns<'f> {
    pub(crate) names: Vec<&'f str>,
    pub(crate) auth_ids: Vec<&'f str>,
    pub(crate) methods: Vec<&'f str>,
}

/// A legacy access that was changed.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct AccessChange {
    /// "access granted", "access changed" or "access revoked".
    pub(crate) what: String,
    pub(crate) user: String,
    pub(crate) project: String,
}

/// Waits until nobody else brings a file in; held until the transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(connection).await.map(drop)
}

/// Creates the users that do not exist yet in any case; returns their names.
pub(crate) async fn create_users(
    connection: &mut PgConnection,
    names: &[&str],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        r#"insert into "User" (username, active, is_admin)
           select distinct on (lower(f.name)) f.name, true, false
           from unnest($1::text[]) as f (name)
           where not exists (select from "User" u where lower(u.username) = lower(f.name))
           order by lower(f.name), f.name
           on conflict (username) do nothing returning username"#,
    )
    .bind(names)
    .fetch_all(connection)
    .await
}

/// Writes the details of users where they differ; returns the names of these users. What is not given stays
/// as it is.
pub(crate) async fn update_users(
    connection: &mut PgConnection,
    users: &UserColumns<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        r#"update "User" u set email = w.email, display_name = w.display_name,
                  phone_number = w.phone_number, is_admin = w.is_admin
           from (select u.id, coalesce(f.email, u.email, '') as email,
                        coalesce(f.display_name, u.display_name, '') as display_name,
                        coalesce(f.phone_number, u.phone_number, '') as phone_number, f.is_admin
                 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[])
                        as f (name, email, display_name, phone_number, is_admin)
                 join "User" u on lower(u.username) = lower(f.name)) as w
           where u.id = w.id and (u.email, u.display_name, u.phone_number, u.is_admin)
                 is distinct from (w.email, w.display_name, w.phone_number, w.is_admin)
           returning u.username"#,
    )
    .bind(&users.names)
    .bind(&users.emails)
    .bind(&users.display_names)
    .bind(&users.phone_numbers)
    .bind(&users.admins)
    .fetch_all(connection)
    .await
}

/// Makes ordinary users of the administrators who are not among `names`; returns their names.
pub(crate) async fn demote_others(
    connection: &mut PgConnection,
    names: &[&str],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        r#"update "User" u set is_admin = false
           where u.is_admin and not exists
             (select from unnest($1::text[]) as f (name) where lower(f.name) = lower(u.username))
           returning coalesce(u.username, '')"#,
    )
    .bind(names)
    .fetch_all(connection)
    .await
}

/// Replaces the tags of the users that `tags` names; other users keep theirs. Returns `user: key` of each
/// that changed.
pub(crate) async fn replace_tags(
    connection: &mut PgConnection,
    tags: &TagColumns<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        r#"with wanted as (
             select distinct on (u.id, f.key) u.id as user_id, f.key, f.value
             from unnest($1::text[], $2::text[], $3::text[]) as f (name, key, value)
             join "User" u on lower(u.username) = lower(f.name)),
           removed as (
             delete from tag t using (select distinct user_id from wanted) as w
             where t.user_id = w.user_id
               and not exists (select from wanted x where x.user_id = t.user_id and x.key = t.key)
             returning t.user_id, t.key),
           written as (
             insert into tag (user_id, key, value) select user_id, key, value from wanted
             on conflict (user_id, key) do update set value = excluded.value
             where tag.value is distinct from excluded.value
             returning user_id, key)
           select u.username || ': ' || c.key
           from (select * from removed union all select * from written) as c join "User" u on u.id = c.user_id"#,
    )
    .bind(&tags.names)
    .bind(&tags.keys)
    .bind(&tags.values)
    .fetch_all(connection)
    .await
}

/// Creates the projects that do not exist yet; returns their identifiers.
pub(crate) async fn create_projects(
    connection: &mut PgConnection,
    projects: &ProjectColumns<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "insert into project (name, auth_id, authz)
         select f.auth_id, f.auth_id, f.path from unnest($1::text[], $2::text[]) as f (auth_id, path)
         where not exists (select from project p where p.auth_id = f.auth_id)
         on conflict (name) do update set auth_id = excluded.auth_id where project.auth_id is null
         returning auth_id",
    )
    .bind(&projects.auth_ids)
    .bind(&projects.paths)
    .fetch_all(connection)
    .await
}

/// Writes the resource paths of projects where they differ; returns the identifiers of these projects.
pub(crate) async fn update_projects(
    connection: &mut PgConnection,
    projects: &ProjectColumns<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "update project p set authz = f.path from unnest($1::text[], $2::text[]) as f (auth_id, path)
         where p.auth_id = f.auth_id and p.authz is distinct from f.path
         returning p.auth_id",
    )
    .bind(&projects.auth_ids)
    .bind(&projects.paths)
    .fetch_all(connection)
    .await
}

/// Leaves everybody the legacy access that `access` lists, and nothing else; returns what changed.
pub(crate) async fn replace_access(
    connection: &mut PgConnection,
    access: &AccessColumns<'_>,
) -> Result<Vec<AccessChange>, sqlx::Error> {
    sqlx::query_as(
        r#"with wanted as (
             select u.id as user_id, p.id as project_id,
                    array_agg(distinct f.method order by f.method)::varchar[] as privilege
             from unnest($1::text[], $2::text[], $3::text[]) as f (name, auth_id, method)
             join "User" u on lower(u.username) = lower(f.name)
             join project p on p.auth_id = f.auth_id
             group by u.id, p.id),
           removed as (
             delete from access_privilege a
             where a.user_id is not null and not exists
               (select from wanted w where w.user_id = a.user_id and w.project_id = a.project_id)
             returning a.user_id, a.project_id),
           changed as (
             update access_privilege a set privilege = w.privilege from wanted w
             where w.user_id = a.user_id and w.project_id = a.project_id
               and a.privilege::varchar[] is distinct from w.privilege
             returning a.user_id, a.project_id),
           added as (
             insert into access_privilege (user_id, project_id, privilege)
             select w.user_id, w.project_id, w.privilege from wanted w
             where not exists (select from access_privilege a
                               where a.user_id = w.user_id and a.project_id = w.project_id)
             returning user_id, project_id)
           select c.what, coalesce(u.username, '') as "user", coalesce(p.auth_id, p.name) as project
           from (select 'access granted' as what, * from added
                 union all select 'access changed', * from changed
                 union all select 'access revoked', * from removed) as c
           join "User" u on u.id = c.user_id join project p on p.id = c.project_id"#,
    )
    .bind(&access.names)
    .bind(&access.auth_ids)
    .bind(&access.methods)
    .fetch_all(connection)
    .await
}
