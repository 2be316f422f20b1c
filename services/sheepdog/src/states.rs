//! Project states: open to review and back, submission of what was reviewed, and release.

use std::sync::Arc;

use psqlgraph::transactions::{self, Document, NewLog, Role, State};
use serde_json::{Map, Value, json};

use crate::{
    Error, Sheepdog,
    answer::{Answer, written},
    auth::Permitted,
    entity::{Action, Node},
    store::{self, projects::Project},
    task::to_the_end,
};

/// A change of a project's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transition {
    Open,
    Review,
    /// Records that are valid become submitted ones, of which the present version is kept.
    Submit,
    Release,
}

impl Transition {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Open, Self::Review, Self::Submit, Self::Release];

    /// Last part of the path.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Review => "review",
            Self::Submit => "submit",
            Self::Release => "release",
        }
    }

    /// As logged.
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

    /// States that it starts from.
    fn from(self) -> &'static [&'static str] {
        match self {
            Self::Open => &["review"],
            Self::Review => &["open"],
            Self::Submit => &["review"],
            Self::Release => &["open", "review", "submitted", "processing"],
        }
    }

    /// What it does to the project's properties, or why it cannot.
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

/// A request for a change of state.
pub(crate) struct Request {
    pub project: Project,
    pub permitted: Permitted,
    pub transition: Transition,
    pub is_dry_run: bool,
    /// The dry run that this commits.
    pub commits: Option<i32>,
    /// Path of the request, for the message.
    pub path: String,
}

/// Changes the state of a project; the answer is the transaction's, with its status. A client that goes away does not
/// stop it.
///
/// # Errors
/// [`Error::BadRequest`] when the project is in another state.
pub(crate) async fn run(sheepdog: &Arc<Sheepdog>, request: Request) -> Result<(u16, Answer), Error> {
    let sheepdog = sheepdog.clone();
    to_the_end(async move { run_here(&sheepdog, &request).await }).await
}

async fn run_here(sheepdog: &Sheepdog, request: &Request) -> Result<(u16, Answer), Error> {
    let Request { project, transition, is_dry_run, .. } = request;
    let _turn = sheepdog.turns.take(&project.node_id).await;
    let mut transaction = sheepdog.pool.begin().await?;
    let old = store::projects::lock(&mut transaction, &project.node_id).await?;
    require_state(request, &old)?;
    let log = NewLog {
        submitter: request.permitted.submitter.as_deref(),
        role: transition.role(),
        program: &project.program.name,
        project: &project.code,
        is_dry_run: *is_dry_run,
    };
    let id = transactions::open(&mut transaction, &log).await?;
    let mut props = old.clone();
    if let Err(reason) = transition.apply(&mut props) {
        // The row of a failed release stays PENDING: clients of the transaction log know it so.
        transaction.commit().await?;
        let errors = vec![json!({ "message": reason })];
        return Ok((400, answer(id, 400, transition.failure(), errors)?));
    }
    if let Some(dry_run) = request.commits
        && !transactions::set_committed_by(&mut transaction, dry_run, id).await?
    {
        return Err(Error::BadRequest(format!("Transaction {dry_run} was committed by another request")));
    }
    let message = match is_dry_run {
        true => transition.dry_run_message(),
        false => transition.message().to_owned(),
    };
    let answer = answer(id, 200, &message, Vec::new())?;
    if !is_dry_run {
        if *transition == Transition::Submit {
            store::states::submit(&mut transaction, &sheepdog.dictionary, &project.project_id(), id).await?;
        }
        let node = Node { id: project.node_id.clone(), action: Action::Update, old: Some(old), props };
        let program = &project.program.node_id;
        store::projects::put_project(&mut transaction, &sheepdog.dictionary, program, &node).await?;
    }
    let document = Document { name: None, format: "N/A", text: "", response: &*answer };
    transactions::add_document(&mut transaction, id, &document).await?;
    transactions::finish(&mut transaction, id, State::Succeeded, None).await?;
    transaction.commit().await?;
    Ok((200, answer))
}

fn require_state(request: &Request, props: &Map<String, Value>) -> Result<(), Error> {
    let state = props.get("state").and_then(Value::as_str).unwrap_or("None");
    let from = request.transition.from();
    if from.contains(&state) {
        return Ok(());
    }
    let wanted = from.iter().map(|state| format!("<{state}>")).collect::<Vec<_>>().join(" or ");
    Err(Error::BadRequest(format!(
        "Project is in state '{state}', which prevents {}. In order to perform this action, the project must be in \
         state {wanted}.",
        request.path
    )))
}

fn answer(id: i32, code: u16, message: &str, errors: Vec<Value>) -> Result<Answer, Error> {
    written(&json!({
        "code": code,
        "entities": [],
        "entity_error_count": 0,
        "message": message,
        "success": errors.is_empty(),
        "transaction_id": id,
        "transactional_error_count": errors.len(),
        "transactional_errors": errors,
    }))
}
