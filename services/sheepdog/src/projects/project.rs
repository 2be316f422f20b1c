//! Projects: list, create, update, delete.

use std::sync::Arc;

use dictionary::ViolationKind;
use psqlgraph::transactions::{self, Role, State};
use serde_json::{Map, Value, json};

use super::{document::text, program::NAMING};
use crate::{
    Error, Sheepdog,
    answer::outcome::{Errors, Outcome, Reader, Statuses},
    auth::{AdminPermit, LoggedIn, ManageProjects},
    model::{
        entity::{Action, Entity, Node},
        project::{Program, Project, ProjectPath},
    },
    rules::names::check_project,
    runtime::{batches::Batches, spool::Spool, task::to_the_end},
    store,
    transaction::{Opened, require_state},
};

/// The project at `path`.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn find(sheepdog: &Sheepdog, path: &ProjectPath) -> Result<Project, Error> {
    store::projects::project(&mut *sheepdog.pool.acquire().await?, &sheepdog.dictionary, path).await
}

/// Codes of the projects of a program.
pub(crate) async fn codes(
    sheepdog: &Sheepdog,
    _: &LoggedIn,
    program: &Program,
) -> Result<Vec<String>, Error> {
    store::projects::codes(&mut *sheepdog.pool.acquire().await?, &sheepdog.dictionary, program).await
}

/// Makes the project of a document, or changes it; the answer is that of a transaction. `path` is that of the
/// request.
///
/// # Errors
/// [`Error::BadRequest`] when the document is not one of a project, or the project takes no change now.
pub(crate) async fn put(
    sheepdog: Arc<Sheepdog>,
    permit: AdminPermit<ManageProjects>,
    program: Program,
    document: Map<String, Value>,
    path: String,
) -> Result<Spool, Error> {
    let missing = |message: &str| Error::BadRequest(message.to_owned());
    if let Some(kind) = document.get("type").filter(|kind| !kind.is_null() && **kind != "project") {
        let message = format!("Invalid post to program endpoint with type='{}'", python::str(kind));
        return Err(Error::BadRequest(message));
    }
    let code =
        text(&document, "code").ok_or_else(|| missing("No project specified in key 'code'"))?.to_owned();
    let number = text(&document, "dbgap_accession_number")
        .ok_or_else(|| missing("No dbgap_accession_number specified."))?
        .to_owned();
    let props = submitted_props(&sheepdog, document, &code)?;
    let work = async move {
        let mut outcome = write(&sheepdog, &permit, &program, &code, props, &path).await?;
        if let Some(program_number) = text(&program.props, "dbgap_accession_number") {
            sheepdog.make_resource(&format!("/programs/{program_number}/projects/{number}")).await;
        }
        outcome.answer(&sheepdog.config.place(), &sheepdog.dictionary, Reader::Client).await
    };
    to_the_end(work).await
}

/// The properties that a user may set, checked against the schema as far as they are given: what the schema
/// requires is not required here.
fn submitted_props(
    sheepdog: &Sheepdog,
    document: Map<String, Value>,
    code: &str,
) -> Result<Map<String, Value>, Error> {
    let node_type = sheepdog.dictionary.nodes.get("project");
    let node_type =
        node_type.ok_or_else(|| Error::internal("checking a project", "the dictionary has no project"))?;
    let mut props = Map::new();
    for (name, value) in document {
        if matches!(name.as_str(), "type" | "state" | "released") {
            continue;
        }
        // Its id and its program are given by the code and the address.
        let is_given = name == "id" || node_type.is_link(&name);
        if is_given || !node_type.properties.contains_key(&name) {
            let id = psqlgraph::ids::project_id_uuid(code);
            return Err(Error::BadRequest(format!("ERROR: <Project({id})> has no property {name}")));
        }
        props.insert(name, value);
    }
    let mut checked = props.clone();
    checked.insert("type".to_owned(), json!("project"));
    let violations = sheepdog.validators.check("project", &Value::Object(checked)).into_iter();
    let violations = violations.filter(|violation| violation.kind != ViolationKind::MissingProperty);
    let messages: Vec<String> = violations.map(|violation| violation.message).collect();
    if messages.is_empty() { Ok(props) } else { Err(Error::BadRequest(messages.join("; "))) }
}

