//! What runs tasks and looks after them for as long as the service runs.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle};

use crate::service::Workflows;

/// How long tasks that are told to stop are waited for.
const LONGEST_END: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// The task that looks after tasks, from the start of the service: what a process that was killed has left
/// is cleared up first. Without an executor it does nothing.
#[derive(Debug)]
pub struct Keeper {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    service: Arc<Workflows>,
}

impl Keeper {
    /// Begins to look. Needs a runtime.
    pub fn start(service: &Arc<Workflows>) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let looking = service.clone();
        let task = tokio::spawn(async move {
            let Some(executor) = looking.executor.clone() else {
                let _ = stopped.wait_for(|stopped| *stopped).await;
                return;
            };
            if let Err(error) = executor.remove_others(&[]) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "folders of tasks cannot be removed"
                );
            }
            if let Err(why) = executor.ready().await {
                tracing::error!(why, "tasks cannot be run on this machine");
            }
            loop {
                if let Err(error) = looking.look_at_all(&executor).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "tasks are not looked after");
                }
                tokio::select! {
                    () = tokio::time::sleep(looking.config.limits.look) => {}
                    () = looking.wake.notified() => {}
                    _ = stopped.wait_for(|stopped| *stopped) => return,
                }
            }
        });
        Self { stop, task, service: service.clone() }
    }

    /// Whether it still looks; by itself it never ends.
    pub fn is_running(&self) -> bool {
        !self.task.is_finished()
    }

    /// Stops looking, and ends the tasks that run; they wait again for the next start.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "what looks after tasks ended abnormally");
        }
        for id in self.service.running() {
            self.service.stop_running(id);
        }
        let ended = async {
            while !self.service.running().is_empty() {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(LONGEST_END, ended).await.is_err() {
            tracing::error!("a task does not end");
        }
    }
}
