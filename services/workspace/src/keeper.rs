//! What looks after all workspaces for as long as the service runs.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle};

use crate::service::Workspaces;

/// How soon it looks again while something is on its way out.
const SOON: Duration = Duration::from_secs(1);

/// The task that looks after workspaces, from the start of the service: what a process that was killed has
/// left is cleared away first.
#[derive(Debug)]
pub struct Keeper {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    service: Arc<Workspaces>,
}

impl Keeper {
    /// Begins to look. Needs a runtime.
    pub fn start(service: &Arc<Workspaces>) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let looking = service.clone();
        let task = tokio::spawn(async move {
            loop {
                let pause = match looking.look_at_all().await {
                    Ok(0) => looking.config.limits.look,
                    Ok(_) => SOON.min(looking.config.limits.look),
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "workspaces are not looked after"
                        );
                        looking.config.limits.look
                    }
                };
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
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

    /// Stops looking, and ends the workspaces that end with this process.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "what looks after workspaces ended abnormally");
        }
        let Some(executor) = &self.service.executor else { return };
        executor.close().await;
        // Their keys end with them; what cannot be done now is done at the next start.
        if let Err(error) = self.service.look_at_all().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "workspaces are looked after at the next start"
            );
        }
    }
}