async fn write(
    sheepdog: &Sheepdog,
    permit: &AdminPermit<ManageProjects>,
    program: &Program,
    code: &str,
    props: Map<String, Value>,
    path: &str,
) -> Result<Outcome, Error> {
    let dictionary = &sheepdog.dictionary;
    let mut transaction = sheepdog.pool.begin().await?;
    let id = psqlgraph::ids::project_id_uuid(code).to_string();
    store::projects::take_turns(&mut transaction, NAMING).await?;
    let node = match store::projects::owned(&mut transaction, dictionary, permit, &id).await? {
        None => {
            check_project(code).map_err(Error::BadRequest)?;
            let path = ProjectPath { program: program.name.clone(), code: code.to_owned() };
            let other = store::projects::project_like(&mut transaction, dictionary, permit, &path).await?;
            if let Some(other) = other {
                return Err(Error::BadRequest(taken(&other, &path)));
            }
            new_project(id, props)
        }
        Some((owner, old)) => {
            if owner.as_deref() != Some(program.node_id.as_str()) {
                return Err(Error::BadRequest(format!("ERROR: Project {code} already exists in DB")));
            }
            require_state(&old, path, &["open"])?;
            let mut merged = old.clone();
            merged.extend(props);
            Node { id, action: Action::Update, old: Some(old), props: merged }
        }
    };
    // The log row of a project stays PENDING and names nobody: clients of the transaction log know it so.
    let path = ProjectPath { program: program.name.clone(), code: code.to_owned() };
    let opened = Opened::of_admin(sheepdog, &mut transaction, None, &path, Role::Update).await?;
    store::projects::put_project(&mut transaction, dictionary, permit, program, &node).await?;
    transaction.commit().await?;
    Ok(Outcome {
        transaction_id: opened.id,
        entities: Batches::whole(vec![Entity::stored("project", node)]),
        errors: Errors::new(sheepdog.config.place()),
        statuses: Statuses { is_dry_run: false, success: 200 },
    })
}

/// Why a project cannot be made beside `other`.
fn taken(other: &ProjectPath, path: &ProjectPath) -> String {
    let (shared, code) = (other.project_id(), &other.code);
    if shared == path.project_id() {
        let program = &other.program;
        return format!("ERROR: Project {code} of program {program} already has the project id {shared}");
    }
    format!(
        "ERROR: Project {code} already exists in DB, and codes that differ in the case of letters only are \
         one code"
    )
}

fn new_project(id: String, mut props: Map<String, Value>) -> Node {
    props.insert("state".to_owned(), json!("open"));
    Node { id, action: Action::Create, old: None, props }
}

/// Deletes a project without nodes, and logs it.
///
/// # Errors
/// [`Error::BadRequest`] when it has some.
pub(crate) async fn delete(
    sheepdog: Arc<Sheepdog>,
    permit: AdminPermit<ManageProjects>,
    project: Project,
) -> Result<(), Error> {
    to_the_end(async move { delete_here(&sheepdog, &permit, &project).await }).await
}

async fn delete_here(
    sheepdog: &Sheepdog,
    permit: &AdminPermit<ManageProjects>,
    project: &Project,
) -> Result<(), Error> {
    let dictionary = &sheepdog.dictionary;
    let mut transaction = sheepdog.pool.begin().await?;
    store::projects::lock_as_admin(&mut transaction, permit, project).await?;
    if store::projects::has_nodes(&mut transaction, dictionary, project).await? {
        // The blanks are the original's.
        let (blanks, code) = (" ".repeat(29), &project.path.code);
        let message = format!("ERROR: Can not delete the project.{blanks}Project {code} is not empty");
        return Err(Error::BadRequest(message));
    }
    store::projects::delete_project(&mut transaction, dictionary, permit, project).await?;
    let submitter = permit.submitter();
    let opened = Opened::of_admin(sheepdog, &mut transaction, submitter, &project.path, Role::Delete).await?;
    transactions::finish(&mut transaction, opened.id, State::Succeeded, None).await?;
    transaction.commit().await?;
    Ok(())
}
