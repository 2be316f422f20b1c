//! Groups and projects as they were before arborist: tables `"Group"`, `project`, and `access_privilege`.

use serde::Serialize;
use sqlx::{FromRow, PgConnection};

/// A group with the names of its projects.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct Group {
    #[serde(skip)]
    pub(crate) id: i32,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) projects: Vec<String>,
}

/// A project.
#[derive(Debug, FromRow)]
pub(crate) struct Project {
    pub(crate) id: i32,
    pub(crate) name: String,
    pub(crate) auth_id: Option<String>,
    pub(crate) description: Option<String>,
}

/// The statement that reads groups, with the rest of it from `where` on.
macro_rules! select_group {
    ($rest:literal) => {
        concat!(
            r#"select g.id, g.name, g.description,
                      array(select p.name from access_privilege a join project p on p.id = a.project_id
                            where a.group_id = g.id order by p.name) as projects
               from "Group" g "#,
            $rest
        )
    };
}

/// All groups, by name.
pub(crate) async fn groups(connection: &mut PgConnection) -> Result<Vec<Group>, sqlx::Error> {
    sqlx::query_as(select_group!("where g.name is not null order by g.name")).fetch_all(connection).await
}

/// The group of this name.
pub(crate) async fn group(connection: &mut PgConnection, name: &str) -> Result<Option<Group>, sqlx::Error> {
    sqlx::query_as(select_group!("where g.name = $1")).bind(name).fetch_optional(connection).await
}

/// The groups of a user.
pub(crate) async fn groups_of(connection: &mut PgConnection, user: i32) -> Result<Vec<Group>, sqlx::Error> {
    sqlx::query_as(select_group!(
        "join user_to_group m on m.group_id = g.id
         where m.user_id = $1 and g.name is not null order by g.name"
    ))
    .bind(user)
    .fetch_all(connection)
    .await
}

/// Makes a group; `false` when there is one of this name.
pub(crate) async fn create_group(
    connection: &mut PgConnection,
    name: &str,
    description: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let made = sqlx::query(
        r#"insert into "Group" (name, description) values ($1, $2) on conflict (name) do nothing"#,
    );
    Ok(made.bind(name).bind(description).execute(connection).await?.rows_affected() > 0)
}

/// Changes a group; what is `None` stays.
pub(crate) async fn update_group(
    connection: &mut PgConnection,
    group: i32,
    name: Option<&str>,
    description: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        r#"update "Group" set name = coalesce($2, name), description = coalesce($3, description) where id = $1"#,
    )
    .bind(group)
    .bind(name)
    .bind(description)
    .execute(connection)
    .await
    .map(drop)
}

/// Deletes a group with its memberships and its access.
pub(crate) async fn delete_group(connection: &mut PgConnection, group: i32) -> Result<(), sqlx::Error> {
    for statement in [
        "delete from user_to_group where group_id = $1",
        "delete from access_privilege where group_id = $1",
        r#"delete from "Group" where id = $1"#,
    ] {
        sqlx::query(statement).bind(group).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Names of a group's users, and whether they are administrators.
pub(crate) async fn members(
    connection: &mut PgConnection,
    group: i32,
) -> Result<Vec<(String, bool)>, sqlx::Error> {
    sqlx::query_as(
        r#"select u.username, coalesce(u.is_admin, false) from user_to_group m join "User" u on u.id = m.user_id
           where m.group_id = $1 and u.username is not null order by u.username"#,
    )
    .bind(group)
    .fetch_all(connection)
    .await
}

/// Puts a user into a group, with the right to read its projects.
pub(crate) async fn join_group(
    connection: &mut PgConnection,
    user: i32,
    group: i32,
) -> Result<(), sqlx::Error> {
    sqlx::query("insert into user_to_group (user_id, group_id) values ($1, $2) on conflict do nothing")
        .bind(user)
        .bind(group)
        .execute(&mut *connection)
        .await?;
    read_projects_of_groups(connection, user).await
}

/// Takes a user out of a group, and away what they could read by it alone; `false` when they were not in it.
pub(crate) async fn leave_group(
    connection: &mut PgConnection,
    user: i32,
    group: i32,
) -> Result<bool, sqlx::Error> {
    let left = sqlx::query("delete from user_to_group where user_id = $1 and group_id = $2")
        .bind(user)
        .bind(group)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "delete from access_privilege where user_id = $1
           and project_id in (select project_id from access_privilege where group_id = $2)
           and project_id not in (select a.project_id from access_privilege a
                                  join user_to_group m on m.group_id = a.group_id
                                  where m.user_id = $1 and a.project_id is not null)",
    )
    .bind(user)
    .bind(group)
    .execute(connection)
    .await?;
    Ok(left.rows_affected() > 0)
}

/// A user may read the projects of all their groups.
async fn read_projects_of_groups(connection: &mut PgConnection, user: i32) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into access_privilege (user_id, project_id, privilege)
         select distinct m.user_id, a.project_id, array['read'] from user_to_group m
         join access_privilege a on a.group_id = m.group_id
         where m.user_id = $1 and a.project_id is not null
           and not exists (select from access_privilege o
                           where o.user_id = m.user_id and o.project_id = a.project_id)",
    )
    .bind(user)
    .execute(connection)
    .await
    .map(drop)
}

