//! The tree of resources.

use std::collections::{HashMap, HashSet};

use sqlx::PgConnection;

use crate::{
    model::{NewResource, Resource},
    path::ResourcePath,
};

type Row = (String, String, String);

fn resource((path, tag, description): Row, subresources: Vec<String>) -> Resource {
    let path = ResourcePath::from_ltree(path);
    Resource { name: path.name(), path: path.decoded(), tag, description, subresources }
}

/// Loads all resources.
pub(crate) async fn all(connection: &mut PgConnection) -> Result<Vec<Resource>, sqlx::Error> {
    let rows: Vec<Row> =
        sqlx::query_as("select path::text, tag, coalesce(description, '') from resource order by path")
            .fetch_all(connection)
            .await?;
    let mut children: HashMap<String, Vec<String>> = HashMap::new();
    for (path, _, _) in &rows {
        if let Some((parent, _)) = path.rsplit_once('.') {
            let child = ResourcePath::from_ltree(path.clone()).decoded();
            children.entry(parent.to_owned()).or_default().push(child);
        }
    }
    let with_children = |row: Row| {
        let below = children.remove(&row.0).unwrap_or_default();
        resource(row, below)
    };
    Ok(rows.into_iter().map(with_children).collect())
}

/// Loads the resource at `path`.
pub(crate) async fn by_path(
    connection: &mut PgConnection,
    path: &ResourcePath,
) -> Result<Option<Resource>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "select path::text, tag, coalesce(description, '') from resource where path = $1::ltree",
    )
    .bind(path.ltree())
    .fetch_optional(&mut *connection)
    .await?;
    with_children(connection, row).await
}

/// Loads the resource with `tag`.
pub(crate) async fn by_tag(
    connection: &mut PgConnection,
    tag: &str,
) -> Result<Option<Resource>, sqlx::Error> {
    let row: Option<Row> =
        sqlx::query_as("select path::text, tag, coalesce(description, '') from resource where tag = $1")
            .bind(tag)
            .fetch_optional(&mut *connection)
            .await?;
    with_children(connection, row).await
}

async fn with_children(
    connection: &mut PgConnection,
    row: Option<Row>,
) -> Result<Option<Resource>, sqlx::Error> {
    let Some(row) = row else { return Ok(None) };
    let children: Vec<String> = sqlx::query_scalar(
        "select path::text from resource
         where path <@ $1::ltree and nlevel(path) = nlevel($1::ltree) + 1 order by path",
    )
    .bind(&row.0)
    .fetch_all(connection)
    .await?;
    let children = children.into_iter().map(|path| ResourcePath::from_ltree(path).decoded()).collect();
    Ok(Some(resource(row, children)))
}

/// Returns which of `paths` exist, as `ltree` texts.
pub(crate) async fn existing(
    connection: &mut PgConnection,
    paths: &[&str],
) -> Result<HashSet<String>, sqlx::Error> {
    let found: Vec<String> =
        sqlx::query_scalar("select path::text from resource where path = any($1::text[]::ltree[])")
            .bind(paths)
            .fetch_all(connection)
            .await?;
    Ok(found.into_iter().collect())
}

/// Creates resources that do not exist yet; returns the `ltree` texts of those that were created.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    nodes: &[&NewResource],
) -> Result<HashSet<String>, sqlx::Error> {
    let inserted: Vec<String> = sqlx::query_scalar(
        "insert into resource (path, description)
         select path::ltree, description from unnest($1::text[], $2::text[]) as new(path, description)
         on conflict (path) do nothing
         returning path::text",
    )
    .bind(nodes.iter().map(|node| node.path.ltree()).collect::<Vec<_>>())
    .bind(nodes.iter().map(|node| node.description.as_deref()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(inserted.into_iter().collect())
}

/// Creates every resource above `path` that does not exist.
pub(crate) async fn insert_ancestors(
    connection: &mut PgConnection,
    path: &ResourcePath,
) -> Result<(), sqlx::Error> {
    let Some(parent) = path.parent() else { return Ok(()) };
    sqlx::query(
        "insert into resource (path) select path::ltree from unnest($1::text[]) as new(path)
         on conflict (path) do nothing",
    )
    .bind(parent.with_ancestors().collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Checks now that parents exist, which would otherwise be checked at the commit.
pub(crate) async fn check_parents(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("set constraints all immediate").execute(connection).await?;
    Ok(())
}

/// What [`upsert`] did, as `ltree` texts.
pub(crate) struct Upserted {
    pub(crate) created: Vec<String>,
    pub(crate) updated: Vec<String>,
}

/// Creates or updates resources; one without a description keeps the stored one.
pub(crate) async fn upsert(
    connection: &mut PgConnection,
    nodes: &[&NewResource],
) -> Result<Upserted, sqlx::Error> {
    // Of a resource that is named twice, the last description counts.
    let mut descriptions: HashMap<&str, Option<&str>> = HashMap::new();
    for node in nodes {
        let entry = descriptions.entry(node.path.ltree()).or_default();
        *entry = node.description.as_deref().or(*entry);
    }
    let mut sorted: Vec<(&str, Option<&str>)> = descriptions.into_iter().collect();
    sorted.sort_unstable();
    // A new row is one that no earlier transaction has seen: xmax is zero for a row that was only inserted.
    let rows: Vec<(String, bool)> = sqlx::query_as(
        "insert into resource (path, description)
         select path::ltree, description from unnest($1::text[], $2::text[]) as new(path, description)
         on conflict (path) do update set description = excluded.description
         where excluded.description is not null and excluded.description is distinct from resource.description
         returning path::text, xmax = 0",
    )
    .bind(sorted.iter().map(|(path, _)| *path).collect::<Vec<_>>())
    .bind(sorted.iter().map(|(_, description)| *description).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    let mut upserted = Upserted { created: Vec::new(), updated: Vec::new() };
    for (path, is_new) in rows {
        if is_new { upserted.created.push(path) } else { upserted.updated.push(path) }
    }
    Ok(upserted)
}

/// Deletes the direct children of `nodes` that are not among them, with all below them.
pub(crate) async fn delete_unlisted(
    connection: &mut PgConnection,
    nodes: &[&NewResource],
) -> Result<(), sqlx::Error> {
    let paths: Vec<&str> = nodes.iter().map(|node| node.path.ltree()).collect();
    let unlisted: Vec<String> = sqlx::query_scalar(
        "select child.path::text
         from unnest($1::text[]) as node(path)
         join resource as child
           on child.path <@ node.path::ltree and nlevel(child.path) = nlevel(node.path::ltree) + 1
         where child.path <> all($1::text[]::ltree[])
         order by child.path",
    )
    .bind(&paths)
    .fetch_all(&mut *connection)
    .await?;
    // A resource below another that goes as well is left to the trigger that deletes subtrees.
    let mut topmost: Vec<ResourcePath> = Vec::new();
    for path in unlisted.into_iter().map(ResourcePath::from_ltree) {
        if !topmost.iter().any(|above| above.covers(&path)) {
            topmost.push(path);
        }
    }
    sqlx::query("delete from resource where path = any($1::text[]::ltree[])")
        .bind(topmost.iter().map(ResourcePath::ltree).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes the resource at `path` with all below it; one that does not exist is fine.
pub(crate) async fn delete(connection: &mut PgConnection, path: &ResourcePath) -> Result<(), sqlx::Error> {
    sqlx::query("delete from resource where path = $1::ltree").bind(path.ltree()).execute(connection).await?;
    Ok(())
}
