//! What starts and ends workspaces: the trait, and what is said of a workspace.
//!
//! An executor keeps nothing about workspaces but what runs: everything that it makes has a name that follows
//! from the user's and is marked with the id of the launch, so that every call can be repeated, also by
//! another process after a crash.

use async_trait::async_trait;
use hatchery::{Container, Memory, Names, Sidecar};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

/// A user's workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Whose it is, and what its things are called.
    pub names: Names,
    /// Which launch it is.
    pub id: Uuid,
    /// The port on which its program answers.
    pub port: u16,
    /// Whether its program speaks HTTPS.
    pub tls: bool,
}

/// What is to be started.
#[derive(Clone)]
pub struct Launch<'l> {
    /// Whose.
    pub workspace: &'l Workspace,
    /// What.
    pub container: &'l Container,
    /// What runs beside it, where that is possible.
    pub sidecar: Option<&'l Sidecar>,
    /// How large the user's storage is, if it is made now.
    pub volume_size: &'l Memory,
    /// Variables beside those of the container; they hold secrets.
    pub env: Vec<(&'static str, String)>,
    /// What the file with the API key says, as the clients of Gen3 read it; a secret.
    pub credentials: String,
    /// What the program's own access control asks for, where it has one: nobody else can use it then.
    pub secret: String,
    /// The public address of the commons.
    pub public_url: &'l Url,
}

// Written by hand so that no secret can reach a log.
impl std::fmt::Debug for Launch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Launch").field("workspace", &self.workspace).finish_non_exhaustive()
    }
}

/// One thing that has to be true before a workspace runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What, in the words of Kubernetes: `PodScheduled`, `Initialized`, `ContainersReady`, `Ready`.
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
}

/// The state of one container of a workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerState {
    /// Its name.
    pub name: String,
    /// In the form of Kubernetes: `{"waiting": {"reason": …, "message": …}}` and the like.
    pub state: Value,
    /// Whether it answers.
    pub ready: bool,
}

/// What is seen of a workspace.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Seen {
    /// There is none.
    #[default]
    Absent,
    /// It is there, and does not answer yet.
    Starting {
        /// What is true already.
        conditions: Vec<Condition>,
        /// How far its containers are.
        containers: Vec<ContainerState>,
    },
    /// It answers.
    Ready,
    /// Its program has ended.
    Ended,
    /// It is being removed.
    Leaving,
}

/// Where a workspace's program answers.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Its address without a path.
    pub base: Url,
    /// What reaches it.
    pub client: reqwest::Client,
}

/// Something of ours that runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Running {
    /// The user's name.
    pub user: String,
    /// Which launch.
    pub id: Uuid,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// It cannot be done; the text is for the user, and says the remedy.
    #[error("{0}")]
    Refused(String),
    /// What runs workspaces does not answer, or not as it should; the text is for the operator.
    #[error("{0}")]
    Unavailable(String),
}

/// What starts and ends workspaces.
#[async_trait]
pub trait Executor: Send + Sync {
    /// The word for it that clients see: `Kubernetes`, `Container`, `Local`.
    fn kind(&self) -> &'static str;

    /// Why it cannot run `container` at all; `None` if it can.
    fn cannot(&self, container: &Container) -> Option<String>;

    /// Whether it works.
    ///
    /// # Errors
    /// What it waits for, with the remedy.
    async fn ready(&self) -> Result<(), String>;

    /// Starts a workspace of a user who has none. It may take minutes, for instance to fetch an image.
    ///
    /// # Errors
    /// When it cannot be started. Parts of it may be there then; [`Executor::stop`] removes them.
    async fn start(&self, launch: Launch<'_>) -> Result<(), ExecutorError>;

    /// What is seen of the workspace.
    ///
    /// # Errors
    /// When nothing can be seen.
    async fn observe(&self, workspace: &Workspace) -> Result<Seen, ExecutorError>;

    /// Begins to remove the workspace, and everything of it but the user's storage. What is not there is
    /// fine.
    ///
    /// # Errors
    /// When it cannot be removed now.
    async fn stop(&self, workspace: &Workspace) -> Result<(), ExecutorError>;

    /// Where the workspace answers.
    ///
    /// # Errors
    /// When that cannot be found out, as long as it does not run.
    async fn reach(&self, workspace: &Workspace) -> Result<Reach, ExecutorError>;

    /// Everything that it has started for this commons and that is still there.
    ///
    /// # Errors
    /// When nothing can be seen.
    async fn running(&self) -> Result<Vec<Running>, ExecutorError>;

    /// Ends what ends with this process. Workspaces that can outlive it do.
    async fn close(&self) {}
}
