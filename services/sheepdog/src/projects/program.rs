//! Programs: list, create, update, delete.

use std::sync::Arc;

use authz::ResourceSpec;
use serde_json::{Map, Value, json};

use super::document::text;
use crate::{
    Error, Sheepdog,
    auth::{AdminPermit, LoggedIn, ManagePrograms},
    model::project::Program,
    rules::names::check_program,
    runtime::task::to_the_end,
    store,
};

/// Whoever names a new program or project takes turns with others who do.
pub(super) const NAMING: &str = "names of programs and projects";

/// Names of all programs.
///
/// # Errors
/// When the database fails.
pub async fn names(sheepdog: &Sheepdog, caller: &LoggedIn) -> Result<Vec<String>, Error> {
    store::projects::program_names(&mut *sheepdog.pool.acquire().await?, caller).await
}

/// The program called `name`, if there is one.
pub(crate) async fn find(sheepdog: &Sheepdog, name: &str) -> Result<Option<Program>, Error> {
    store::projects::program(&mut *sheepdog.pool.acquire().await?, name).await
}

/// The program called `name`, in whose path something is asked for.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn require(sheepdog: &Sheepdog, name: &str) -> Result<Program, Error> {
    let program = find(sheepdog, name).await?;
    program.ok_or_else(|| Error::NotFound(format!("program {name} not found")))
}

/// Makes the program of a document, or changes it.
///
/// # Errors
/// [`Error::BadRequest`] when the document is not one of a program.
pub async fn put(
    sheepdog: Arc<Sheepdog>,
    permit: AdminPermit<ManagePrograms>,
    document: &Map<String, Value>,
) -> Result<Value, Error> {
    let kind = document.get("type").unwrap_or(&Value::Null);
    if kind.as_str() != Some("program") {
        return Err(Error::BadRequest(format!("Invalid type in key type='{}'", python::str(kind))));
    }
    let name = text(document, "name").map(str::to_owned);
    let name = name.ok_or_else(|| Error::BadRequest("No program specified in key 'name'".to_owned()))?;
    let number = text(document, "dbgap_accession_number").map(str::to_owned);
    to_the_end(async move { put_here(&sheepdog, &permit, &name, number.as_deref()).await }).await
}

async fn put_here(
    sheepdog: &Sheepdog,
    permit: &AdminPermit<ManagePrograms>,
    name: &str,
    number: Option<&str>,
) -> Result<Value, Error> {
    let mut transaction = sheepdog.pool.begin().await?;
    store::projects::take_turns(&mut transaction, NAMING).await?;
    let others = store::projects::programs_like(&mut transaction, permit, name).await?;
    if !others.iter().any(|other| other == name) {
        check_program(name).map_err(Error::BadRequest)?;
        if let Some(other) = others.first() {
            return Err(Error::BadRequest(format!(
                "ERROR: Program {other} already exists in DB, and names that differ in the case of letters \
                 only are one name"
            )));
        }
    }
    let created = store::projects::put_program(&mut transaction, permit, name, number).await?;
    transaction.commit().await?;
    if let Some(number) = number {
        sheepdog.make_resource(&format!("/programs/{number}")).await;
    }
    let message = if created { "Program registered." } else { "Program is updated!" };
    let id = psqlgraph::ids::program_id(name);
    Ok(json!({ "id": id, "name": name, "message": message }))
}

/// Deletes a program without projects.
///
/// # Errors
/// [`Error::BadRequest`] when it has some.
pub(crate) async fn delete(
    sheepdog: Arc<Sheepdog>,
    permit: AdminPermit<ManagePrograms>,
    program: Program,
) -> Result<(), Error> {
    to_the_end(async move { delete_here(&sheepdog, &permit, &program).await }).await
}

async fn delete_here(
    sheepdog: &Sheepdog,
    permit: &AdminPermit<ManagePrograms>,
    program: &Program,
) -> Result<(), Error> {
    let mut transaction = sheepdog.pool.begin().await?;
    store::projects::lock_program(&mut transaction, permit, program).await?;
    let codes = store::projects::codes(&mut transaction, &sheepdog.dictionary, program).await?;
    if !codes.is_empty() {
        let message = format!("ERROR: Can not delete the program. Program {} is not empty", program.name);
        return Err(Error::BadRequest(message));
    }
    store::projects::delete_program(&mut transaction, permit, program).await?;
    transaction.commit().await?;
    Ok(())
}

impl Sheepdog {
    /// Creates the resource of a program or project. arborist may know better; then the log says so, no more.
    pub(super) async fn make_resource(&self, path: &str) {
        if let Err(error) = self.authz.ensure_resource(path, &ResourceSpec::default()).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(resource.path = path, error, "the resource could not be made");
        }
    }
}
