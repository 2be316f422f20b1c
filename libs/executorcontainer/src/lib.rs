//! Workspaces as containers of this machine, by the socket of Docker or Podman.
//!
//! A workspace is a container `hatchery-<user>` in a network of its own kind, in which containers do not
//! reach each other, with the limits of its configuration, without capabilities and new privileges, and with
//! the volume `claim-<user>`, which stays. It answers on a port of the loopback address; its program asks for
//! a secret.

mod api;
mod objects;

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use executor::{ContainerState, Executor, ExecutorError, Launch, Reach, Running, Seen, Workspace};
use hatchery::{Container, PullPolicy};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use url::Url;

pub use api::ApiError;

use crate::{
    api::Api,
    objects::{COMMONS, CREDENTIALS, GEN3, ID, NETWORK, USER},
};

/// A program that does not say within this time whether it answers does not.
const PROBE: Duration = Duration::from_secs(2);
/// Seconds that a program has for its end.
const GRACE: u32 = 20;

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The socket of the container runtime.
    pub socket: PathBuf,
    /// The word by which containers of this commons are told from those of another one on this machine.
    pub commons: String,
}

/// Starts containers.
#[derive(Debug)]
pub struct Containers {
    api: Api,
    settings: Settings,
    client: Client,
}

impl Containers {
    /// An executor that speaks through the socket. `client` reaches the programs.
    ///
    /// # Errors
    /// When no client for it can be made.
    pub fn new(settings: Settings, client: Client) -> Result<Self, ApiError> {
        Ok(Self { api: Api::new(&settings.socket)?, settings, client })
    }

    async fn get(&self, path: &str) -> Result<Option<Value>, ExecutorError> {
        found(self.api.ask(Method::GET, path, None).await)
    }

    /// What the runtime says of the container of this launch.
    async fn container(&self, workspace: &Workspace) -> Result<Option<Value>, ExecutorError> {
        let said = self.get(&format!("/containers/{}/json", workspace.names.pod())).await?;
        Ok(said.filter(|said| said["Config"]["Labels"][ID] == workspace.id.to_string()))
    }

    async fn make_network(&self) -> Result<(), ExecutorError> {
        if self.get(&format!("/networks/{NETWORK}")).await?.is_some() {
            return Ok(());
        }
        match self.api.ask(Method::POST, "/networks/create", Some(&objects::network())).await {
            // Somebody else has made it in that moment.
            Ok(_) | Err(ApiError::Refused { status: 409, .. }) => Ok(()),
            Err(error) => Err(refused("network", error)),
        }
    }

    async fn fetch_image(&self, container: &Container) -> Result<(), ExecutorError> {
        let image = &container.image;
        let is_there = self.get(&format!("/images/{image}/json")).await?.is_some();
        match container.pull_policy {
            PullPolicy::Never if !is_there => {
                return Err(ExecutorError::Refused(format!("the image {image} is not on this machine")));
            }
            PullPolicy::Always => {}
            _ if is_there => return Ok(()),
            _ => {}
        }
        tracing::info!(image, "an image is fetched");
        let error = self.api.pull(image).await.map_err(|error| refused("image", error))?;
        match error {
            None => Ok(()),
            Some(why) => Err(ExecutorError::Refused(format!("the image {image} cannot be had: {why}"))),
        }
    }

    async fn answers(&self, base: &Url) -> bool {
        let asked = self.client.get(base.clone()).timeout(PROBE).send().await;
        asked.is_ok_and(|answer| !answer.status().is_server_error())
    }
}

