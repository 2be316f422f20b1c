//! Reads all nodes of a type with what they are linked to, as they are at one moment, in bounded memory.

use dictionary::NodeType;
use serde_json::{Map, Value};
use sql::Sql;
use sqlx::{PgPool, Postgres, Row as _, Transaction, postgres::PgRow, types::Json};

use crate::{
    names::{edge_table, node_table},
    survey::exists,
};

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct ScannedNode {
    /// Its id.
    pub id: String,
    /// Its properties.
    pub properties: Map<String, Value>,
    /// The ids of the targets of each link of its type, in the order of [`NodeType::all_links`].
    pub targets: Vec<Vec<String>>,
}

/// A graph as it is at one moment.
pub struct Scan(Transaction<'static, Postgres>);

impl Scan {
    /// Begins to look.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(pool: &PgPool) -> Result<Self, sqlx::Error> {
        Ok(Self(pool.begin_with("begin isolation level repeatable read read only").await?))
    }

    /// Gives `each` the nodes of a type by id, those of some projects only if they are named. A table that is
    /// not there has no rows.
    ///
    /// # Errors
    /// When the database fails, or `each` does.
    pub async fn nodes<E: From<sqlx::Error>>(
        &mut self,
        node: &NodeType,
        projects: Option<&[String]>,
        mut each: impl FnMut(ScannedNode) -> Result<(), E>,
    ) -> Result<(), E> {
        if !exists(&mut self.0, &node_table(&node.id)).await? {
            return Ok(());
        }
        let mut tables = Vec::new();
        for link in node.all_links() {
            let table = edge_table(&node.id, &link.label, &link.target_type);
            tables.push(exists(&mut self.0, &table).await?.then_some(table));
        }
        let statement = select(&node.id, &tables, projects);
        // A portal is read as a stream: the server sends as fast as the rows are taken.
        let mut rows = futures_util::StreamExt::boxed(statement.query_once().fetch(&mut *self.0));
        while let Some(row) = futures_util::TryStreamExt::try_next(&mut rows).await? {
            each(scanned(&row, tables.len())?)?;
        }
        Ok(())
    }
}

fn scanned(row: &PgRow, links: usize) -> Result<ScannedNode, sqlx::Error> {
    let Json(properties) = row.try_get(1)?;
    let targets = (0..links).map(|link| row.try_get(2 + link)).collect::<Result<_, _>>()?;
    Ok(ScannedNode { id: row.try_get(0)?, properties, targets })
}

/// ```sql
/// select n.node_id, coalesce(n._props, '{}') as props,
///     array(select e.dst_id from "edge_samplederivedfromsubject" e where e.src_id = n.node_id order by 1)
/// from "node_sample" n where n._props ->> 'project_id' = any($1) order by n.node_id
/// ```
fn select(node: &str, tables: &[Option<String>], projects: Option<&[String]>) -> Sql {
    let mut statement = Sql::raw("select n.node_id, coalesce(n._props, '{}') as props");
    for table in tables {
        statement = match table {
            Some(table) => statement
                .text(", array(select e.dst_id from ")
                .then_ident(table)
                .text(" e where e.src_id = n.node_id order by 1)"),
            None => statement.text(", '{}'::text[]"),
        };
    }
    statement = statement.text(" from ").then_ident(&node_table(node)).text(" n");
    if let Some(projects) = projects {
        statement =
            statement.text(" where n._props ->> 'project_id' = any(").bind(projects.to_vec()).text(")");
    }
    statement.text(" order by n.node_id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_come_with_their_targets_in_one_statement() {
        let tables = [Some("edge_a".to_owned()), None];
        let (text, binds) = select("the_sample", &tables, Some(&["P-Q".to_owned()])).render();
        assert_eq!(
            text,
            "select n.node_id, coalesce(n._props, '{}') as props, array(select e.dst_id from \"edge_a\" e \
             where e.src_id = n.node_id order by 1), '{}'::text[] from \"node_thesample\" n where \
             n._props ->> 'project_id' = any($1) order by n.node_id"
        );
        assert_eq!(binds.len(), 1);
    }
}
