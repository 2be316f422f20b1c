//! Reads the graph as a whole, for those who look after it.

use std::collections::HashMap;

use dictionary::Dictionary;
use psqlgraph::{names::node_table, transactions::TransactionId};
use serde_json::{Map, Value};
use sql::Sql;
use sqlx::{PgConnection, Row as _, postgres::PgRow, types::Json};

use super::projects::membership;
use crate::{
    Error,
    model::project::{Program, Project, ProjectPath},
};

/// All projects, by what their nodes have as `project_id`.
///
/// ```sql
/// select g.node_id as program_node_id, g._props as program_props, p.node_id, p._props
/// from node_program g join "edge_projectmemberofprogram" e on e.dst_id = g.node_id
/// join node_project p on p.node_id = e.src_id
/// where g._props ->> 'name' is not null and p._props ->> 'code' is not null
/// ```
pub(crate) async fn projects(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
) -> Result<HashMap<String, Project>, Error> {
    let query = Sql::raw("select g.node_id as program_node_id, g._props as program_props, p.node_id, ")
        .text("p._props from node_program g join ")
        .then_ident(&membership(dictionary)?)
        .text(" e on e.dst_id = g.node_id join node_project p on p.node_id = e.src_id ")
        .text("where g._props ->> 'name' is not null and p._props ->> 'code' is not null");
    let mut projects = HashMap::new();
    for row in query.query().fetch_all(connection).await? {
        let props: Json<Map<String, Value>> = row.try_get("_props")?;
        let program_props: Json<Map<String, Value>> = row.try_get("program_props")?;
        let text = |props: &Map<String, Value>, key: &str| {
            props.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let program = Program {
            node_id: row.try_get("program_node_id")?,
            name: text(&program_props, "name"),
            props: program_props.0,
        };
        let path = ProjectPath { program: program.name.clone(), code: text(&props, "code") };
        let project = Project { node_id: row.try_get("node_id")?, path, props: props.0, program };
        projects.insert(project.project_id(), project);
    }
    Ok(projects)
}

/// The names of all programs, and the paths of all projects.
///
/// ```sql
/// select g._props ->> 'name' as program, p._props ->> 'code' as code
/// from node_project p join "edge_projectmemberofprogram" e on e.src_id = p.node_id
/// join node_program g on g.node_id = e.dst_id order by p.created, p.node_id
/// ```
pub(crate) async fn names(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
) -> Result<(Vec<String>, Vec<ProjectPath>), Error> {
    let programs = sqlx::query_scalar(
        "select _props ->> 'name' from node_program where _props ->> 'name' is not null \
         order by created, node_id",
    );
    let programs = programs.fetch_all(&mut *connection).await?;
    let query = Sql::raw("select coalesce(g._props ->> 'name', '') as program, ")
        .text("coalesce(p._props ->> 'code', '') as code from node_project p join ")
        .then_ident(&membership(dictionary)?)
        .text(" e on e.src_id = p.node_id join node_program g on g.node_id = e.dst_id ")
        .text("order by p.created, p.node_id");
    let rows = query.query().fetch_all(connection).await?;
    let path = |row: PgRow| Ok(ProjectPath { program: row.try_get("program")?, code: row.try_get("code")? });
    Ok((programs, rows.into_iter().map(path).collect::<Result<_, sqlx::Error>>()?))
}

/// At most `most` nodes of a type, those whose ids come after `after`.
///
/// ```sql
/// select node_id, coalesce(_props, '{}') as props from "node_reading" where node_id > $1
/// order by node_id limit $2
/// ```
pub(crate) async fn nodes(
    connection: &mut PgConnection,
    label: &str,
    after: &str,
    most: i64,
) -> Result<Vec<(String, Map<String, Value>)>, Error> {
    let query = Sql::raw("select node_id, coalesce(_props, '{}') as props from ")
        .then_ident(&node_table(label))
        .text(" where node_id > ")
        .bind(after)
        .text(" order by node_id limit ")
        .number(most);
    let rows = query.query().fetch_all(connection).await?;
    let nodes = rows.iter().map(|row| {
        let props: Json<Map<String, Value>> = row.try_get("props")?;
        Ok((row.try_get("node_id")?, props.0))
    });
    nodes.collect::<Result<_, sqlx::Error>>().map_err(Error::from)
}

/// Transactions that processes which have died noted as theirs.
pub(crate) async fn given_up(connection: &mut PgConnection) -> Result<Vec<TransactionId>, Error> {
    Ok(psqlgraph::running::given_up(connection).await?)
}
