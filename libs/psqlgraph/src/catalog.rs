//! What a database has: tables and indexes of the graph.

use std::collections::{BTreeMap, BTreeSet};

use dictionary::Dictionary;
use sqlx::{PgConnection, Row as _};

use crate::names::node_table;

/// The names of all tables.
pub(crate) async fn existing_tables(connection: &mut PgConnection) -> Result<BTreeSet<String>, sqlx::Error> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = current_schema()::regnamespace \
         and relkind in ('r', 'p')",
    )
    .fetch_all(connection)
    .await?;
    Ok(tables.into_iter().collect())
}

/// Whether each index is unique, and valid (one that was made concurrently may have failed).
pub(crate) async fn existing_indexes(
    connection: &mut PgConnection,
) -> Result<BTreeMap<String, (bool, bool)>, sqlx::Error> {
    sqlx::query(
        "select c.relname::text as name, i.indisunique, i.indisvalid \
         from pg_index i join pg_class c on c.oid = i.indexrelid \
         where c.relnamespace = current_schema()::regnamespace",
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(|row| Ok((row.try_get("name")?, (row.try_get("indisunique")?, row.try_get("indisvalid")?))))
    .collect()
}

/// The unique indexes on properties of the nodes of the dictionary's types, as far as they have the names
/// that those of keys have.
pub(crate) async fn unique_indexes(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
) -> Result<Vec<String>, sqlx::Error> {
    let tables: Vec<String> = dictionary.nodes.keys().map(|id| node_table(id)).collect();
    sqlx::query_scalar(
        "select c.relname::text from pg_index i join pg_class c on c.oid = i.indexrelid \
         join pg_class t on t.oid = i.indrelid \
         where t.relnamespace = current_schema()::regnamespace and t.relname = any($1) \
         and i.indisunique and not i.indisprimary and c.relname like 'index\\_%' \
         and not exists (select from pg_constraint k where k.conindid = c.oid) order by 1",
    )
    .bind(tables)
    .fetch_all(connection)
    .await
}
