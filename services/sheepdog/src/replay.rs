//! Dry runs that are done again for real, and those that are closed.

use std::sync::Arc;

use documents::Format;
use psqlgraph::transactions::{self, Log, Role, State, TransactionId};
use serde_json::Value;

use crate::{
    Error, Sheepdog,
    auth::{CloseDryRun, CommitDryRun, Create, ProjectPermit, SubmissionPermit, Update},
    deletion::{self, DeletionRequest, Removal},
    model::project::Project,
    projects::states::{self, StateChange, Transition},
    runtime::{spool::Spool, task::to_the_end},
    submission::{
        body::{Submission, SubmittedBody},
        run::run_whole,
    },
    transaction::{Mode, require_state},
};

/// A dry run with what it was about.
struct Replay {
    log: Log,
    canonical: Value,
    ids: Vec<String>,
}

/// Does a dry run again for real; `path` is that of the request. The answer is the new transaction's, with
/// its status.
///
/// # Errors
/// [`Error::NotFound`] when there is no such transaction; [`Error::BadRequest`] when it cannot be committed.
pub(crate) async fn commit(
    sheepdog: &Arc<Sheepdog>,
    permit: ProjectPermit<CommitDryRun>,
    id: TransactionId,
    path: &str,
) -> Result<(u16, Spool), Error> {
    let mut connection = sheepdog.pool.acquire().await?;
    let log = transactions::lock(&mut connection, id).await?;
    let log = log.ok_or_else(|| unknown(id, permit.project()))?;
    require_committable(&log, permit.project())?;
    let canonical = transactions::canonical(&mut connection, id).await?;
    let ids = transactions::snapshot_ids(&mut connection, id).await?;
    drop(connection);
    Replay { log, canonical, ids }.run(sheepdog, permit, path).await
}

impl Replay {
    async fn run(
        self,
        sheepdog: &Arc<Sheepdog>,
        permit: ProjectPermit<CommitDryRun>,
        path: &str,
    ) -> Result<(u16, Spool), Error> {
        let mode = Mode::Commit(self.log.id);
        if let Some(transition) = Transition::of_role(&self.log.role) {
            let change = StateChange::new(permit.narrowed(), transition, mode);
            let (code, answer) = states::run(sheepdog, change, path.to_owned()).await?;
            return Ok((code, answer.into()));
        }
        require_state(&permit.project().props, path, &["open"])?;
        if self.log.role == Role::Delete.as_str() {
            let request = DeletionRequest::new(permit.narrowed(), self.ids, Removal::Nodes).in_mode(mode);
            let (code, answer) = deletion::run(sheepdog, request).await?;
            return Ok((code, answer.into()));
        }
        let id = self.log.id;
        let spool = self.canonical.to_string().into();
        let Value::Array(documents) = self.canonical else {
            return Err(Error::internal(
                "committing a dry run",
                format!("the documents of {id} are not a list"),
            ));
        };
        if documents.is_empty() {
            return Err(Error::BadRequest(format!(
                "The documents of transaction_log '{id}' were too many to be kept, so that it cannot be \
                 committed. Submit them again."
            )));
        }
        let permit: SubmissionPermit = if self.log.role == Role::Create.as_str() {
            permit.narrowed::<Create>().into()
        } else {
            permit.narrowed::<Update>().into()
        };
        let body = SubmittedBody { name: None, format: Format::Json, spool };
        run_whole(sheepdog, Submission { permit: permit.into(), mode, body }, documents).await
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
    log.program == project.path.program && log.project == project.path.code
}

fn unknown(id: TransactionId, project: &Project) -> Error {
    Error::NotFound(format!(
        "Unable to find transaction_log with id: {id} for project {}",
        project.project_id()
    ))
}

/// Closes a dry run of the project, so that it cannot be committed any more.
///
/// # Errors
/// [`Error::NotFound`] when there is no such transaction; [`Error::BadRequest`] when it cannot be closed.
pub(crate) async fn close(
    sheepdog: Arc<Sheepdog>,
    permit: ProjectPermit<CloseDryRun>,
    id: TransactionId,
) -> Result<(), Error> {
    to_the_end(async move { close_here(&sheepdog, &permit, id).await }).await
}

async fn close_here(
    sheepdog: &Sheepdog,
    permit: &ProjectPermit<CloseDryRun>,
    id: TransactionId,
) -> Result<(), Error> {
    let mut transaction = sheepdog.pool.begin().await?;
    let log = transactions::lock(&mut transaction, id).await?.filter(|log| is_of(log, permit.project()));
    let log = log.ok_or_else(|| unknown(id, permit.project()))?;
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