/// All projects, by name.
pub(crate) async fn projects(connection: &mut PgConnection) -> Result<Vec<Project>, sqlx::Error> {
    sqlx::query_as("select id, name, auth_id, description from project order by name")
        .fetch_all(connection)
        .await
}

/// The project of this name.
pub(crate) async fn project(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Option<Project>, sqlx::Error> {
    sqlx::query_as("select id, name, auth_id, description from project where name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await
}

/// The project of this identifier in access lists.
pub(crate) async fn project_by_auth_id(
    connection: &mut PgConnection,
    auth_id: &str,
) -> Result<Option<Project>, sqlx::Error> {
    sqlx::query_as("select id, name, auth_id, description from project where auth_id = $1")
        .bind(auth_id)
        .fetch_optional(connection)
        .await
}

/// Makes a project; `false` when there is one of this name or identifier.
pub(crate) async fn create_project(
    connection: &mut PgConnection,
    name: &str,
    auth_id: Option<&str>,
) -> Result<bool, sqlx::Error> {
    let made = sqlx::query("insert into project (name, auth_id) values ($1, $2) on conflict do nothing");
    Ok(made.bind(name).bind(auth_id).execute(connection).await?.rows_affected() > 0)
}

/// Deletes a project with the access to it.
pub(crate) async fn delete_project(connection: &mut PgConnection, project: i32) -> Result<(), sqlx::Error> {
    for statement in
        ["delete from access_privilege where project_id = $1", "delete from project where id = $1"]
    {
        sqlx::query(statement).bind(project).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Gives a user exactly these privileges on a project.
pub(crate) async fn grant(
    connection: &mut PgConnection,
    user: i32,
    project: i32,
    privileges: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into access_privilege (user_id, project_id, privilege) values ($1, $2, $3)
         on conflict (user_id, project_id) where group_id is null
         do update set privilege = excluded.privilege",
    )
    .bind(user)
    .bind(project)
    .bind(privileges)
    .execute(connection)
    .await
    .map(drop)
}

/// Takes a user's access to a project away; `false` when there was none.
pub(crate) async fn revoke(
    connection: &mut PgConnection,
    user: i32,
    project: i32,
) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query("delete from access_privilege where user_id = $1 and project_id = $2");
    Ok(gone.bind(user).bind(project).execute(connection).await?.rows_affected() > 0)
}

/// Connects a project to a group; its members may then read the project.
pub(crate) async fn add_to_group(
    connection: &mut PgConnection,
    project: i32,
    group: i32,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into access_privilege (group_id, project_id) values ($1, $2)
         on conflict (group_id, project_id) where user_id is null do nothing",
    )
    .bind(group)
    .bind(project)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "insert into access_privilege (user_id, project_id, privilege)
         select m.user_id, $2, array['read'] from user_to_group m where m.group_id = $1
           and not exists (select from access_privilege o where o.user_id = m.user_id and o.project_id = $2)",
    )
    .bind(group)
    .bind(project)
    .execute(connection)
    .await
    .map(drop)
}

/// Takes a project out of a group, and from its members what they could read by it alone; `false` when it
/// was not in it.
pub(crate) async fn remove_from_group(
    connection: &mut PgConnection,
    project: i32,
    group: i32,
) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query("delete from access_privilege where group_id = $1 and project_id = $2")
        .bind(group)
        .bind(project)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "delete from access_privilege o using user_to_group m
         where m.group_id = $1 and o.user_id = m.user_id and o.project_id = $2
           and not exists (select from user_to_group n join access_privilege a on a.group_id = n.group_id
                           where n.user_id = m.user_id and a.project_id = $2)",
    )
    .bind(group)
    .bind(project)
    .execute(connection)
    .await?;
    Ok(gone.rows_affected() > 0)
}
