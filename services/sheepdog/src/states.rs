//! Project states: open to review and back, and release.

use psqlgraph::transactions::{self, Document, NewLog, Role, State};
use serde_json::{Map, Value, json};

use crate::{
    Error, Sheepdog,
    answer::{Answer, written},
    auth::Permitted,
    entity::{Action, Node},
    store::{self, projects::Project},
};

/// A change of a project's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transition {
    Open,
    Review,
    Release,
}

impl Transition {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Open, Self::Review, Self::Release];

    /// Last part of the path.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Review => "review",
            Self::Release => "release",
        }
    }

    /// As logged.
    pub(crate) fn role(self) -> Role {
        match self {
            Self::Open => Role::Open,
            Self::Review => Role::Review,
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
            Self::Release => &["open", "review", "submitted", "processing"],
        }
    }

    /// What it does to the project's properties, or why it cannot.
    fn apply(self, props: &mut Map<String, Value>) -> Result<(), &'static str> {
        let is_true = |key: &str| props.get(key).and_then(Value::as_bool) == Some(true);
        let (key, value) = match self {
            Self::Open => ("state", json!("open")),
            Self::Review => ("state", json!("review")),
            Self::Release if !is_true("releasable") => {
                return Err("Project is not releasable. Project must be submitted at least once first.");
            }
            Self::Release if is_true("released") => return Err("Project is already released."),
            Self::Release => ("released", json!(true)),
        };
        props.insert(key.to_owned(), value);
        Ok(())
    }

    fn message(self) -> String {
        match self {
            Self::Open => "Successfully transitioned project state to 'open'".to_owned(),
            Self::Review => "Successfully transitioned project state to 'review'".to_owned(),
            Self::Release => "Successfully released project".to_owned(),
        }
    }

    fn failure(self) -> &'static str {
        match self {
            Self::Open => "Open transaction failed.",
            Self::Review => "Review transaction failed.",
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

/// Changes the state of a project; the answer is the transaction's, with its status.
///
/// # Errors
/// [`Error::BadRequest`] when the project is in another state.
pub(crate) async fn run(sheepdog: &Sheepdog, request: Request) -> Result<(u16, Answer), Error> {
    let Request { project, transition, is_dry_run, .. } = &request;
    let _turn = sheepdog.turns.take(&project.node_id).await;
    let mut transaction = sheepdog.pool.begin().await?;
    let old = store::projects::lock(&mut transaction, &project.node_id).await?;
    let state = old.get("state").and_then(Value::as_str).unwrap_or("None");
    if !transition.from().contains(&state) {
        let wanted =
            transition.from().iter().map(|state| format!("<{state}>")).collect::<Vec<_>>().join(" or ");
        return Err(Error::BadRequest(format!(
            "Project is in state '{state}', which prevents {}. In order to perform this action, the project must be \
             in state {wanted}.",
            request.path
        )));
    }
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
        true => format!("Dry run successful. Would have {}", lower_first(&transition.message())),
        false => transition.message(),
    };
    let answer = answer(id, 200, &message, Vec::new())?;
    if !is_dry_run {
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

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
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
