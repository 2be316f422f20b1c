//! Project states: open to review and back, submission of what was reviewed, and release.

use std::sync::Arc;

use psqlgraph::transactions::{Role, State, TransactionId};
use serde_json::{Map, Value, json};

use crate::{
    Error, Sheepdog,
    answer::json::{Answer, written},
    auth::{ChangeState, ProjectPermit},
    runtime::task::to_the_end,
    store,
    transaction::{Abort, Mode, Opened, require_state, stamp, without_document},
};

/// A change of a project's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// From review back to open.
    Open,
    /// From open to review.
    Review,
    /// From review to submitted: valid records become submitted, and their present versions are kept.
    Submit,
    /// The project is marked as released.
    Release,
}

impl Transition {
    /// All transitions.
    pub(crate) const ALL: [Self; 4] = [Self::Open, Self::Review, Self::Submit, Self::Release];

    /// The last part of the path.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Review => "review",
            Self::Submit => "submit",
            Self::Release => "release",
        }
    }

    /// The role in the transaction log.
    pub(crate) fn role(self) -> Role {
        match self {
            Self::Open => Role::Open,
            Self::Review => Role::Review,
            Self::Submit => Role::Submit,
            Self::Release => Role::Release,
        }
    }

    /// The transition that a log row tells of.
    pub(crate) fn of_role(role: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transition| transition.role().as_str() == role)
    }

    /// The states from which it starts.
    fn from(self) -> &'static [&'static str] {
        match self {
            Self::Open => &["review"],
            Self::Review => &["open"],
            Self::Submit => &["review"],
            Self::Release => &["open", "review", "submitted", "processing"],
        }
    }

    /// Changes the project's properties, or says why it cannot.
    fn apply(self, props: &mut Map<String, Value>) -> Result<(), &'static str> {
        let is_true = |key: &str| props.get(key).and_then(Value::as_bool) == Some(true);
        let changes = match self {
            Self::Open => vec![("state", json!("open"))],
            Self::Review => vec![("state", json!("review"))],
            Self::Submit => vec![("state", json!("submitted")), ("releasable", json!(true))],
            Self::Release if !is_true("releasable") => {
                return Err("Project is not releasable. Project must be submitted at least once first.");
            }
            Self::Release if is_true("released") => return Err("Project is already released."),
            Self::Release => vec![("released", json!(true))],
        };
        props.extend(changes.into_iter().map(|(key, value)| (key.to_owned(), value)));
        Ok(())
    }

    fn message(self) -> &'static str {
        match self {
            Self::Open => "Successfully transitioned project state to 'open'",
            Self::Review => "Successfully transitioned project state to 'review'",
            Self::Submit => "Successfully transitioned project state to 'submitted'",
            Self::Release => "Successfully released project",
        }
    }

    /// The message of a dry run, whose first words are those of a deletion.
    fn dry_run_message(self) -> String {
        format!("Dry run successful. Would have {}", self.message().replacen('S', "s", 1))
    }

    fn failure(self) -> &'static str {
        match self {
            Self::Open => "Open transaction failed.",
            Self::Review => "Review transaction failed.",
            Self::Submit => "Submission transaction failed.",
            Self::Release => "Release transaction failed.",
        }
    }
}

/// A change of a project's state, with the permission for it:
///
/// ```no_run
/// use sheepdog::{
///     Mode,
///     auth::{ChangeState, ProjectPermit},
///     projects::states::{StateChange, Transition},
/// };
///
/// fn review(permit: ProjectPermit<ChangeState>) -> StateChange {
///     StateChange::new(permit, Transition::Review, Mode::Real)
/// }
/// ```
///
/// ```compile_fail,E0308
/// use sheepdog::{
///     Mode,
///     auth::{ProjectPermit, Update},
///     projects::states::{StateChange, Transition},
/// };
///
/// fn review(permit: ProjectPermit<Update>) -> StateChange {
///     StateChange::new(permit, Transition::Review, Mode::Real)
/// }
/// ```
#[derive(Debug)]
pub struct StateChange {
    permit: ProjectPermit<ChangeState>,
    transition: Transition,
    mode: Mode,
}

impl StateChange {
    /// The change of the project of `permit`.
    pub fn new(permit: ProjectPermit<ChangeState>, transition: Transition, mode: Mode) -> Self {
        Self { permit, transition, mode }
    }
}

/// Changes the state of a project; the answer is the transaction's, with its status. A client that goes away
/// does not stop it.
///
/// # Errors
/// [`Error::BadRequest`] when the project is in another state; `path` is that of the request.
pub(crate) async fn run(
    sheepdog: &Arc<Sheepdog>,
    change: StateChange,
    path: String,
) -> Result<(u16, Answer), Error> {
    let sheepdog = sheepdog.clone();
    to_the_end(async move { run_here(&sheepdog, &change, &path).await }).await
}

async fn run_here(sheepdog: &Sheepdog, change: &StateChange, path: &str) -> Result<(u16, Answer), Error> {
    let StateChange { permit, transition, mode } = change;
    let _turn = sheepdog.turns.take(&permit.project().node_id).await;
    let mut transaction = sheepdog.pool.begin().await?;
    let old = store::projects::lock(&mut transaction, permit).await?;
    require_state(&old, path, transition.from())?;
    let opened = Opened::within(sheepdog, &mut transaction, permit, transition.role(), *mode).await?;
    let mut props = old.clone();
    if let Err(reason) = transition.apply(&mut props) {
        // The row of a failed release stays PENDING: clients of the transaction log know it so.
        transaction.commit().await?;
        let errors = vec![json!({ "message": reason })];
        return Ok((400, answer(opened.id, 400, transition.failure(), errors)?));
    }
    opened.commit_dry_run(&mut transaction).await.map_err(refused)?;
    let message =
        if mode.is_dry_run() { transition.dry_run_message() } else { transition.message().to_owned() };
    let answer = answer(opened.id, 200, &message, Vec::new())?;
    if !mode.is_dry_run() {
        if *transition == Transition::Submit {
            let (dictionary, stamp) = (&sheepdog.dictionary, stamp());
            store::states::submit(&mut transaction, dictionary, permit, opened.id, &stamp).await?;
        }
        store::projects::set_props(&mut transaction, permit, old, props).await?;
    }
    opened.finish(&mut transaction, State::Succeeded, &without_document(&*answer)).await?;
    opened.commit(sheepdog, transaction).await?;
    Ok((200, answer))
}

/// These transactions have no answer of their own for what comes to nothing.
fn refused(abort: Abort) -> Error {
    match abort {
        Abort::Other(error) => error,
        reason => Error::BadRequest(reason.to_string()),
    }
}

fn answer(
    transaction_id: TransactionId,
    code: u16,
    message: &str,
    errors: Vec<Value>,
) -> Result<Answer, Error> {
    written(&json!({
        "code": code,
        "entities": [],
        "entity_error_count": 0,
        "message": message,
        "success": errors.is_empty(),
        "transaction_id": transaction_id,
        "transactional_error_count": errors.len(),
        "transactional_errors": errors,
    }))
}
