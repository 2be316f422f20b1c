//! Notebooks next to the data: what runs them, and what is offered.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use executor::Executor;
use executorcontainer::{Containers, Settings};
use executorlocal::Local;
use hatchery::Hatchery;
use url::Url;
use workspace::Limits;

use crate::{http_client::http_client, state::State};

/// What `commons up` is told of workspaces.
#[derive(Debug, Clone, Default, Args)]
pub struct WorkspaceArgs {
    /// Offer workspaces. `local`: JupyterLab as a process of this machine, with the rights of this account
    /// and NOT ISOLATED from it, for people whom one would let use this account; a hatchery.json may follow
    /// after a colon. `docker`: containers of Docker or Podman, whose socket may follow after a colon.
    #[arg(long, value_name = "local[:FILE]|docker[:SOCKET]")]
    pub workspaces: Option<Runner>,
    /// Which workspaces are offered: a hatchery.json, as in every Gen3 commons.
    #[arg(long, value_name = "FILE")]
    pub hatchery_config: Option<PathBuf>,
    /// A Python environment that has JupyterLab, for `local`. Default: one that is made at the first launch.
    #[arg(long, value_name = "DIR")]
    pub notebook_environment: Option<PathBuf>,
    /// End a workspace that has not been used for so many minutes; 0 for never. Default: 60.
    #[arg(long, value_name = "MINUTES")]
    pub workspace_idle: Option<u32>,
    /// Workspaces at once. Default: 100.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub workspace_most: Option<u32>,
}

/// What runs workspaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runner {
    /// Processes of this machine, and what they may be.
    Local(Option<PathBuf>),
    /// Containers of this machine, and the socket of what runs them.
    Docker(Option<PathBuf>),
}

impl FromStr for Runner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, rest) = text.split_once(':').map_or((text, None), |(kind, rest)| (kind, Some(rest)));
        match kind {
            "local" => Ok(Self::Local(rest.map(PathBuf::from))),
            "docker" | "podman" => Ok(Self::Docker(rest.map(PathBuf::from))),
            other => Err(format!("workspaces are run by `local` or `docker`, not by {other:?}")),
        }
    }
}

impl std::fmt::Display for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Local(None) => f.write_str("local"),
            Self::Local(Some(file)) => write!(f, "local:{}", file.display()),
            Self::Docker(None) => f.write_str("docker"),
            Self::Docker(Some(socket)) => write!(f, "docker:{}", socket.display()),
        }
    }
}

/// The one workspace of a machine without a configuration.
const LOCAL: &str = r#"{
  "containers": [{
    "name": "JupyterLab on this machine (not isolated)", "image": "none", "cpu-limit": "1", "memory-limit": "2Gi",
    "target-port": 8888
  }]
}"#;

/// The one workspace of a container runtime without a configuration. Its program installs what reads the
/// commons.
const CONTAINER: &str = r#"{
  "user-volume-size": "10Gi",
  "containers": [{
    "name": "JupyterLab", "image": "quay.io/jupyter/base-notebook:latest", "cpu-limit": "1", "memory-limit": "2Gi",
    "target-port": 8888, "user-uid": 1000, "fs-gid": 100,
    "user-volume-location": "/home/jovyan/work", "gen3-volume-location": "/home/jovyan/.gen3",
    "command": ["sh", "-c"],
    "args": [
      "pip install --quiet gen3; exec start-notebook.py --ServerApp.base_url=/lw-workspace/proxy/ --ServerApp.allow_remote_access=True --ServerApp.shutdown_no_activity_timeout=5400"
    ]
  }]
}"#;

/// Where container runtimes listen.
fn socket() -> PathBuf {
    let given = std::env::var("DOCKER_HOST").ok();
    if let Some(path) = given.as_deref().and_then(|host| host.strip_prefix("unix://")) {
        return PathBuf::from(path);
    }
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(|folder| Path::new(&folder).join("podman/podman.sock"));
    let known =
        [Some(PathBuf::from("/var/run/docker.sock")), own, Some(PathBuf::from("/run/podman/podman.sock"))];
    let known = known.into_iter().flatten();
    known.clone().find(|path| path.exists()).unwrap_or_else(|| PathBuf::from("/var/run/docker.sock"))
}

impl WorkspaceArgs {
    /// What is offered.
    ///
    /// # Errors
    /// For a file that cannot be read, with each place in it that is wrong.
    pub(crate) fn hatchery(&self) -> anyhow::Result<Hatchery> {
        let Some(runner) = &self.workspaces else { return Ok(Hatchery::default()) };
        let (named, own) = match runner {
            Runner::Local(named) => (named.as_ref(), LOCAL),
            Runner::Docker(_) => (None, CONTAINER),
        };
        match named.or(self.hatchery_config.as_ref()) {
            Some(file) => read(file),
            None => Ok(Hatchery::read(own).context("the built-in workspaces cannot be used")?.0),
        }
    }

    /// What runs workspaces, if anything does.
    pub(crate) fn executor(
        &self,
        state: &State,
        public_url: &Url,
    ) -> anyhow::Result<Option<Arc<dyn Executor>>> {
        let Some(runner) = &self.workspaces else { return Ok(None) };
        if let Runner::Docker(given) = runner {
            if web::is_loopback(public_url) {
                tracing::warn!(
                    %public_url,
                    "containers do not reach the commons at this address; give one they do by --public-url"
                );
            }
            let commons = absolute(state.folder()).display().to_string();
            let settings =
                Settings { socket: given.clone().unwrap_or_else(socket), commons: label(&commons) };
            return Ok(Some(Arc::new(Containers::new(settings, http_client()?)?)));
        }
        tracing::warn!("workspaces are processes of this machine, with the rights of this account");
        let settings = executorlocal::Settings {
            folder: absolute(&state.path("workspaces")),
            hidden: absolute(state.folder()),
            environment: self.notebook_environment.as_deref().map(absolute),
        };
        Ok(Some(Arc::new(Local::new(settings))))
    }

    pub(crate) fn limits(&self) -> Limits {
        limits(self.workspace_idle, self.workspace_most)
    }
}

/// A word for a text that may have any characters.
fn label(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The limits that options change.
pub(crate) fn limits(idle_minutes: Option<u32>, most: Option<u32>) -> Limits {
    let usual = Limits::default();
    Limits {
        idle: idle_minutes.map_or(usual.idle, |minutes| Duration::from_secs(u64::from(minutes) * 60)),
        most: most.map_or(usual.most, i64::from),
        ..usual
    }
}

/// The configuration in `file`; what has no effect in it is told in the log.
///
/// # Errors
/// With each place that is wrong.
pub(crate) fn read(file: &Path) -> anyhow::Result<Hatchery> {
    let told = || format!("{} cannot be used", file.display());
    let text = fs::read_to_string(file).with_context(told)?;
    let (hatchery, remarks) = Hatchery::read(&text).with_context(told)?;
    for remark in remarks {
        tracing::warn!(file = %file.display(), "{remark}");
    }
    Ok(hatchery)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
