//! Workspaces as processes of this machine: JupyterLab in a virtual environment.
//!
//! For a laptop. A workspace runs as the account of the commons and is **not isolated** from what that
//! account can do; where the kernel lets ordinary accounts make namespaces, it at least sees neither the
//! state folder of the commons nor other processes. It answers on a socket in a folder of its own, so that no
//! other account of the machine reaches it. It ends with the process that started it, also when that is
//! killed.

mod environment;
mod process;
mod settings;
mod walls;

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use executor::{Condition, ContainerState, Executor, ExecutorError, Launch, Reach, Running, Seen, Workspace};
use hatchery::Container;
use serde_json::json;
use tokio::sync::{Mutex, OnceCell};
use url::Url;

pub use settings::Settings;

use crate::process::Process;

/// Starts notebooks on this machine.
#[derive(Debug)]
pub struct Local {
    settings: Settings,
    /// By the escaped name of the user.
    processes: Mutex<HashMap<String, Arc<Process>>>,
    environment: OnceCell<PathBuf>,
    walls: OnceCell<bool>,
}

impl Local {
    /// An executor that has started nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, processes: Mutex::default(), environment: OnceCell::new(), walls: OnceCell::new() }
    }

    async fn process(&self, workspace: &Workspace) -> Option<Arc<Process>> {
        let processes = self.processes.lock().await;
        processes.get(workspace.names.escaped()).filter(|process| process.id == workspace.id).cloned()
    }

    async fn environment(&self) -> Result<&PathBuf, ExecutorError> {
        let made = self.environment.get_or_try_init(|| environment::find_or_make(&self.settings));
        made.await.map_err(ExecutorError::Refused)
    }

    /// The folder that outlives the workspaces of this user.
    fn home(&self, workspace: &Workspace) -> PathBuf {
        self.settings.folder.join("homes").join(workspace.names.escaped())
    }
}

fn unavailable(what: &str, error: &std::io::Error) -> ExecutorError {
    ExecutorError::Unavailable(format!("{what}: {error}"))
}

#[async_trait]
impl Executor for Local {
    fn kind(&self) -> &'static str {
        "Local"
    }

    fn cannot(&self, container: &Container) -> Option<String> {
        container.gpu.then(|| "graphics processors are not given to processes of this machine".into())
    }

    async fn ready(&self) -> Result<(), String> {
        environment::possible(&self.settings)
    }

    async fn start(&self, launch: Launch<'_>) -> Result<(), ExecutorError> {
        let environment = self.environment().await?.clone();
        let walls = *self.walls.get_or_init(walls::can_be_had).await;
        if !walls {
            tracing::warn!("this kernel gives no namespaces: the workspace sees all that the commons sees");
        }
        let home = self.home(launch.workspace);
        environment::make_home(&home).map_err(|error| unavailable("the home cannot be made", &error))?;
        let place = process::Place { environment, home, hidden: self.settings.hidden.clone(), walls };
        let process = Process::start(&launch, &place)
            .map_err(|error| unavailable("the notebook server cannot be started", &error))?;
        let key = launch.workspace.names.escaped().to_owned();
        let before = self.processes.lock().await.insert(key, Arc::new(process));
        if let Some(before) = before {
            before.stop().await;
        }
        Ok(())
    }

    async fn observe(&self, workspace: &Workspace) -> Result<Seen, ExecutorError> {
        let Some(process) = self.process(workspace).await else { return Ok(Seen::Absent) };
        if process.is_leaving() {
            return Ok(if process.has_ended() { Seen::Absent } else { Seen::Leaving });
        }
        if process.has_ended() {
            return Ok(Seen::Ended);
        }
        if process.answers().await {
            return Ok(Seen::Ready);
        }
        let condition = |kind: &str, status: &str| Condition { kind: kind.into(), status: status.into() };
        Ok(Seen::Starting {
            conditions: vec![
                condition("PodScheduled", "True"),
                condition("Initialized", "True"),
                condition("ContainersReady", "False"),
                condition("Ready", "False"),
            ],
            containers: vec![ContainerState {
                name: "hatchery-container".into(),
                state: json!({ "running": {} }),
                ready: false,
            }],
        })
    }

    async fn stop(&self, workspace: &Workspace) -> Result<(), ExecutorError> {
        let Some(process) = self.process(workspace).await else { return Ok(()) };
        process.stop().await;
        let mut processes = self.processes.lock().await;
        if processes.get(workspace.names.escaped()).is_some_and(|known| known.id == workspace.id) {
            processes.remove(workspace.names.escaped());
        }
        Ok(())
    }

    async fn reach(&self, workspace: &Workspace) -> Result<Reach, ExecutorError> {
        let gone = || ExecutorError::Unavailable("the workspace does not run".into());
        let process = self.process(workspace).await.ok_or_else(gone)?;
        let base =
            Url::parse("http://localhost").map_err(|error| ExecutorError::Unavailable(error.to_string()))?;
        Ok(Reach { base, client: process.client().clone() })
    }

    async fn running(&self) -> Result<Vec<Running>, ExecutorError> {
        let processes = self.processes.lock().await;
        Ok(processes.values().map(|process| Running { user: process.user.clone(), id: process.id }).collect())
    }

    async fn close(&self) {
        let processes: Vec<_> = self.processes.lock().await.drain().map(|(_, process)| process).collect();
        for process in &processes {
            process.begin_to_stop();
        }
        for process in processes {
            process.stop().await;
        }
    }
}
