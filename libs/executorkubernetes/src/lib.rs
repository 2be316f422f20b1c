//! Workspaces as pods of Kubernetes, with the names that hatchery gave them.
//!
//! A workspace is a pod `hatchery-<user>`, a service `h-<user>-s`, a secret with its key, and a claim
//! `claim-<user>` to storage, which stays. All of them are in one namespace, for which a namespaced role is
//! enough. The pod has no token of its service account, gains no privileges and runs under the runtime's
//! seccomp profile.

mod api;
mod objects;
mod seen;
mod settings;

use async_trait::async_trait;
use executor::{Executor, ExecutorError, Launch, Reach, Running, Seen, Workspace};
use hatchery::Container;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

pub use api::{Api, ApiError, Token};
pub use settings::Settings;

use crate::{
    objects::{ID, MANAGED, MANAGER, USER},
    settings::GRACE,
};

/// Starts pods.
#[derive(Debug)]
pub struct Kubernetes {
    api: Api,
    settings: Settings,
    client: reqwest::Client,
}

impl Kubernetes {
    /// An executor that works through `api`. `client` reaches the programs.
    pub fn new(api: Api, settings: Settings, client: reqwest::Client) -> Self {
        Self { api, settings, client }
    }

    fn path(&self, kind: &str, name: &str) -> String {
        let namespace = &self.settings.namespace;
        if name.is_empty() {
            format!("/api/v1/namespaces/{namespace}/{kind}")
        } else {
            format!("/api/v1/namespaces/{namespace}/{kind}/{name}")
        }
    }

    async fn get(&self, kind: &str, name: &str) -> Result<Option<Value>, ExecutorError> {
        found(self.api.ask(Method::GET, &self.path(kind, name), None).await)
    }

    async fn create(&self, kind: &str, object: &Value) -> Result<(), ExecutorError> {
        match self.api.ask(Method::POST, &self.path(kind, ""), Some(object)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(refused(kind, error)),
        }
    }

    /// Deletes an object; that it is not there is fine.
    async fn delete(&self, kind: &str, name: &str) -> Result<(), ExecutorError> {
        let grace = json!({ "propagationPolicy": "Background" });
        let options = if kind == "pods" { json!({ "gracePeriodSeconds": GRACE }) } else { grace };
        found(self.api.ask(Method::DELETE, &self.path(kind, name), Some(&options)).await).map(drop)
    }
}

fn found(asked: Result<Value, ApiError>) -> Result<Option<Value>, ExecutorError> {
    match asked {
        Ok(value) => Ok(Some(value)),
        Err(ApiError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(ExecutorError::Unavailable(error.to_string())),
    }
}

/// Quotas and admission say in words what is wrong; the user is to know it.
fn refused(kind: &str, error: ApiError) -> ExecutorError {
    match error {
        ApiError::Refused { status: 403 | 409 | 422, message } => {
            ExecutorError::Refused(format!("the cluster takes no {kind} for this workspace: {message}"))
        }
        error => ExecutorError::Unavailable(error.to_string()),
    }
}

#[async_trait]
impl Executor for Kubernetes {
    fn kind(&self) -> &'static str {
        "Kubernetes"
    }

    fn cannot(&self, _: &Container) -> Option<String> {
        None
    }

    async fn ready(&self) -> Result<(), String> {
        let path = format!("{}?limit=1", self.path("pods", ""));
        self.api.ask(Method::GET, &path, None).await.map(drop).map_err(|error| error.to_string())
    }

    async fn start(&self, launch: Launch<'_>) -> Result<(), ExecutorError> {
        let objects = objects::Objects { launch: &launch, settings: &self.settings };
        let names = &launch.workspace.names;
        if launch.container.user_volume.is_some()
            && self.get("persistentvolumeclaims", &names.claim()).await?.is_none()
        {
            self.create("persistentvolumeclaims", &objects.claim()).await?;
        }
        // What is left of an earlier launch has its key.
        self.delete("secrets", &names.pod()).await?;
        self.create("secrets", &objects.secret()).await?;
        self.create("pods", &objects.pod()).await?;
        self.delete("services", &names.service()).await?;
        self.create("services", &objects.service()).await
    }

    async fn observe(&self, workspace: &Workspace) -> Result<Seen, ExecutorError> {
        let pod = self.get("pods", &workspace.names.pod()).await?;
        let ours = pod.filter(|pod| pod["metadata"]["annotations"][ID] == workspace.id.to_string());
        Ok(ours.map_or(Seen::Absent, |pod| seen::of_pod(&pod)))
    }

    async fn stop(&self, workspace: &Workspace) -> Result<(), ExecutorError> {
        let names = &workspace.names;
        self.delete("secrets", &names.pod()).await?;
        self.delete("services", &names.service()).await?;
        self.delete("pods", &names.pod()).await
    }

    async fn reach(&self, workspace: &Workspace) -> Result<Reach, ExecutorError> {
        let scheme = if workspace.tls { "https" } else { "http" };
        let host = format!("{}.{}.svc", workspace.names.service(), self.settings.namespace);
        let base = Url::parse(&format!("{scheme}://{host}:80"));
        let base = base.map_err(|error| ExecutorError::Unavailable(error.to_string()))?;
        Ok(Reach { base, client: self.client.clone() })
    }

    async fn running(&self) -> Result<Vec<Running>, ExecutorError> {
        let path = format!("{}?labelSelector={MANAGED}%3D{MANAGER}", self.path("pods", ""));
        let listed = found(self.api.ask(Method::GET, &path, None).await)?.unwrap_or_default();
        let pods = listed["items"].as_array().into_iter().flatten();
        let leaves = |pod: &Value| pod["metadata"]["deletionTimestamp"].is_string();
        let running = pods.filter(|pod| !leaves(pod)).filter_map(|pod| {
            let annotations = &pod["metadata"]["annotations"];
            let id = annotations[ID].as_str()?.parse().ok()?;
            Some(Running { user: annotations[USER].as_str()?.to_owned(), id })
        });
        Ok(running.collect())
    }
}