fn found(asked: Result<Value, ApiError>) -> Result<Option<Value>, ExecutorError> {
    match asked {
        Ok(value) => Ok(Some(value)),
        Err(ApiError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(ExecutorError::Unavailable(error.to_string())),
    }
}

fn refused(what: &str, error: ApiError) -> ExecutorError {
    match error {
        ApiError::Refused { message, .. } => {
            ExecutorError::Refused(format!("the container runtime gives no {what}: {message}"))
        }
        error => ExecutorError::Unavailable(error.to_string()),
    }
}

/// Where the program of a container is reached on this machine.
fn base(said: &Value, workspace: &Workspace) -> Option<Url> {
    let bound = &said["NetworkSettings"]["Ports"][format!("{}/tcp", workspace.port)][0]["HostPort"];
    let port: u16 = bound.as_str()?.parse().ok()?;
    let scheme = if workspace.tls { "https" } else { "http" };
    Url::parse(&format!("{scheme}://127.0.0.1:{port}")).ok()
}

#[async_trait]
impl Executor for Containers {
    fn kind(&self) -> &'static str {
        "Container"
    }

    fn cannot(&self, container: &Container) -> Option<String> {
        if container.gpu {
            return Some("graphics processors are not given to containers of this machine".into());
        }
        let text = "further containers (friends) need a pod; they run in Kubernetes only";
        (!container.friends.is_empty()).then(|| text.into())
    }

    async fn ready(&self) -> Result<(), String> {
        self.api.ask(Method::GET, "/version", None).await.map(drop).map_err(|error| {
            format!("no container runtime answers at {} ({error})", self.settings.socket.display())
        })
    }

    async fn start(&self, launch: Launch<'_>) -> Result<(), ExecutorError> {
        let names = &launch.workspace.names;
        self.fetch_image(launch.container).await?;
        self.make_network().await?;
        // One of this name is what is left of an earlier launch.
        self.remove(names.pod().as_str()).await?;
        let object = objects::container(&launch, &self.settings.commons);
        let path = format!("/containers/create?name={}", names.pod());
        self.api
            .ask(Method::POST, &path, Some(&object))
            .await
            .map_err(|error| refused("container", error))?;
        let folder = launch.container.gen3_volume.as_deref().unwrap_or(GEN3);
        let owner = (u64::from(launch.container.uid), u64::from(launch.container.gid));
        let file = objects::archive(folder, CREDENTIALS, &launch.credentials, owner)
            .map_err(|error| ExecutorError::Unavailable(error.to_string()))?;
        let path = format!("/containers/{}/archive?path=%2F", names.pod());
        self.api.put(&path, file).await.map_err(|error| refused("file with the key", error))?;
        let path = format!("/containers/{}/start", names.pod());
        self.api.ask(Method::POST, &path, None).await.map_err(|error| refused("start", error))?;
        Ok(())
    }

    async fn observe(&self, workspace: &Workspace) -> Result<Seen, ExecutorError> {
        let Some(said) = self.container(workspace).await? else { return Ok(Seen::Absent) };
        match said["State"]["Status"].as_str().unwrap_or_default() {
            "removing" => return Ok(Seen::Leaving),
            "exited" | "dead" | "stopped" => return Ok(Seen::Ended),
            "running" => {}
            // Created, and not started yet.
            _ => return Ok(starting(json!({ "waiting": { "reason": "ContainerCreating" } }))),
        }
        if let Some(base) = base(&said, workspace)
            && self.answers(&base).await
        {
            return Ok(Seen::Ready);
        }
        Ok(starting(json!({ "running": { "startedAt": said["State"]["StartedAt"] } })))
    }

    async fn stop(&self, workspace: &Workspace) -> Result<(), ExecutorError> {
        if self.container(workspace).await?.is_none() {
            return Ok(());
        }
        self.remove(&workspace.names.pod()).await
    }

    async fn reach(&self, workspace: &Workspace) -> Result<Reach, ExecutorError> {
        let said = self.container(workspace).await?;
        let base = said.and_then(|said| base(&said, workspace));
        let base = base.ok_or_else(|| ExecutorError::Unavailable("the container has no port".into()))?;
        Ok(Reach { base, client: self.client.clone() })
    }

    async fn running(&self) -> Result<Vec<Running>, ExecutorError> {
        let filter = format!("%7B%22label%22%3A%5B%22{COMMONS}%3D{}%22%5D%7D", self.settings.commons);
        let listed =
            self.get(&format!("/containers/json?all=true&filters={filter}")).await?.unwrap_or_default();
        let containers = listed.as_array().into_iter().flatten();
        let running = containers.filter_map(|container| {
            let labels = &container["Labels"];
            Some(Running { user: labels[USER].as_str()?.to_owned(), id: labels[ID].as_str()?.parse().ok()? })
        });
        Ok(running.collect())
    }
}

impl Containers {
    /// Stops and removes a container; that it is not there is fine.
    async fn remove(&self, name: &str) -> Result<(), ExecutorError> {
        let stopped = self.api.ask(Method::POST, &format!("/containers/{name}/stop?t={GRACE}"), None).await;
        match stopped {
            // It had stopped before.
            Ok(_) | Err(ApiError::Refused { status: 304, .. }) => {}
            Err(ApiError::Refused { status: 404, .. }) => return Ok(()),
            Err(error) => return Err(ExecutorError::Unavailable(error.to_string())),
        }
        match self.api.ask(Method::DELETE, &format!("/containers/{name}?force=true"), None).await {
            // It is gone, or somebody else removes it.
            Ok(_) | Err(ApiError::Refused { status: 404 | 409, .. }) => Ok(()),
            Err(error) => Err(ExecutorError::Unavailable(error.to_string())),
        }
    }
}

fn starting(state: Value) -> Seen {
    let containers = vec![ContainerState { name: "hatchery-container".into(), state, ready: false }];
    Seen::Starting { conditions: Vec::new(), containers }
}
