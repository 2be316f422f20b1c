//! Users as a user.yaml lists them, written into fence's database in one transaction.

use sqlx::{PgConnection, PgPool};
use useryaml::UserYaml;

pub use crate::store::users::ListedUser;

/// All users, by name. For the operator's command line.
///
/// # Errors
/// When the database fails.
pub async fn list(pool: &PgPool) -> Result<Vec<ListedUser>, sqlx::Error> {
    crate::store::users::list(&mut *pool.acquire().await?).await
}

/// Whether there is a user of this name, in any case.
///
/// # Errors
/// When the database fails.
pub async fn exists(pool: &PgPool, username: &str) -> Result<bool, sqlx::Error> {
    crate::store::users::by_name(&mut *pool.acquire().await?, username).await.map(|user| user.is_some())
}

/// Number of the advisory lock that only one writer of a whole user.yaml holds, chosen once.
const APPLY_LOCK: i64 = 0x0066_656e_6373;

/// What was changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsersReport {
    /// Users that did not exist.
    pub created: u64,
    /// Users whose details were changed.
    pub updated: u64,
    /// Users who are administrators no more because the file does not list them.
    pub demoted: u64,
    /// Legacy project accesses that were added.
    pub granted: i64,
    /// Legacy project accesses whose methods were changed.
    pub changed: i64,
    /// Legacy project accesses that the file does not list any more.
    pub revoked: i64,
}

/// Makes fence's database say what `file` says: users with their details and tags, who is an administrator, and
/// the legacy access to projects. Users are never deleted. Applying a file again changes nothing.
///
/// User names are matched without regard to case. What the file does not say of a user (an e-mail address, for
/// example) stays as a login has left it.
///
/// # Errors
/// When the database fails; nothing is changed then.
pub async fn apply(pool: &PgPool, file: &UserYaml) -> Result<UsersReport, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(APPLY_LOCK).execute(&mut *transaction).await?;
    let names: Vec<&str> = file.users.keys().map(String::as_str).collect();
    let created = create(&mut transaction, &names).await?;
    let updated = update(&mut transaction, file, &names).await?;
    let demoted = demote(&mut transaction, &names).await?;
    replace_tags(&mut transaction, file).await?;
    store_projects(&mut transaction, file).await?;
    let (granted, changed, revoked) = replace_access(&mut transaction, file).await?;
    transaction.commit().await?;
    Ok(UsersReport { created, updated, demoted, granted, changed, revoked })
}

async fn create(connection: &mut PgConnection, names: &[&str]) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        r#"insert into "User" (username, active, is_admin)
           select distinct on (lower(f.name)) f.name, true, false
           from unnest($1::text[]) as f (name)
           where not exists (select from "User" u where lower(u.username) = lower(f.name))
           order by lower(f.name), f.name
           on conflict (username) do nothing"#,
    )
    .bind(names)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

async fn update(connection: &mut PgConnection, file: &UserYaml, names: &[&str]) -> Result<u64, sqlx::Error> {
    let users = || file.users.values();
    let emails: Vec<Option<&str>> = users().map(|user| user.email.as_deref()).collect();
    let display: Vec<Option<&str>> = users().map(|user| user.display_name.as_deref()).collect();
    let phones: Vec<Option<&str>> = users().map(|user| user.phone_number.as_deref()).collect();
    let admins: Vec<bool> = users().map(|user| user.admin).collect();
    let done = sqlx::query(
        r#"update "User" u set email = w.email, display_name = w.display_name,
                  phone_number = w.phone_number, is_admin = w.is_admin
           from (select u.id, coalesce(f.email, u.email, '') as email,
                        coalesce(f.display_name, u.display_name, '') as display_name,
                        coalesce(f.phone_number, u.phone_number, '') as phone_number, f.is_admin
                 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[])
                        as f (name, email, display_name, phone_number, is_admin)
                 join "User" u on lower(u.username) = lower(f.name)) as w
           where u.id = w.id and (u.email, u.display_name, u.phone_number, u.is_admin)
                 is distinct from (w.email, w.display_name, w.phone_number, w.is_admin)"#,
    )
    .bind(names)
    .bind(emails)
    .bind(display)
    .bind(phones)
    .bind(admins)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

