//! Programs and projects.

use dictionary::Dictionary;
use psqlgraph::names::edge_table;
use serde_json::{Map, Value};
use sql::Sql;
use sqlx::{PgConnection, Row as _, types::Json};

use crate::Error;

/// A stored program.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// Node id.
    pub node_id: String,
    /// Name.
    pub name: String,
    /// `_props`.
    pub props: Map<String, Value>,
}

/// A stored project with its program.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    /// Node id.
    pub node_id: String,
    /// Code.
    pub code: String,
    /// `_props`.
    pub props: Map<String, Value>,
    /// The program it belongs to.
    pub program: Program,
}

impl Project {
    /// `<program>-<code>`.
    pub(crate) fn project_id(&self) -> String {
        psqlgraph::ids::project_id(&self.program.name, &self.code)
    }

    /// `open`, `review`, ...
    pub(crate) fn state(&self) -> Option<&str> {
        self.props.get("state").and_then(Value::as_str)
    }
}

/// Names of all programs.
pub(crate) async fn program_names(connection: &mut PgConnection) -> Result<Vec<String>, Error> {
    let names = sqlx::query_scalar(
        "select _props ->> 'name' from node_program where _props ->> 'name' is not null order by created, node_id",
    );
    Ok(names.fetch_all(connection).await?)
}

/// The program called `name`.
pub(crate) async fn program(connection: &mut PgConnection, name: &str) -> Result<Option<Program>, Error> {
    let row = sqlx::query("select node_id, _props from node_program where _props ->> 'name' = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let props: Json<Map<String, Value>> = row.try_get("_props")?;
    Ok(Some(Program { node_id: row.try_get("node_id")?, name: name.to_owned(), props: props.0 }))
}

/// Codes of the projects of the program with this node id.
pub(crate) async fn codes(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    program_node_id: &str,
) -> Result<Vec<String>, Error> {
    let query = Sql::raw("select p._props ->> 'code' from node_project p join ")
        .then_ident(&membership(dictionary)?)
        .text(" e on e.src_id = p.node_id where p._props ->> 'code' is not null and e.dst_id = ")
        .bind(program_node_id)
        .text(" order by p.created, p.node_id");
    Ok(query.scalar().fetch_all(connection).await?)
}

/// The project `code` of the program `program`, both of which must exist.
///
/// # Errors
/// [`Error::NotFound`] in the words of the submission routes.
pub(crate) async fn project(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    program_name: &str,
    code: &str,
) -> Result<Project, Error> {
    let query = Sql::raw(
        "select g.node_id as program_node_id, g._props as program_props, p.node_id, p._props from node_program g \
         left join (",
    )
    .then_ident(&membership(dictionary)?)
    .text(" e join node_project p on p.node_id = e.src_id and p._props ->> 'code' = ")
    .bind(code)
    .text(") on e.dst_id = g.node_id where g._props ->> 'name' = ")
    .bind(program_name);
    let row = query.query().fetch_optional(connection).await?;
    let row = row.ok_or_else(|| Error::NotFound(format!("Program {program_name} not found")))?;
    let node_id: Option<String> = row.try_get("node_id")?;
    let node_id = node_id.ok_or_else(|| Error::NotFound(format!("Project {code} not found")))?;
    let props: Json<Map<String, Value>> = row.try_get("_props")?;
    let program_props: Json<Map<String, Value>> = row.try_get("program_props")?;
    let program = Program {
        node_id: row.try_get("program_node_id")?,
        name: program_name.to_owned(),
        props: program_props.0,
    };
    Ok(Project { node_id, code: code.to_owned(), props: props.0, program })
}

/// Table of the edges from projects to programs.
pub(crate) fn membership(dictionary: &Dictionary) -> Result<String, Error> {
    let link = dictionary
        .nodes
        .get("project")
        .and_then(|project| project.all_links().into_iter().find(|link| link.target_type == "program"))
        .ok_or_else(|| Error::Corrupt("the dictionary has no link from project to program".to_owned()))?;
    Ok(edge_table("project", &link.label, "program"))
}
