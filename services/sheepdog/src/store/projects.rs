//! Programs and projects.

use dictionary::{Dictionary, Link};
use psqlgraph::{
    names::edge_table,
    nodes::{ChangedNode, EdgeTable, End, NewNode},
    transactions::{self, NewLog, Role, State},
};
use serde_json::{Map, Value};
use sql::Sql;
use sqlx::{PgConnection, Row as _, types::Json};

use crate::{Error, entity::Node};

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
    membership_edges(dictionary).map(|edges| edges.name)
}

/// Makes other writers of the project wait until the transaction ends. Readers, and links to the project from
/// elsewhere, do not wait.
///
/// # Errors
/// [`Error::NotFound`] when the project has gone.
pub(crate) async fn lock(connection: &mut PgConnection, node_id: &str) -> Result<Map<String, Value>, Error> {
    let row = sqlx::query("select _props from node_project where node_id = $1 for no key update")
        .bind(node_id)
        .fetch_optional(connection)
        .await?;
    let row = row.ok_or_else(|| Error::NotFound("the project has been deleted".to_owned()))?;
    let props: Json<Map<String, Value>> = row.try_get("_props")?;
    Ok(props.0)
}

/// Keeps projects from being added to the program until the transaction ends.
pub(crate) async fn lock_program(connection: &mut PgConnection, node_id: &str) -> Result<(), Error> {
    sqlx::query("select from node_program where node_id = $1 for update")
        .bind(node_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Requests for one program or project take turns until their transactions end, also while it does not exist yet: the
/// second finds what the first has made.
pub(crate) async fn take_turns(connection: &mut PgConnection, node_id: &str) -> Result<(), Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(node_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes the program, or gives it another accession number. Says whether it was made.
pub(crate) async fn put_program(
    connection: &mut PgConnection,
    name: &str,
    accession_number: Option<&str>,
) -> Result<bool, Error> {
    let id = psqlgraph::ids::program_id(name).to_string();
    take_turns(connection, &id).await?;
    let row = sqlx::query("select _props from node_program where node_id = $1 for update")
        .bind(&id)
        .fetch_optional(&mut *connection)
        .await?;
    let stored = row.map(|row| row.try_get::<Json<Map<String, Value>>, _>("_props")).transpose()?;
    let is_new = stored.is_none();
    let old = stored.map(|Json(props)| props).unwrap_or_default();
    let mut props = old.clone();
    props.insert("name".to_owned(), name.into());
    if let Some(number) = accession_number {
        props.insert("dbgap_accession_number".to_owned(), number.into());
    }
    if is_new {
        let (key, props) = (name.to_owned(), Value::Object(props).to_string());
        let node = NewNode { node_id: id, key, props };
        psqlgraph::nodes::insert_nodes(connection, "program", &[], vec![node]).await?;
    } else if props != old {
        let node = ChangedNode { node_id: id, props: Value::Object(props).to_string() };
        psqlgraph::nodes::update_nodes(connection, "program", vec![node]).await?;
    }
    Ok(is_new)
}

/// The properties of the project with this node id and the id of its program, locked until the transaction ends.
pub(crate) async fn owned(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    node_id: &str,
) -> Result<Option<(Option<String>, Map<String, Value>)>, Error> {
    let query = Sql::raw("select p._props, (select e.dst_id from ")
        .then_ident(&membership(dictionary)?)
        .text(" e where e.src_id = p.node_id limit 1) as owner from node_project p where p.node_id = ")
        .bind(node_id)
        .text(" for no key update of p");
    let row = query.query().fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    let props: Json<Map<String, Value>> = row.try_get("_props")?;
    Ok(Some((row.try_get("owner")?, props.0)))
}

/// Writes a new or changed project and its link to the program.
pub(crate) async fn put_project(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    program_node_id: &str,
    node: &Node,
) -> Result<(), Error> {
    let props = Value::Object(node.props.clone()).to_string();
    if node.old.is_none() {
        let key = node.props.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
        let new = NewNode { node_id: node.id.clone(), key, props };
        psqlgraph::nodes::insert_nodes(connection, "project", &[], vec![new]).await?;
        let pairs = vec![(node.id.clone(), program_node_id.to_owned())];
        psqlgraph::nodes::insert_edges(connection, &membership_edges(dictionary)?, pairs).await?;
    } else if node.is_changed() {
        let changed = ChangedNode { node_id: node.id.clone(), props };
        psqlgraph::nodes::update_nodes(connection, "project", vec![changed]).await?;
    }
    Ok(())
}

/// Whether any node is linked to the project. One statement.
pub(crate) async fn has_nodes(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    node_id: &str,
) -> Result<bool, Error> {
    let Some(project) = dictionary.nodes.get("project") else { return Ok(false) };
    let tables = project.backlinks.iter().map(|(source, link)| {
        let table = edge_table(source, &link.label, "project");
        Sql::raw("exists (select from ").then_ident(&table).text(" where dst_id = ").bind(node_id).text(")")
    });
    let tables = Sql::join(" or ", tables);
    if tables.is_empty() {
        return Ok(false);
    }
    Ok(Sql::raw("select ").then(tables).scalar().fetch_one(connection).await?)
}

/// Deletes an empty project and logs it.
pub(crate) async fn delete_project(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    project: &Project,
    submitter: Option<&str>,
) -> Result<(), Error> {
    let ids = [project.node_id.clone()];
    let edges = membership_edges(dictionary)?;
    psqlgraph::nodes::delete_edges(connection, &edges, End::Source, &ids).await?;
    psqlgraph::nodes::delete_nodes(connection, "project", &ids).await?;
    let log = NewLog {
        submitter,
        role: Role::Delete,
        program: &project.program.name,
        project: &project.code,
        is_dry_run: false,
    };
    let id = transactions::open(connection, &log).await?;
    transactions::finish(connection, id, State::Succeeded, None).await?;
    Ok(())
}

fn membership_edges(dictionary: &Dictionary) -> Result<EdgeTable, Error> {
    let link = membership_link(dictionary)?;
    Ok(EdgeTable::of("project", &link.label, "program"))
}

fn membership_link(dictionary: &Dictionary) -> Result<&Link, Error> {
    dictionary
        .nodes
        .get("project")
        .and_then(|project| project.all_links().into_iter().find(|link| link.target_type == "program"))
        .ok_or_else(|| Error::Corrupt("the dictionary has no link from project to program".to_owned()))
}
