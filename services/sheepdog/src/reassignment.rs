//! Another location for the bytes of a file node.

use std::sync::Arc;

use chrono::{SecondsFormat, Utc};
use indexclient::{Caller, Record, Revision};
use psqlgraph::{
    nodes::ChangedNode,
    transactions::{self, Document, NewLog, Role, Snapshot, State},
};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;

use crate::{
    Error, Sheepdog,
    answer::written,
    auth::Permitted,
    classify::has_object_id,
    files::{Context, Patch},
    store::{self, projects::Project},
    submission::all_props,
    task::to_the_end,
};

/// A request for another location.
pub(crate) struct Request {
    pub project: Project,
    pub permitted: Permitted,
    /// Node id.
    pub id: String,
    /// The one location that the file will have.
    pub url: String,
    /// The body as it came.
    pub body: String,
}

/// A file node.
struct File {
    label: String,
    props: Map<String, Value>,
    /// Its record in the file index.
    record: Record,
}

/// Replaces the locations of the file's index record and says that the file is uploaded. Logged as an update. A client
/// that goes away does not stop it.
///
/// # Errors
/// [`Error::NotFound`] when the project has no such file, or the index no record of it; [`Error::BadRequest`] when the
/// record belongs to another project, or the index refuses.
pub(crate) async fn run(sheepdog: &Arc<Sheepdog>, request: Request) -> Result<Value, Error> {
    let sheepdog = sheepdog.clone();
    to_the_end(async move { run_here(&sheepdog, &request).await }).await
}

async fn run_here(sheepdog: &Sheepdog, request: &Request) -> Result<Value, Error> {
    let project = &request.project;
    let _turn = sheepdog.turns.take(&project.node_id).await;
    let mut transaction = sheepdog.pool.begin().await?;
    store::projects::lock(&mut transaction, &project.node_id).await?;
    let file = find(sheepdog, &mut transaction, request).await?;
    let context = Context {
        project,
        auth_namespace: &sheepdog.config.auth_namespace,
        require_existing: false,
        username: request.permitted.submitter.as_deref(),
    };
    if !context.guards(&file.record) {
        let did = &file.record.did;
        let message = format!("Indexed file of id {did} belongs to another project: its urls stay.");
        return Err(Error::BadRequest(message));
    }
    let message = format!("URL successfully reassigned. New url: {}", request.url);
    let answer = json!({ "message": message });
    write(sheepdog, &mut transaction, request, &file, &answer).await?;
    // The index last: it can be put back, and what the database refuses has been refused by now.
    let patch = Patch::of_urls(&file.record, vec![request.url.clone()]);
    let updated = sheepdog.index.update(&Caller::Service, &patch.revision, &patch.patch).await;
    let revision = updated.map_err(|error| Error::BadRequest(format!("The file index refused: {error}")))?;
    if let Err(error) = transaction.commit().await {
        put_back(sheepdog, &revision, &patch).await;
        return Err(error.into());
    }
    Ok(answer)
}

async fn put_back(sheepdog: &Sheepdog, revision: &Revision, patch: &Patch) {
    if let Err(error) = sheepdog.index.update(&Caller::Service, revision, &patch.undo).await {
        tracing::error!(index.did = revision.did, error = %error, "an index record could not be put back");
    }
}

async fn find(sheepdog: &Sheepdog, connection: &mut PgConnection, request: &Request) -> Result<File, Error> {
    let dictionary = &*sheepdog.dictionary;
    let unknown =
        || Error::NotFound(format!("No file with id {} in {}", request.id, request.project.project_id()));
    let ids = [request.id.clone()];
    let types = store::export::types_of(connection, dictionary, &ids).await?;
    let found = store::export::find(connection, dictionary, &types, &request.project.project_id()).await?;
    let (node_type, record) = found
        .into_iter()
        .filter(|(node_type, _)| node_type.category.is_file())
        .find_map(|(node_type, records)| Some((node_type, records.into_iter().next()?)))
        .ok_or_else(unknown)?;
    let did = match has_object_id(node_type) {
        true => record.props.get("object_id").and_then(Value::as_str).map(str::to_owned),
        false => Some(record.id),
    };
    let did = did.ok_or_else(|| Error::NotFound(format!("The file {} has no object_id", request.id)))?;
    let indexed = sheepdog.index.get_many(std::slice::from_ref(&did)).await;
    let indexed = indexed.map_err(|error| Error::BadRequest(format!("The file index refused: {error}")))?;
    let indexed = indexed.into_iter().next();
    let indexed =
        indexed.ok_or_else(|| Error::NotFound(format!("The file index has no record with id {did}")))?;
    Ok(File { label: node_type.id.clone(), props: record.props, record: indexed })
}

/// The node, its history, and the log.
async fn write(
    sheepdog: &Sheepdog,
    connection: &mut PgConnection,
    request: &Request,
    file: &File,
    answer: &Value,
) -> Result<(), Error> {
    let log = NewLog {
        submitter: request.permitted.submitter.as_deref(),
        role: Role::Update,
        program: &request.project.program.name,
        project: &request.project.code,
        is_dry_run: false,
    };
    let id = transactions::open(connection, &log).await?;
    if let Some(node_type) = sheepdog.dictionary.nodes.get(&file.label) {
        let mut props = file.props.clone();
        if node_type.properties.contains_key("file_state") {
            props.insert("file_state".to_owned(), json!("uploaded"));
        }
        if props != file.props {
            if props.contains_key("updated_datetime") {
                let stamp = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, false);
                props.insert("updated_datetime".to_owned(), json!(stamp));
            }
            let changed =
                ChangedNode { node_id: request.id.clone(), props: Value::from(props.clone()).to_string() };
            psqlgraph::nodes::update_nodes(connection, &file.label, vec![changed]).await?;
        }
        let snapshot = Snapshot {
            entity_id: request.id.clone(),
            action: "update",
            old_props: json!(all_props(node_type, &file.props)).to_string(),
            new_props: json!(all_props(node_type, &props)).to_string(),
        };
        transactions::add_snapshots(connection, id, vec![snapshot]).await?;
    }
    let response = written(answer)?;
    let document = Document { name: None, format: "json", text: &request.body, response: &*response };
    transactions::add_document(connection, id, &document).await?;
    Ok(transactions::finish(connection, id, State::Succeeded, None).await?)
}
