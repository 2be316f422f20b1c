//! The tree of resources.

use std::collections::{HashMap, HashSet};

use sqlx::PgConnection;

use crate::{
    Error,
    model::{NewResource, Resource},
    path::ResourcePath,
};

type Row = (String, String, String);

fn resource((path, tag, description): Row, subresources: Vec<String>) -> Resource {
    let path = ResourcePath::from_ltree(path);
    Resource { name: path.name(), path: path.decoded(), tag, description, subresources }
}

/// All resources.
pub(crate) async fn all(conn: &mut PgConnection) -> Result<Vec<Resource>, sqlx::Error> {
    let rows: Vec<Row> =
        sqlx::query_as("select path::text, tag, coalesce(description, '') from resource order by path")
            .fetch_all(conn)
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

/// The resource at `path`.
pub(crate) async fn by_path(
    conn: &mut PgConnection,
    path: &ResourcePath,
) -> Result<Option<Resource>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "select path::text, tag, coalesce(description, '') from resource where path = $1::ltree",
    )
    .bind(path.ltree())
    .fetch_optional(&mut *conn)
    .await?;
    with_children(conn, row).await
}

/// The resource with `tag`.
pub(crate) async fn by_tag(conn: &mut PgConnection, tag: &str) -> Result<Option<Resource>, sqlx::Error> {
    let row: Option<Row> =
        sqlx::query_as("select path::text, tag, coalesce(description, '') from resource where tag = $1")
            .bind(tag)
            .fetch_optional(&mut *conn)
            .await?;
    with_children(conn, row).await
}

async fn with_children(conn: &mut PgConnection, row: Option<Row>) -> Result<Option<Resource>, sqlx::Error> {
    let Some(row) = row else { return Ok(None) };
    let children: Vec<String> = sqlx::query_scalar(
        "select path::text from resource
         where path <@ $1::ltree and nlevel(path) = nlevel($1::ltree) + 1 order by path",
    )
    .bind(&row.0)
    .fetch_all(conn)
    .await?;
    let children = children.into_iter().map(|path| ResourcePath::from_ltree(path).decoded()).collect();
    Ok(Some(resource(row, children)))
}

/// Which of `paths` exist, as `ltree` texts.
pub(crate) async fn existing(
    conn: &mut PgConnection,
    paths: &[&str],
) -> Result<HashSet<String>, sqlx::Error> {
    let found: Vec<String> =
        sqlx::query_scalar("select path::text from resource where path = any($1::text[]::ltree[])")
            .bind(paths)
            .fetch_all(conn)
            .await?;
    Ok(found.into_iter().collect())
}

/// Creates the tree `new`, and with `parents` what is missing above it.
///
/// # Errors
/// [`Error::ResourceExists`] when `new` or something named below it exists; a 400 when a parent is missing or
/// a resource is named twice. The caller rolls back.
pub(crate) async fn create(
    conn: &mut PgConnection,
    new: &NewResource,
    parents: bool,
) -> Result<Resource, Error> {
    if parents {
        insert_ancestors(conn, &new.path).await?;
    }
    let nodes = flatten(new);
    let mut seen = HashSet::new();
    if let Some(twice) = nodes.iter().find(|node| !seen.insert(&node.path)) {
        return Err(Error::BadRequest(format!("resource `{}` is named twice", twice.path.decoded())));
    }
    let inserted: Vec<String> = sqlx::query_scalar(
        "insert into resource (path, description)
         select path::ltree, description from unnest($1::text[], $2::text[]) as new(path, description)
         on conflict (path) do nothing
         returning path::text",
    )
    .bind(nodes.iter().map(|node| node.path.ltree()).collect::<Vec<_>>())
    .bind(nodes.iter().map(|node| node.description.as_deref()).collect::<Vec<_>>())
    .fetch_all(&mut *conn)
    .await?;
    let inserted: HashSet<String> = inserted.into_iter().collect();
    if let Some(there) = nodes.iter().find(|node| !inserted.contains(node.path.ltree())) {
        return Err(match by_path(conn, &there.path).await? {
            Some(resource) => Error::ResourceExists(Box::new(resource)),
            None => Error::Conflict(format!("resource `{}` is being created", there.path.decoded())),
        });
    }
    finish(conn, new).await
}

/// Creates or updates the tree `new`; with `parents` what is missing above it. Without `merge`, direct children
/// that are not listed are deleted with all below them, at every level of the tree.
pub(crate) async fn put(
    conn: &mut PgConnection,
    new: &NewResource,
    parents: bool,
    merge: bool,
) -> Result<Resource, Error> {
    if parents {
        insert_ancestors(conn, &new.path).await?;
    }
    let nodes = flatten(new);
    if !merge {
        delete_unlisted(conn, &nodes).await?;
    }
    upsert(conn, &nodes).await?;
    finish(conn, new).await
}

/// Makes the deferred check of parents speak now, inside the transaction, and reads back.
async fn finish(conn: &mut PgConnection, new: &NewResource) -> Result<Resource, Error> {
    sqlx::query("set constraints all immediate").execute(&mut *conn).await?;
    let made = by_path(conn, &new.path).await?;
    made.ok_or_else(|| Error::Conflict(format!("resource `{}` is being deleted", new.path.decoded())))
}

/// Creates every resource above `path` that does not exist.
async fn insert_ancestors(conn: &mut PgConnection, path: &ResourcePath) -> Result<(), sqlx::Error> {
    let Some(parent) = path.parent() else { return Ok(()) };
    sqlx::query(
        "insert into resource (path) select path::ltree from unnest($1::text[]) as new(path)
         on conflict (path) do nothing",
    )
    .bind(parent.with_ancestors().collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Creates or updates resources; a description that is none leaves the stored one alone. Returns the `ltree`
/// texts of those that were (created, updated).
pub(crate) async fn upsert(
    conn: &mut PgConnection,
    nodes: &[&NewResource],
) -> Result<(Vec<String>, Vec<String>), sqlx::Error> {
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
    .fetch_all(conn)
    .await?;
    let (created, updated): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, new)| *new);
    let paths = |rows: Vec<(String, bool)>| rows.into_iter().map(|(path, _)| path).collect();
    Ok((paths(created), paths(updated)))
}

async fn delete_unlisted(conn: &mut PgConnection, nodes: &[&NewResource]) -> Result<(), sqlx::Error> {
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
    .fetch_all(&mut *conn)
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
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes the resource at `path` with all below it; one that does not exist is fine.
pub(crate) async fn delete(conn: &mut PgConnection, path: &ResourcePath) -> Result<(), sqlx::Error> {
    sqlx::query("delete from resource where path = $1::ltree").bind(path.ltree()).execute(conn).await?;
    Ok(())
}

/// The tree as a list, parents first.
pub(crate) fn flatten(tree: &NewResource) -> Vec<&NewResource> {
    let mut nodes = vec![tree];
    let mut at = 0;
    while let Some(node) = nodes.get(at) {
        nodes.extend(&node.children);
        at += 1;
    }
    nodes
}
