//! Committing and closing dry runs.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use psqlgraph::transactions::{self, Log, Role, State};
use serde_json::{Value, json};

use super::{
    resource,
    submission::{answer_with, find_project},
};
use crate::{
    Error, Sheepdog,
    auth::Permitted,
    document::Format,
    intake::Documents,
    removal::{self, Removal},
    spool::Spool,
    states::{self, Transition},
    store::projects::Project,
    submission::{self, Source, Submission},
    task::to_the_end,
};

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    // More digits than an id has are an unknown path, too.
    let commits = resource("/{program}/{project}/transactions/{id:[0-9]{1,9}}/commit");
    cfg.service(commits.route(web::put().to(commit)).route(web::post().to(commit)));
    let closes = resource("/{program}/{project}/transactions/{id:[0-9]{1,9}}/close");
    cfg.service(closes.route(web::put().to(close)).route(web::post().to(close)));
}

async fn commit(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, i32)>,
) -> Result<HttpResponse, Error> {
    let sheepdog = sheepdog.into_inner();
    let (program, code, id) = path.into_inner();
    let project = find_project(&sheepdog, &program, &code).await?;
    let methods = ["create", "update", "delete", "release", "review", "submit"];
    let permitted = sheepdog.permit(&request, &methods, &program, &code).await?;
    let mut connection = sheepdog.pool.acquire().await?;
    let log = transactions::lock(&mut connection, id).await?;
    let log = log.ok_or_else(|| unknown(id, &project))?;
    require_committable(&log, &project)?;
    let canonical = transactions::canonical(&mut connection, id).await?;
    let ids = transactions::snapshot_ids(&mut connection, id).await?;
    drop(connection);
    let replay = Replay { log, canonical, ids, permitted, path: request.path().to_owned() };
    let (code, answer) = replay.run(&sheepdog, project).await?;
    Ok(answer_with(code, answer))
}

/// A dry run that is done again for real.
struct Replay {
    log: Log,
    canonical: Value,
    ids: Vec<String>,
    permitted: Permitted,
    path: String,
}

impl Replay {
    async fn run(self, sheepdog: &Arc<Sheepdog>, project: Project) -> Result<(u16, Spool), Error> {
        let (permitted, commits) = (self.permitted, Some(self.log.id));
        if let Some(transition) = Transition::of_role(&self.log.role) {
            let path = self.path;
            let work = states::Request { project, permitted, transition, is_dry_run: false, commits, path };
            let (code, answer) = states::run(sheepdog, work).await?;
            return Ok((code, answer.into()));
        }
        super::submission::require_state(&project, &self.path, "open")?;
        if self.log.role == Role::Delete.as_str() {
            let (ids, removal) = (self.ids, Removal::Nodes);
            let work = removal::Request { project, permitted, ids, removal, is_dry_run: false, commits };
            let (code, answer) = removal::run(sheepdog, work).await?;
            return Ok((code, answer.into()));
        }
        let role = if self.log.role == Role::Create.as_str() { Role::Create } else { Role::Update };
        let text = self.canonical.to_string();
        let Value::Array(documents) = self.canonical else {
            return Err(Error::Corrupt(format!("the documents of transaction {} are no list", self.log.id)));
        };
        if documents.is_empty() {
            return Err(Error::BadRequest(format!(
                "The documents of transaction_log '{}' were too many to be kept, so that it cannot be committed. Submit \
                 them again.",
                self.log.id
            )));
        }
        let source = Source { name: None, format: Format::Json, body: text.into() };
        let room = sheepdog.room.take(source.body.len()).await?;
        let (permitted, documents) = (permitted.into(), Documents::Whole(documents));
        let work = Submission { project, permitted, role, is_dry_run: false, commits, documents, source };
        submission::run(sheepdog, work, room).await
    }
}

fn require_committable(log: &Log, project: &Project) -> Result<(), Error> {
    let id = log.id;
    let refusal = if log.state != State::Succeeded.as_str() {
        format!("Unable to commit transaction log in state {}.", log.state)
    } else if log.closed {
        "Unable to commit closed transaction log.".to_owned()
    } else if let Some(by) = log.committed_by {
        format!("This transaction_log was committed already by transaction '{by}'.")
    } else if !log.is_dry_run {
        format!("Cannot submit transaction_log '{id}', not a dry_run.")
    } else if !is_of(log, project) {
        format!("Cannot submit transaction_log '{id}', in project {}.", project.project_id())
    } else {
        return Ok(());
    };
    Err(Error::BadRequest(refusal))
}

fn is_of(log: &Log, project: &Project) -> bool {
    log.program == project.program.name && log.project == project.code
}

fn unknown(id: i32, project: &Project) -> Error {
    Error::NotFound(format!(
        "Unable to find transaction_log with id: {id} for project {}",
        project.project_id()
    ))
}

async fn close(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, i32)>,
) -> Result<HttpResponse, Error> {
    let (program, code, id) = path.into_inner();
    let project = find_project(&sheepdog, &program, &code).await?;
    sheepdog.permit(&request, &["update"], &program, &code).await?;
    to_the_end(close_log(sheepdog.into_inner(), project, id)).await?;
    let answer = json!({ "code": 200, "message": "Closed transaction.", "transaction_id": id });
    Ok(HttpResponse::Ok().json(answer))
}

async fn close_log(sheepdog: Arc<Sheepdog>, project: Project, id: i32) -> Result<(), Error> {
    let mut transaction = sheepdog.pool.begin().await?;
    let log = transactions::lock(&mut transaction, id).await?.filter(|log| is_of(log, &project));
    let log = log.ok_or_else(|| unknown(id, &project))?;
    let refuse = |message: &str| Err(Error::BadRequest(message.to_owned()));
    if log.closed {
        return refuse("This transaction log is already closed.");
    }
    if !log.is_dry_run {
        return refuse("This transaction log is not a dry run. Closing it would have no effect.");
    }
    if let Some(by) = log.committed_by {
        return refuse(&format!("This transaction log has already been committed by transaction '{by}'."));
    }
    transactions::close(&mut transaction, id).await?;
    transaction.commit().await?;
    Ok(())
}
