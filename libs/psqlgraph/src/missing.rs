//! Finds missing tables of a dictionary, for those who may not make them.

use dictionary::Dictionary;
use sqlx::PgPool;

use crate::names::{edge_table, node_table};

/// Node and edge tables of `dictionary` that `pool` cannot read: nobody has made them yet, or granted them.
///
/// # Errors
/// When the database fails.
pub async fn missing_tables(pool: &PgPool, dictionary: &Dictionary) -> Result<Vec<String>, sqlx::Error> {
    let mut wanted: Vec<String> = Vec::new();
    for node in dictionary.nodes.values() {
        let edges = node.all_links().into_iter();
        wanted.push(node_table(&node.id));
        wanted.extend(edges.map(|link| edge_table(&node.id, &link.label, &link.target_type)));
    }
    sqlx::query_scalar(
        "select distinct name from (
            select name, to_regclass(quote_ident(name))::oid as id from unnest($1::text[]) as wanted (name)
        ) as found
        where id is null or not has_table_privilege(id, 'select')
        order by name",
    )
    .bind(wanted)
    .fetch_all(pool)
    .await
}
