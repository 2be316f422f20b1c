//! The shape of a transaction: its log row is opened, its project locked, and the row ended together with the
//! work.

use std::sync::Arc;

use ::web::Failure;
use chrono::{SecondsFormat, Utc};
use indexclient::IndexError;
use psqlgraph::{
    outbox, running,
    transactions::{self, Document, NewLog, Role, State, TransactionId},
};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::{
    Error, Sheepdog, auth::Permitted, model::project::ProjectPath, outbox::NotNoted, runtime::life::Working,
    store,
};

/// What the client is told of a failure that is not theirs.
pub(crate) const UNEXPECTED: &str = "Internal server error. Sorry, something unexpected went wrong!";
/// What the log says of a submission that could not be written, and that may be sent again.
pub(crate) const TRY_AGAIN: &str = "Unable to write to database, please try again";

/// Whether a transaction is for real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is for real.
    Real,
    /// It only shows what would become of it.
    DryRun,
    /// It is for real, and this dry run is committed with it.
    Commit(TransactionId),
}

impl Mode {
    pub(crate) fn is_dry_run(self) -> bool {
        self == Self::DryRun
    }
}

/// Why a transaction comes to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Abort {
    /// The answer says why already.
    #[error("refused")]
    Refused,
    /// The answer has to say this reason.
    #[error("{0}")]
    Because(String),
    /// The database or the file index could not be used at that moment, and the client is asked to come again
    /// ([`Abort::told`]). This is for the log.
    #[error("{0}")]
    Busy(String),
    /// The file index refused or did not answer.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Error),
}

impl Abort {
    /// Why nothing came of it, for the log, and what the client is told in the place of the transaction's
    /// answer: to come again, when it is nobody's fault.
    pub(crate) fn told(self) -> (Self, Option<Error>) {
        match self {
            Self::Other(error) if error.is_busy() => (Self::Busy(TRY_AGAIN.to_owned()), Some(error)),
            Self::Index(error @ IndexError::Unavailable(_)) => {
                (Self::Busy(not_registered(&error)), Some(Failure::Busy(Box::new(error)).into()))
            }
            abort => (abort, None),
        }
    }
}

/// What is said when the file index does not do what a submission needs.
pub(crate) fn not_registered(error: &IndexError) -> String {
    format!("Fail to register the data node in indexd. Detail {error}")
}

impl From<sqlx::Error> for Abort {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

impl From<NotNoted> for Abort {
    fn from(error: NotNoted) -> Self {
        match error {
            NotNoted::Index(error) => Self::Index(error),
            NotNoted::Other(error) => Self::Other(error),
        }
    }
}

/// A transaction whose log row is open.
#[derive(Clone)]
pub(crate) struct Opened {
    pub id: TransactionId,
    pub mode: Mode,
    /// Somebody works on it; otherwise the row and what was written to the index are taken for given up.
    _working: Arc<Working>,
}

impl Opened {
    /// Opens the row in a database transaction of its own, so that others see the work in progress.
    pub(crate) async fn announce(
        sheepdog: &Sheepdog,
        connection: &mut PgConnection,
        permitted: &Permitted,
        role: Role,
        mode: Mode,
    ) -> Result<Self, Error> {
        let worker = sheepdog.life.number().await?;
        let (submitter, path) = (permitted.submitter(), &permitted.project().path);
        let id = running::open(connection, worker, &new_log(submitter, path, role, mode)).await?;
        Ok(Self::at_work(sheepdog, id, mode))
    }

    /// Opens the row in the database transaction of the work.
    pub(crate) async fn within(
        sheepdog: &Sheepdog,
        connection: &mut PgConnection,
        permitted: &Permitted,
        role: Role,
        mode: Mode,
    ) -> Result<Self, Error> {
        let (submitter, path) = (permitted.submitter(), &permitted.project().path);
        let id = transactions::open(connection, &new_log(submitter, path, role, mode)).await?;
        Ok(Self::at_work(sheepdog, id, mode))
    }

    /// Opens the row of an administrator's work on a project in the database transaction of the work.
    pub(crate) async fn of_admin(
        sheepdog: &Sheepdog,
        connection: &mut PgConnection,
        submitter: Option<&str>,
        path: &ProjectPath,
        role: Role,
    ) -> Result<Self, Error> {
        let mode = Mode::Real;
        let id = transactions::open(connection, &new_log(submitter, path, role, mode)).await?;
        Ok(Self::at_work(sheepdog, id, mode))
    }

