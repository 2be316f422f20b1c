//! The table `user_lists`. Every statement is about the lists of one user.

use std::collections::HashMap;

use serde_json::{Value, json};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    access::Owner,
    input::NewList,
    model::{Items, StoredList},
};

/// The columns of a list, with the rest of the statement.
macro_rules! list {
    ($before:literal, $rest:literal) => {
        concat!(
            $before,
            "u.id, u.version, u.creator, u.authz, u.name, u.created_time, u.updated_time,
             coalesce(u.items, '{}') as items ",
            $rest
        )
    };
}

/// Whether the database answers.
pub(crate) async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(connection).await.map(drop)
}

/// Waits until nobody else changes lists of this user; held until the transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection, owner: &Owner) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('lists of ' || $1, 0))")
        .bind(owner.id())
        .execute(connection)
        .await
        .map(drop)
}

/// All lists.
pub(crate) async fn all(
    connection: &mut PgConnection,
    owner: &Owner,
) -> Result<Vec<StoredList>, sqlx::Error> {
    sqlx::query_as(list!("select ", "from user_lists u where u.creator = $1 order by u.id"))
        .bind(owner.id())
        .fetch_all(connection)
        .await
}

/// How many lists there are.
pub(crate) async fn count(connection: &mut PgConnection, owner: &Owner) -> Result<usize, sqlx::Error> {
    let count: i64 = sqlx::query_scalar("select count(*) from user_lists where creator = $1")
        .bind(owner.id())
        .fetch_one(connection)
        .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// The list of this id.
pub(crate) async fn find(
    connection: &mut PgConnection,
    owner: &Owner,
    id: Uuid,
) -> Result<Option<StoredList>, sqlx::Error> {
    sqlx::query_as(list!("select ", "from user_lists u where u.creator = $1 and u.id = $2"))
        .bind(owner.id())
        .bind(id)
        .fetch_optional(connection)
        .await
}

/// The name and the items of a list.
pub(crate) async fn contents(
    connection: &mut PgConnection,
    owner: &Owner,
    id: Uuid,
) -> Result<Option<(String, Items)>, sqlx::Error> {
    let found: Option<(String, Json<Items>)> = sqlx::query_as(
        "select name, coalesce(items, '{}') as items from user_lists where creator = $1 and id = $2",
    )
    .bind(owner.id())
    .bind(id)
    .fetch_optional(connection)
    .await?;
    Ok(found.map(|(name, items)| (name, items.0)))
}

/// The ids and items of the lists of these names, by name.
pub(crate) async fn named(
    connection: &mut PgConnection,
    owner: &Owner,
    names: &[&str],
) -> Result<HashMap<String, (Uuid, Items)>, sqlx::Error> {
    let found: Vec<(String, Uuid, Json<Items>)> = sqlx::query_as(
        "select name, id, coalesce(items, '{}') as items from user_lists
         where creator = $1 and name = any($2)",
    )
    .bind(owner.id())
    .bind(names)
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().map(|(name, id, items)| (name, (id, items.0))).collect())
}

/// Makes lists.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    owner: &Owner,
    new: &[&NewList],
) -> Result<Vec<StoredList>, sqlx::Error> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = new.iter().map(|_| Uuid::new_v4()).collect();
    let resource = |id: &Uuid| format!("/users/{}/user-data-library/lists/{id}", owner.id());
    let authz: Vec<Value> = ids.iter().map(|id| json!({ "version": 0, "authz": [resource(id)] })).collect();
    sqlx::query_as(list!(
        "insert into user_lists as u (id, version, creator, authz, name, created_time, updated_time, items)
         select f.id, 0, $1, f.authz::json, f.name, now(), now(), f.items::json
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) as f (id, authz, name, items)
         returning ",
        ""
    ))
    .bind(owner.id())
    .bind(&ids)
    .bind(texts(&authz))
    .bind(new.iter().map(|list| list.name.as_str()).collect::<Vec<_>>())
    .bind(texts(new.iter().map(|list| &list.items)))
    .fetch_all(connection)
    .await
}

/// A list with its name and items to come.
pub(crate) struct Change<'c> {
    pub(crate) id: Uuid,
    pub(crate) name: &'c str,
    pub(crate) items: &'c Items,
}

/// Gives lists other names and items.
pub(crate) async fn change(
    connection: &mut PgConnection,
    owner: &Owner,
    changes: &[Change<'_>],
) -> Result<Vec<StoredList>, sqlx::Error> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(list!(
        "update user_lists u
         set name = f.name, items = f.items::json, version = u.version + 1, updated_time = now()
         from unnest($2::uuid[], $3::text[], $4::text[]) as f (id, name, items)
         where u.creator = $1 and u.id = f.id
         returning ",
        ""
    ))
    .bind(owner.id())
    .bind(changes.iter().map(|change| change.id).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| change.name).collect::<Vec<_>>())
    .bind(texts(changes.iter().map(|change| change.items)))
    .fetch_all(connection)
    .await
}

/// JSON as its text, which the statement reads: a column of the type `json` keeps it as it is written.
fn texts<T: serde::Serialize>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    let text = |value| serde_json::to_string(&value).expect("invariant: the keys of JSON are texts");
    values.into_iter().map(text).collect()
}

/// Deletes a list, and returns whether there was one.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    owner: &Owner,
    id: Uuid,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from user_lists where creator = $1 and id = $2")
        .bind(owner.id())
        .bind(id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes all lists.
pub(crate) async fn delete_all(connection: &mut PgConnection, owner: &Owner) -> Result<(), sqlx::Error> {
    sqlx::query("delete from user_lists where creator = $1")
        .bind(owner.id())
        .execute(connection)
        .await
        .map(drop)
}