async fn demote(connection: &mut PgConnection, names: &[&str]) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        r#"update "User" u set is_admin = false
           where u.is_admin and not exists
             (select from unnest($1::text[]) as f (name) where lower(f.name) = lower(u.username))"#,
    )
    .bind(names)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Users for whom the file names no tags keep theirs.
async fn replace_tags(connection: &mut PgConnection, file: &UserYaml) -> Result<(), sqlx::Error> {
    let (mut names, mut keys, mut values): (Vec<&str>, Vec<&str>, Vec<&str>) = Default::default();
    for (name, user) in &file.users {
        for (key, value) in &user.tags {
            names.push(name);
            keys.push(key);
            values.push(value);
        }
    }
    sqlx::query(
        r#"with wanted as (
             select distinct on (u.id, f.key) u.id as user_id, f.key, f.value
             from unnest($1::text[], $2::text[], $3::text[]) as f (name, key, value)
             join "User" u on lower(u.username) = lower(f.name)),
           removed as (
             delete from tag t using (select distinct user_id from wanted) as w
             where t.user_id = w.user_id
               and not exists (select from wanted x where x.user_id = t.user_id and x.key = t.key))
           insert into tag (user_id, key, value) select user_id, key, value from wanted
           on conflict (user_id, key) do update set value = excluded.value
           where tag.value is distinct from excluded.value"#,
    )
    .bind(names)
    .bind(keys)
    .bind(values)
    .execute(connection)
    .await
    .map(drop)
}

/// Legacy projects, with the resource paths that stand for them.
async fn store_projects(connection: &mut PgConnection, file: &UserYaml) -> Result<(), sqlx::Error> {
    let mut paths: std::collections::BTreeMap<&str, &str> = std::collections::BTreeMap::new();
    for project in file.users.values().flat_map(|user| &user.projects) {
        if let Some(path) = file.authz.resource_of(project) {
            paths.insert(&project.auth_id, path);
        }
    }
    let (projects, paths): (Vec<&str>, Vec<&str>) = paths.into_iter().unzip();
    sqlx::query(
        "insert into project (name, auth_id, authz)
         select f.auth_id, f.auth_id, f.path from unnest($1::text[], $2::text[]) as f (auth_id, path)
         where not exists (select from project p where p.auth_id = f.auth_id)
         on conflict (name) do update set auth_id = excluded.auth_id where project.auth_id is null",
    )
    .bind(&projects)
    .bind(&paths)
    .execute(&mut *connection)
    .await?;
    let mapped = file.authz.user_project_to_resource.iter().map(|(id, path)| (id.as_str(), path.as_str()));
    let all: std::collections::BTreeMap<&str, &str> = mapped.chain(projects.into_iter().zip(paths)).collect();
    let (projects, paths): (Vec<&str>, Vec<&str>) = all.into_iter().unzip();
    sqlx::query(
        "update project p set authz = f.path from unnest($1::text[], $2::text[]) as f (auth_id, path)
         where p.auth_id = f.auth_id and p.authz is distinct from f.path",
    )
    .bind(projects)
    .bind(paths)
    .execute(connection)
    .await
    .map(drop)
}

/// Everybody's legacy access: what the file lists, and nothing else. Counts added, changed and removed ones.
async fn replace_access(
    connection: &mut PgConnection,
    file: &UserYaml,
) -> Result<(i64, i64, i64), sqlx::Error> {
    let (mut names, mut projects, mut methods): (Vec<&str>, Vec<&str>, Vec<&str>) = Default::default();
    for (name, user) in &file.users {
        for project in &user.projects {
            for method in &project.privilege {
                names.push(name);
                projects.push(&project.auth_id);
                methods.push(method);
            }
        }
    }
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
             returning 1),
           changed as (
             update access_privilege a set privilege = w.privilege from wanted w
             where w.user_id = a.user_id and w.project_id = a.project_id
               and a.privilege::varchar[] is distinct from w.privilege
             returning 1),
           added as (
             insert into access_privilege (user_id, project_id, privilege)
             select w.user_id, w.project_id, w.privilege from wanted w
             where not exists (select from access_privilege a
                               where a.user_id = w.user_id and a.project_id = w.project_id)
             returning 1)
           select (select count(*) from added), (select count(*) from changed), (select count(*) from removed)"#,
    )
    .bind(names)
    .bind(projects)
    .bind(methods)
    .fetch_one(connection)
    .await
}