    fn at_work(sheepdog: &Sheepdog, id: TransactionId, mode: Mode) -> Self {
        Self { id, mode, _working: Arc::new(sheepdog.life.work_on(id)) }
    }

    /// Takes away the notes of what was written to the index, of which there must be `noted`. The commit has
    /// to follow.
    ///
    /// # Errors
    /// When another process has taken this one for dead, and its records back.
    pub(crate) async fn close_notes(&self, connection: &mut PgConnection, noted: u64) -> Result<(), Error> {
        if noted > 0 && outbox::close(connection, self.id).await? != noted {
            let reason = "another process has taken back what was written to the file index";
            return Err(Error::internal("committing a transaction", reason));
        }
        Ok(())
    }

    /// Commits its database transaction. When the answer is lost, the log says whether it was committed.
    ///
    /// # Errors
    /// When it was not, as far as anybody can tell.
    pub(crate) async fn commit(
        &self,
        sheepdog: &Sheepdog,
        transaction: Transaction<'_, Postgres>,
    ) -> Result<(), Error> {
        let Err(error) = transaction.commit().await else { return Ok(()) };
        if sheepdog.outbox.was_committed(self.id).await == Some(true) {
            tracing::warn!(
                transaction.id = self.id.0,
                "the answer to a commit was lost, and it was committed"
            );
            return Ok(());
        }
        Err(error.into())
    }

    /// Notes that the dry run that this transaction commits, if it commits one, is committed.
    ///
    /// # Errors
    /// [`Abort::Because`] when another request was faster.
    pub(crate) async fn commit_dry_run(&self, connection: &mut PgConnection) -> Result<(), Abort> {
        let Mode::Commit(dry_run) = self.mode else { return Ok(()) };
        if transactions::set_committed_by(connection, dry_run, self.id).await? {
            return Ok(());
        }
        Err(Abort::Because(format!("Transaction {dry_run} was committed by another request")))
    }

    /// Keeps what was asked for with the answer, and ends the row.
    pub(crate) async fn finish<R: Serialize + Sync + ?Sized>(
        &self,
        connection: &mut PgConnection,
        state: State,
        document: &Document<'_, R>,
    ) -> Result<(), Error> {
        transactions::add_document(connection, self.id, document).await?;
        Ok(transactions::finish(connection, self.id, state, None).await?)
    }
}

fn new_log<'a>(submitter: Option<&'a str>, path: &'a ProjectPath, role: Role, mode: Mode) -> NewLog<'a> {
    NewLog { submitter, role, program: &path.program, project: &path.code, is_dry_run: mode.is_dry_run() }
}

/// The answer alone, of a transaction that has no document.
pub(crate) fn without_document<R: ?Sized>(response: &R) -> Document<'_, R> {
    Document { name: None, format: "N/A", text: "", response }
}

/// Locks the project, so that its writers take turns and nothing that was looked up changes before it is
/// used.
///
/// # Errors
/// [`Abort::Because`] when it is no longer open.
pub(crate) async fn lock_open(connection: &mut PgConnection, permitted: &Permitted) -> Result<(), Abort> {
    let props = match store::projects::lock(connection, permitted).await {
        Ok(props) => props,
        // It was deleted after the request had come.
        Err(Error::NotFound(reason)) => return Err(Abort::Because(reason)),
        Err(error) => return Err(error.into()),
    };
    match state_of(&props) {
        "open" => Ok(()),
        state => Err(Abort::Because(format!("Project is in state '{state}'; it must be in state <open>."))),
    }
}

/// Refuses the request of `path` on a project in a state that is not `allowed`.
pub(crate) fn require_state(props: &Map<String, Value>, path: &str, allowed: &[&str]) -> Result<(), Error> {
    let state = state_of(props);
    if allowed.contains(&state) {
        return Ok(());
    }
    let allowed = allowed.iter().map(|state| format!("<{state}>")).collect::<Vec<_>>().join(" or ");
    Err(Error::BadRequest(format!(
        "Project is in state '{state}', which prevents {path}. In order to perform this action, the project \
         must be in state {allowed}."
    )))
}

fn state_of(props: &Map<String, Value>) -> &str {
    props.get("state").and_then(Value::as_str).unwrap_or("None")
}

/// The time, as Python's `isoformat` writes it.
pub(crate) fn stamp() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, false)
}
