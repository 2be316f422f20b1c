//! Programs and projects.

use dictionary::{Dictionary, NodeType};
use psqlgraph::{
    names::edge_table,
    nodes::{ChangedNode, Edge, EdgeTable, End, NewNode},
};
use serde_json::{Map, Value};
use sql::Sql;
use sqlx::{PgConnection, Row as _, types::Json};

use crate::{
    Error,
    auth::{AdminPermit, ChangeState, LoggedIn, ManagePrograms, ManageProjects, Permitted, ProjectPermit},
    model::{
        entity::{Action, Node},
        project::{Program, Project, ProjectPath},
    },
};

/// Names of all programs.
pub(crate) async fn program_names(connection: &mut PgConnection, _: &LoggedIn) -> Result<Vec<String>, Error> {
    let names = sqlx::query_scalar(
        "select _props ->> 'name' from node_program where _props ->> 'name' is not null \
         order by created, node_id",
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

/// Codes of the projects of a program.
///
/// ```sql
/// select p._props ->> 'code' from node_project p
/// join "edge_projectmemberofprogram" e on e.src_id = p.node_id
/// where p._props ->> 'code' is not null and e.dst_id = $1 order by p.created, p.node_id
/// ```
pub(crate) async fn codes(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    program: &Program,
) -> Result<Vec<String>, Error> {
    let query = Sql::raw("select p._props ->> 'code' from node_project p join ")
        .then_ident(&membership(dictionary)?)
        .text(" e on e.src_id = p.node_id where p._props ->> 'code' is not null and e.dst_id = ")
        .bind(program.node_id.as_str())
        .text(" order by p.created, p.node_id");
    Ok(query.scalar().fetch_all(connection).await?)
}

/// The project at `path`, whose program must exist, too. Nobody has asked yet whether the caller may know of
/// it: what is not there is told to everybody, as the original does.
///
/// ```sql
/// select g.node_id as program_node_id, g._props as program_props, p.node_id, p._props
/// from node_program g left join (
///     "edge_projectmemberofprogram" e
///     join node_project p on p.node_id = e.src_id and p._props ->> 'code' = $1
/// ) on e.dst_id = g.node_id where g._props ->> 'name' = $2
/// ```
///
/// # Errors
/// [`Error::NotFound`] in the words of the submission routes.
pub(crate) async fn project(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    path: &ProjectPath,
) -> Result<Project, Error> {
    let query =
        Sql::raw("select g.node_id as program_node_id, g._props as program_props, p.node_id, p._props ")
            .text("from node_program g left join (")
            .then_ident(&membership(dictionary)?)
            .text(" e join node_project p on p.node_id = e.src_id and p._props ->> 'code' = ")
            .bind(path.code.as_str())
            .text(") on e.dst_id = g.node_id where g._props ->> 'name' = ")
            .bind(path.program.as_str());
    let row = query.query().fetch_optional(connection).await?;
    let row = row.ok_or_else(|| Error::NotFound(format!("Program {} not found", path.program)))?;
    let node_id: Option<String> = row.try_get("node_id")?;
    let node_id = node_id.ok_or_else(|| Error::NotFound(format!("Project {} not found", path.code)))?;
    let props: Json<Map<String, Value>> = row.try_get("_props")?;
    let program_props: Json<Map<String, Value>> = row.try_get("program_props")?;
    let program = Program {
        node_id: row.try_get("program_node_id")?,
        name: path.program.clone(),
        props: program_props.0,
    };
    Ok(Project { node_id, path: path.clone(), props: props.0, program })
}

/// Table of the edges from projects to programs.
pub(crate) fn membership(dictionary: &Dictionary) -> Result<String, Error> {
    membership_edges(dictionary).map(|edges| edges.name)
}

/// Makes other writers of the project wait until the transaction ends, and gives its properties. Readers, and
/// links to the project from elsewhere, do not wait.
///
/// # Errors
/// [`Error::NotFound`] when the project has gone.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    permitted: &Permitted,
) -> Result<Map<String, Value>, Error> {
    lock_row(connection, permitted.project()).await
}

/// The same for those who administer all projects.
///
/// # Errors
/// See [`lock`].
pub(crate) async fn lock_as_admin(
    connection: &mut PgConnection,
    _: &AdminPermit<ManageProjects>,
    project: &Project,
) -> Result<(), Error> {
    lock_row(connection, project).await.map(drop)
}

async fn lock_row(connection: &mut PgConnection, project: &Project) -> Result<Map<String, Value>, Error> {
    let row = sqlx::query("select _props from node_project where node_id = $1 for no key update")
        .bind(&project.node_id)
        .fetch_optional(connection)
        .await?;
    let row = row.ok_or_else(|| Error::NotFound("the project has been deleted".to_owned()))?;
    let props: Json<Map<String, Value>> = row.try_get("_props")?;
    Ok(props.0)
}

/// Keeps projects from being added to the program until the transaction ends.
pub(crate) async fn lock_program(
    connection: &mut PgConnection,
    _: &AdminPermit<ManagePrograms>,
    program: &Program,
) -> Result<(), Error> {
    sqlx::query("select from node_program where node_id = $1 for update")
        .bind(&program.node_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes a program without projects.
pub(crate) async fn delete_program(
    connection: &mut PgConnection,
    _: &AdminPermit<ManagePrograms>,
    program: &Program,
) -> Result<(), Error> {
    let ids = [program.node_id.clone()];
    Ok(psqlgraph::nodes::delete_nodes(connection, "program", &ids).await?)
}

/// Requests for one program or project take turns until their transactions end, also while it does not exist
/// yet: the second finds what the first has made.
pub(crate) async fn take_turns(connection: &mut PgConnection, node_id: &str) -> Result<(), Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(node_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Names of programs that are this one but for the case of letters.
pub(crate) async fn programs_like(
    connection: &mut PgConnection,
    _: &AdminPermit<ManagePrograms>,
    name: &str,
) -> Result<Vec<String>, Error> {
    let names = sqlx::query_scalar(
        "select _props ->> 'name' from node_program where lower(_props ->> 'name') = lower($1) \
         order by created, node_id",
    );
    Ok(names.bind(name).fetch_all(connection).await?)
}

/// A project that has the code or the project id of `path` but for the case of letters.
///
/// ```sql
/// select g._props ->> 'name' as program, p._props ->> 'code' as code from node_project p
/// join "edge_projectmemberofprogram" e on e.src_id = p.node_id join node_program g on g.node_id = e.dst_id
/// where lower(p._props ->> 'code') = lower($1)
/// or lower((g._props ->> 'name') || '-' || (p._props ->> 'code')) = lower($2)
/// order by p.created, p.node_id limit 1
/// ```
pub(crate) async fn project_like(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    _: &AdminPermit<ManageProjects>,
    path: &ProjectPath,
) -> Result<Option<ProjectPath>, Error> {
    let query = Sql::raw("select g._props ->> 'name' as program, p._props ->> 'code' as code ")
        .text("from node_project p join ")
        .then_ident(&membership(dictionary)?)
        .text(" e on e.src_id = p.node_id join node_program g on g.node_id = e.dst_id ")
        .text("where lower(p._props ->> 'code') = lower(")
        .bind(path.code.as_str())
        .text(") or lower((g._props ->> 'name') || '-' || (p._props ->> 'code')) = lower(")
        .bind(path.project_id())
        .text(") order by p.created, p.node_id limit 1");
    let Some(row) = query.query().fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some(ProjectPath { program: row.try_get("program")?, code: row.try_get("code")? }))
}

/// Makes the program, or gives it another accession number. Says whether it was made.
pub(crate) async fn put_program(
    connection: &mut PgConnection,
    _: &AdminPermit<ManagePrograms>,
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

/// The properties of the project with this node id and the id of its program, locked until the transaction
/// ends.
///
/// ```sql
/// select p._props, (
///     select e.dst_id from "edge_projectmemberofprogram" e where e.src_id = p.node_id limit 1
/// ) as owner from node_project p where p.node_id = $1 for no key update of p
/// ```
pub(crate) async fn owned(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    _: &AdminPermit<ManageProjects>,
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

/// Writes a new or changed project of the program.
pub(crate) async fn put_project(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    _: &AdminPermit<ManageProjects>,
    program: &Program,
    node: &Node,
) -> Result<(), Error> {
    if node.old.is_some() {
        return update_project(connection, node).await;
    }
    let key = node.props.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
    let props = Value::Object(node.props.clone()).to_string();
    let new = NewNode { node_id: node.id.clone(), key, props };
    psqlgraph::nodes::insert_nodes(connection, "project", &[], vec![new]).await?;
    let edge = Edge { source: node.id.clone(), destination: program.node_id.clone() };
    Ok(psqlgraph::nodes::insert_edges(connection, &membership_edges(dictionary)?, vec![edge]).await?)
}

/// Gives the project other properties. `old` are those that it has.
pub(crate) async fn set_props(
    connection: &mut PgConnection,
    permit: &ProjectPermit<ChangeState>,
    old: Map<String, Value>,
    props: Map<String, Value>,
) -> Result<(), Error> {
    let id = permit.project().node_id.clone();
    update_project(connection, &Node { id, action: Action::Update, old: Some(old), props }).await
}

async fn update_project(connection: &mut PgConnection, node: &Node) -> Result<(), Error> {
    if !node.is_changed() {
        return Ok(());
    }
    let props = Value::Object(node.props.clone()).to_string();
    let changed = ChangedNode { node_id: node.id.clone(), props };
    Ok(psqlgraph::nodes::update_nodes(connection, "project", vec![changed]).await?)
}

/// Whether any node is linked to the project. One statement.
///
/// ```sql
/// select exists (select from "edge_studyperformedforproject" where dst_id = $1) or ...
/// ```
pub(crate) async fn has_nodes(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    project: &Project,
) -> Result<bool, Error> {
    let Some(project_type) = dictionary.nodes.get("project") else { return Ok(false) };
    let tables = project_type.backlinks.iter().map(|(source, link)| {
        let table = edge_table(source, &link.label, "project");
        let node_id = project.node_id.as_str();
        Sql::raw("exists (select from ").then_ident(&table).text(" where dst_id = ").bind(node_id).text(")")
    });
    let tables = Sql::join(" or ", tables);
    if tables.is_empty() {
        return Ok(false);
    }
    Ok(Sql::raw("select ").then(tables).scalar().fetch_one(connection).await?)
}

/// Deletes a project without nodes.
pub(crate) async fn delete_project(
    connection: &mut PgConnection,
    dictionary: &Dictionary,
    _: &AdminPermit<ManageProjects>,
    project: &Project,
) -> Result<(), Error> {
    let ids = [project.node_id.clone()];
    let edges = membership_edges(dictionary)?;
    psqlgraph::nodes::delete_edges(connection, &edges, End::Source, &ids).await?;
    Ok(psqlgraph::nodes::delete_nodes(connection, "project", &ids).await?)
}

fn membership_edges(dictionary: &Dictionary) -> Result<EdgeTable, Error> {
    let links = dictionary.nodes.get("project").into_iter().flat_map(NodeType::all_links);
    let link = links.into_iter().find(|link| link.target_type == "program");
    let link = link.ok_or_else(|| {
        Error::internal(
            "finding the programs of projects",
            "the dictionary has no link from project to program",
        )
    })?;
    Ok(EdgeTable::of_link("project", link))
}
