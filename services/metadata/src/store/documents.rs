//! The table `metadata`.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use sql::Sql;
use sqlx::{FromRow as _, PgConnection};

use crate::{
    access::{MayAdminister, MayRead},
    document::Document,
    filters::{Filter, Wanted},
    granted::{Removed, Told, Uploaded},
    input::NewDocument,
};

/// The time of the database.
pub(crate) async fn now(connection: &mut PgConnection) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar("select now()").fetch_one(connection).await
}

/// The document of this GUID, or of this alias.
pub async fn find(
    connection: &mut PgConnection,
    _: &MayRead,
    guid: &str,
) -> Result<Option<Document>, sqlx::Error> {
    sqlx::query_scalar(
        "select coalesce(data::text, 'null') from metadata
         where guid = coalesce((select guid from metadata where guid = $1),
                               (select guid from metadata_alias where alias = $1))",
    )
    .bind(guid)
    .fetch_optional(connection)
    .await
}

/// Which documents are wanted.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) filters: Vec<Filter>,
    pub(crate) limit: i64,
    pub(crate) offset: i64,
}

/// The GUIDs of the documents that all filters find, in their order.
pub(crate) async fn guids(
    connection: &mut PgConnection,
    _: &MayRead,
    query: &Query,
) -> Result<Vec<String>, sqlx::Error> {
    let sql = selection(Sql::raw("select guid"), query);
    let rows = sql.query_if_short().fetch_all(connection).await?;
    rows.iter().map(|row| <(String,)>::from_row(row).map(|(guid,)| guid)).collect()
}

/// The documents that all filters find, in the order of their GUIDs; `None` if they are larger than `most`
/// bytes together.
pub(crate) async fn list(
    connection: &mut PgConnection,
    _: &MayRead,
    query: &Query,
    most: usize,
) -> Result<Option<Vec<(String, Document)>>, sqlx::Error> {
    let sql = selection(Sql::raw("select guid, coalesce(data::text, 'null')"), query).query_if_short();
    let mut rows = sql.fetch(connection);
    let (mut found, mut size) = (Vec::new(), 0_usize);
    while let Some(row) = rows.try_next().await? {
        let (guid, document) = <(String, Document)>::from_row(&row)?;
        size += guid.len() + document.as_str().len();
        if size > most {
            return Ok(None);
        }
        found.push((guid, document));
    }
    Ok(Some(found))
}

/// `select ... from metadata where (...) and (...) order by guid limit $1 offset $2`
fn selection(columns: Sql, query: &Query) -> Sql {
    let mut sql = columns.text(" from metadata");
    if !query.filters.is_empty() {
        sql = sql.text(" where ").then(Sql::join(" and ", query.filters.iter().map(condition)));
    }
    sql.text(" order by guid limit ").bind(query.limit).text(" offset ").bind(query.offset)
}

/// `(data @> any($1::text[]::jsonb[]) and data #>> $2 = any($3))`, whose first half is there for the index,
/// or `data #> $1 is not null`.
fn condition(filter: &Filter) -> Sql {
    let path = || match filter.path.as_slice() {
        // Alone, a number is a name and no position.
        [key] if !filter.has_names_only() => (true, Sql::value(key.clone())),
        path => (false, Sql::value(path.to_vec())),
    };
    let (is_name, path) = path();
    let Wanted::OneOf(values) = &filter.wanted else {
        let reach = if is_name { "data -> " } else { "data #> " };
        return Sql::raw("(").text(reach).then(path).text(") is not null");
    };
    let mut sql = Sql::raw("(");
    if let Some(contained) = filter.contained() {
        sql = sql.text("data @> any(").bind(contained).text("::text[]::jsonb[]) and ");
    }
    let reach = if is_name { "data ->> " } else { "data #>> " };
    sql.text("(").text(reach).then(path).text(") = any(").bind(values.clone()).text("))")
}

/// What became of a document that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is new.
    Created,
    /// It has replaced another one.
    Replaced,
}

/// What is done about a document that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is replaced; its `authz` stays.
    Replace,
    /// It stays.
    Keep,
}

