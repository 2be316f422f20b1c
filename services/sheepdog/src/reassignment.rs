//! Another location for the bytes of a file node.

use std::sync::Arc;

use ::web::Failure;
use indexclient::{Caller, IndexError, Record};
use psqlgraph::{
    nodes::ChangedNode,
    outbox,
    transactions::{self, Document, Role, Snapshot, State},
};
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::{
    Error, Sheepdog,
    answer::json::written,
    auth::FilesPermit,
    export::records,
    rules::files::{FileContext, Patch},
    runtime::task::to_the_end,
    store,
    transaction::{Mode, Opened, stamp},
};

/// A request for another location of a file of a project, with the permission for it:
///
/// ```no_run
/// use sheepdog::{auth::FilesPermit, reassignment::Reassignment};
///
/// fn reassign(permit: FilesPermit) -> Reassignment {
///     Reassignment::new(permit, "node-id".to_owned(), "s3://bucket/key".to_owned(), "{}".to_owned())
/// }
/// ```
///
/// ```compile_fail,E0308
/// use sheepdog::{auth::{ProjectPermit, Update}, reassignment::Reassignment};
///
/// fn reassign(permit: ProjectPermit<Update>) -> Reassignment {
///     Reassignment::new(permit, "node-id".to_owned(), "s3://bucket/key".to_owned(), "{}".to_owned())
/// }
/// ```
#[derive(Debug)]
pub struct Reassignment {
    permit: FilesPermit,
    node_id: String,
    url: String,
    body: String,
}

impl Reassignment {
    /// The file node `node_id` gets the one location `url`. `body` is that of the request, for the log.
    pub fn new(permit: FilesPermit, node_id: String, url: String, body: String) -> Self {
        Self { permit, node_id, url, body }
    }
}

/// A file node.
struct File {
    label: String,
    props: Map<String, Value>,
    /// Its record in the file index.
    record: Record,
}

/// Replaces the locations of the file's index record and says that the file is uploaded. Logged as an update.
/// A client that goes away does not stop it.
///
/// # Errors
/// [`Error::NotFound`] when the project has no such file, or the index no record of it; [`Error::BadRequest`]
/// when the record belongs to another project, or the index refuses.
pub(crate) async fn run(sheepdog: Arc<Sheepdog>, request: Reassignment) -> Result<Value, Error> {
    to_the_end(async move { run_here(&sheepdog, &request).await }).await
}

async fn run_here(sheepdog: &Sheepdog, request: &Reassignment) -> Result<Value, Error> {
    let project = request.permit.project();
    let _turn = sheepdog.turns.take(&project.node_id).await;
    let mut transaction = sheepdog.pool.begin().await?;
    store::projects::lock(&mut transaction, &request.permit).await?;
    outbox::lock_shared(&mut transaction).await?;
    let file = find(sheepdog, &mut transaction, request).await?;
    let context = FileContext {
        project,
        auth_namespace: &sheepdog.config.auth_namespace,
        require_existing: false,
        username: request.permit.submitter(),
    };
    if !context.guards(&file.record) {
        let did = &file.record.did;
        let message = format!("Indexed file of id {did} belongs to another project: its urls stay.");
        return Err(Error::BadRequest(message));
    }
    let message = format!("URL successfully reassigned. New url: {}", request.url);
    let answer = json!({ "message": message });
    let opened = write(sheepdog, &mut transaction, request, &file, &answer).await?;
    let patch = Patch::of_urls(&file.record, vec![request.url.clone()]);
    let done = relocate(sheepdog, transaction, &opened, &patch).await;
    if done.is_err() {
        sheepdog.outbox.take_back(opened.id).await;
    }
    done.map(|()| answer)
}

/// The index last: it can be put back, and what the database refuses has been refused by now.
async fn relocate(
    sheepdog: &Sheepdog,
    mut transaction: Transaction<'_, Postgres>,
    opened: &Opened,
    patch: &Patch,
) -> Result<(), Error> {
    let Patch { revision, patch, undo } = patch;
    outbox::rely(&mut transaction, opened.id, std::slice::from_ref(&revision.did)).await?;
    let noted = sheepdog.outbox.note_patch(opened.id, &revision.did, patch, undo).await?;
    let updated = sheepdog.index.update(&Caller::Service, revision, patch).await;
    updated.map_err(refused)?;
    opened.close_notes(&mut transaction, noted).await?;
    opened.commit(sheepdog, transaction).await
}

fn refused(error: IndexError) -> Error {
    match error {
        IndexError::Unavailable(_) => Failure::Busy(Box::new(error)).into(),
        error => Error::BadRequest(format!("The file index refused: {error}")),
    }
}

async fn find(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    request: &Reassignment,
) -> Result<File, Error> {
    let (dictionary, node_id) = (&*sheepdog.dictionary, &request.node_id);
    let project_id = request.permit.project().project_id();
    let unknown = || Error::NotFound(format!("No file with id {node_id} in {project_id}"));
    let types = store::export::types_of(connection, dictionary, std::slice::from_ref(node_id)).await?;
    let found = records::find(connection, dictionary, &request.permit.reading(), &types).await?;
    let (node_type, record) = found
        .into_iter()
        .filter(|(node_type, _)| node_type.category.is_file())
        .find_map(|(node_type, records)| Some((node_type, records.into_iter().next()?)))
        .ok_or_else(unknown)?;
    let did = if node_type.has_object_id() {
        record.props.get("object_id").and_then(Value::as_str).map(str::to_owned)
    } else {
        Some(record.id)
    };
    let did = did.ok_or_else(|| Error::NotFound(format!("The file {node_id} has no object_id")))?;
    let indexed = sheepdog.index.get_many(std::slice::from_ref(&did)).await;
    let indexed = indexed.map_err(refused)?.into_iter().next();
    let indexed =
        indexed.ok_or_else(|| Error::NotFound(format!("The file index has no record with id {did}")))?;
    Ok(File { label: node_type.id.clone(), props: record.props, record: indexed })
}

/// The node, its history, and the log.
async fn write(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    request: &Reassignment,
    file: &File,
    answer: &Value,
) -> Result<Opened, Error> {
    let opened = Opened::within(sheepdog, connection, &request.permit, Role::Update, Mode::Real).await?;
    if let Some(node_type) = sheepdog.dictionary.nodes.get(&file.label) {
        let node_id = &request.node_id;
        let mut props = file.props.clone();
        if node_type.properties.contains_key("file_state") {
            props.insert("file_state".to_owned(), json!("uploaded"));
        }
        if props != file.props {
            if props.contains_key("updated_datetime") {
                props.insert("updated_datetime".to_owned(), json!(stamp()));
            }
            let text = Value::from(props.clone()).to_string();
            let changed = ChangedNode { node_id: node_id.clone(), props: text };
            psqlgraph::nodes::update_nodes(connection, &file.label, vec![changed]).await?;
        }
        let snapshot = Snapshot {
            entity_id: node_id.clone(),
            action: "update",
            old_props: json!(node_type.all_properties(&file.props)).to_string(),
            new_props: json!(node_type.all_properties(&props)).to_string(),
        };
        transactions::add_snapshots(connection, opened.id, vec![snapshot]).await?;
    }
    let response = written(answer)?;
    let document = Document { name: None, format: "json", text: &request.body, response: &*response };
    opened.finish(connection, State::Succeeded, &document).await?;
    Ok(opened)
}
