//! Roles and their permissions.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Map, Value};
use sqlx::{PgConnection, types::Json};

use crate::model::{Action, Permission, Role};

type Row = (String, Option<String>, Option<String>, Option<String>, Option<Json<Map<String, Value>>>);

/// Loads all roles, or those named. Descriptions come back empty, as the original gives them.
pub(crate) async fn load(
    connection: &mut PgConnection,
    only: Option<&[&str]>,
) -> Result<Vec<Role>, sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select role.name, permission.name, permission.service, permission.method, permission.constraints
         from role left join permission on permission.role_id = role.id
         where $1::text[] is null or role.name = any($1)
         order by role.name, permission.name",
    )
    .bind(only)
    .fetch_all(connection)
    .await?;
    let mut roles: IndexMap<String, Vec<Permission>> = IndexMap::new();
    for (role, id, service, method, constraints) in rows {
        let permissions = roles.entry(role).or_default();
        if let (Some(id), Some(service), Some(method)) = (id, service, method) {
            let constraints = constraints.map(|Json(map)| map).unwrap_or_default();
            let action = Action { service, method };
            permissions.push(Permission { id, description: String::new(), action, constraints });
        }
    }
    let role = |(id, permissions)| Role { id, description: String::new(), permissions };
    Ok(roles.into_iter().map(role).collect())
}

/// Returns which of `names` exist.
pub(crate) async fn existing(
    connection: &mut PgConnection,
    names: &[&str],
) -> Result<HashSet<String>, sqlx::Error> {
    let found: Vec<String> = sqlx::query_scalar("select name from role where name = any($1)")
        .bind(names)
        .fetch_all(connection)
        .await?;
    Ok(found.into_iter().collect())
}

/// Creates roles that do not exist yet. Of two permissions with one identifier the first is kept. Returns the
/// names of those that were created.
pub(crate) async fn create(
    connection: &mut PgConnection,
    roles: &[&Role],
) -> Result<HashSet<String>, sqlx::Error> {
    let created: Vec<String> = sqlx::query_scalar(
        "insert into role (name, description)
         select name, description from unnest($1::text[], $2::text[]) as new(name, description)
         on conflict (name) do nothing returning name",
    )
    .bind(roles.iter().map(|role| role.id.as_str()).collect::<Vec<_>>())
    .bind(roles.iter().map(|role| role.description.as_str()).collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    let created: HashSet<String> = created.into_iter().collect();
    let new: Vec<&Role> = roles.iter().copied().filter(|role| created.contains(&role.id)).collect();
    let mut columns = Columns::default();
    for role in new {
        let mut seen = HashSet::new();
        let firsts = role.permissions.iter().filter(|permission| seen.insert(&permission.id));
        firsts.for_each(|permission| columns.push(&role.id, permission));
    }
    columns.upsert(connection).await?;
    Ok(created)
}

/// Updates roles that exist: descriptions are set (none leaves the stored one alone), permissions are created
/// or replaced by identifier, and those that are not listed stay. Returns the names of those that changed.
pub(crate) async fn update(
    connection: &mut PgConnection,
    roles: &[(&Role, Option<&str>)],
) -> Result<HashSet<String>, sqlx::Error> {
    let mut changed: Vec<String> = sqlx::query_scalar(
        "update role set description = new.description
         from unnest($1::text[], $2::text[]) as new(name, description)
         where role.name = new.name and new.description is distinct from role.description
           and new.description is not null
         returning role.name",
    )
    .bind(roles.iter().map(|(role, _)| role.id.as_str()).collect::<Vec<_>>())
    .bind(roles.iter().map(|(_, description)| *description).collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    let mut columns = Columns::default();
    for (role, _) in roles {
        // Of two permissions with one identifier the last counts.
        let lasts: IndexMap<&str, &Permission> =
            role.permissions.iter().map(|permission| (permission.id.as_str(), permission)).collect();
        lasts.into_values().for_each(|permission| columns.push(&role.id, permission));
    }
    changed.extend(columns.upsert(connection).await?);
    Ok(changed.into_iter().collect())
}

/// Permissions as columns.
#[derive(Default)]
struct Columns<'a> {
    roles: Vec<&'a str>,
    names: Vec<&'a str>,
    services: Vec<&'a str>,
    methods: Vec<&'a str>,
    descriptions: Vec<&'a str>,
    constraints: Vec<Value>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, role: &'a str, permission: &'a Permission) {
        self.roles.push(role);
        self.names.push(&permission.id);
        self.services.push(&permission.action.service);
        self.methods.push(&permission.action.method);
        self.descriptions.push(&permission.description);
        self.constraints.push(Value::Object(permission.constraints.clone()));
    }

    /// Returns the names of the roles of which a permission was created or changed.
    async fn upsert(self, connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "with changed as (
                insert into permission (role_id, name, service, method, description, constraints)
                select role.id, new.name, new.service, new.method, new.description, new.constraints
                from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[])
                    as new(role, name, service, method, description, constraints)
                join role on role.name = new.role
                on conflict (role_id, name) do update
                set service = excluded.service, method = excluded.method,
                    description = excluded.description, constraints = excluded.constraints
                where (permission.service, permission.method, permission.description, permission.constraints)
                    is distinct from
                    (excluded.service, excluded.method, excluded.description, excluded.constraints)
                returning role_id
            )
            select name from role where id in (select role_id from changed)",
        )
        .bind(self.roles)
        .bind(self.names)
        .bind(self.services)
        .bind(self.methods)
        .bind(self.descriptions)
        .bind(self.constraints)
        .fetch_all(connection)
        .await
    }
}

/// Deletes a role; one that does not exist is fine.
pub(crate) async fn delete(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("delete from role where name = $1").bind(name).execute(connection).await?;
    Ok(())
}