/// Writes documents of different GUIDs; those that stay as they were are missing in the answer.
pub(crate) async fn write(
    connection: &mut PgConnection,
    _: &MayAdminister,
    documents: &[NewDocument],
    authz: &Document,
    existing: Existing,
) -> Result<Vec<(String, Written)>, sqlx::Error> {
    let guids: Vec<&str> = documents.iter().map(|document| document.guid.as_str()).collect();
    let data: Vec<&str> = documents.iter().map(|document| document.data.as_str()).collect();
    let statement = match existing {
        Existing::Keep => sqlx::query_as(
            "insert into metadata (guid, data, authz)
             select guid, data::jsonb, $3::jsonb from unnest($1::text[], $2::text[]) as n (guid, data)
             order by guid on conflict do nothing returning guid, true",
        ),
        // Only a row that was there before has a transaction that locks or ends it.
        Existing::Replace => sqlx::query_as(
            "insert into metadata (guid, data, authz)
             select guid, data::jsonb, $3::jsonb from unnest($1::text[], $2::text[]) as n (guid, data)
             order by guid on conflict (guid) do update set data = excluded.data
             returning guid, xmax = 0",
        ),
    };
    let rows: Vec<(String, bool)> =
        statement.bind(guids).bind(data).bind(authz.as_str()).fetch_all(connection).await?;
    let written = |is_new| if is_new { Written::Created } else { Written::Replaced };
    Ok(rows.into_iter().map(|(guid, is_new)| (guid, written(is_new))).collect())
}

/// Writes the document of a file that fence has just made a record for. Returns whether its GUID was free.
pub(crate) async fn write_uploaded(
    connection: &mut PgConnection,
    uploaded: &Uploaded,
    data: &Document,
    authz: &Document,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "insert into metadata (guid, data, authz) values ($1, $2::jsonb, $3::jsonb) on conflict do nothing",
    )
    .bind(uploaded.guid())
    .bind(data.as_str())
    .bind(authz.as_str())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How a document is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is replaced.
    Replace,
    /// Its upper fields are.
    Merge,
}

/// Changes a document and returns what it is then.
pub(crate) async fn update(
    connection: &mut PgConnection,
    _: &MayAdminister,
    guid: &str,
    data: &Document,
    change: Change,
) -> Result<Option<Document>, sqlx::Error> {
    sqlx::query_scalar(
        "update metadata
         set data = case when $3 and jsonb_typeof(data) = 'object' then data || $2::jsonb else $2::jsonb end
         where guid = $1 returning data::text",
    )
    .bind(guid)
    .bind(data.as_str())
    .bind(change == Change::Merge)
    .fetch_optional(connection)
    .await
}

/// Notes in the document of a file, if there is one, how far its upload is.
pub(crate) async fn set_upload_status(
    connection: &mut PgConnection,
    told: &Told<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update metadata set data = data || jsonb_build_object('_upload_status', $2::text)
         where guid = $1 and jsonb_typeof(data) = 'object'",
    )
    .bind(told.guid())
    .bind(told.status().as_str())
    .execute(connection)
    .await
    .map(drop)
}

/// Deletes a document with its aliases, and returns it.
pub async fn delete(
    connection: &mut PgConnection,
    _: &MayAdminister,
    guid: &str,
) -> Result<Option<Document>, sqlx::Error> {
    sqlx::query_scalar("delete from metadata where guid = $1 returning coalesce(data::text, 'null')")
        .bind(guid)
        .fetch_optional(connection)
        .await
}

/// Deletes the document of a file that is gone, if it has one.
pub(crate) async fn delete_removed(
    connection: &mut PgConnection,
    removed: &Removed<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query("delete from metadata where guid = $1")
        .bind(removed.guid())
        .execute(connection)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use web::Params;

    use super::*;

    fn rendered(query: &str) -> String {
        let filters = Filter::read(&Params::parse(query)).unwrap();
        selection(Sql::raw("select guid"), &Query { filters, limit: 10, offset: 0 }).render().0
    }

    #[test]
    fn values_and_paths_are_binds() {
        assert_eq!(rendered(""), "select guid from metadata order by guid limit $1 offset $2");
        assert_eq!(
            rendered("a.b=1&c=*&d=[1]&0=x"),
            "select guid from metadata where \
             (data @> any($1::text[]::jsonb[]) and (data #>> $2) = any($3)) and (data #> $4) is not null and \
             ((data #>> $5) = any($6)) and ((data ->> $7) = any($8)) order by guid limit $9 offset $10"
        );
        assert_eq!(rendered("a');drop table metadata;--=x'"), rendered("a=x"));
    }
}
