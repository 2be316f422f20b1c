//! A container that can be launched.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    access::Rule,
    quantity::{Cpu, Memory},
    reader::{Found, Object},
};

/// Below this path the gateway leads to the workspace of whoever asks.
pub const PROXY: &str = "/lw-workspace/proxy/";

/// When an image is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullPolicy {
    /// If it is not there.
    IfNotPresent,
    /// Each time.
    Always,
    /// Never.
    Never,
}

impl PullPolicy {
    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IfNotPresent => "IfNotPresent",
            Self::Always => "Always",
            Self::Never => "Never",
        }
    }
}

/// A container that can be launched.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// Digest of its block, as the original computes it: another one after any change.
    pub id: String,
    /// What people read.
    pub name: String,
    /// The image.
    pub image: String,
    /// When the image is fetched.
    pub pull_policy: PullPolicy,
    /// The processors that it may use.
    pub cpu: Cpu,
    /// The memory that it may use.
    pub memory: Memory,
    /// Whether it has a graphics processor.
    pub gpu: bool,
    /// Variables.
    pub env: BTreeMap<String, String>,
    /// The port on which it answers.
    pub port: u16,
    /// The program; empty for that of the image.
    pub command: Vec<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// What stands before the paths of requests.
    pub path_rewrite: String,
    /// Whether it speaks HTTPS.
    pub tls: bool,
    /// The path that answers as soon as it is ready.
    pub ready_probe: String,
    /// What is run before it ends.
    pub pre_stop: Vec<String>,
    /// What is run after it has begun.
    pub post_start: Vec<String>,
    /// The account that it runs as; 0 for that of the image.
    pub uid: u32,
    /// The group that it runs as; 0 for that of the image.
    pub gid: u32,
    /// The group to which its storage belongs; 0 for none.
    pub fs_gid: u32,
    /// Where the storage of the user is.
    pub user_volume: Option<String>,
    /// Where the file with the API key is.
    pub gen3_volume: Option<String>,
    /// Whether it has a large `/dev/shm`.
    pub shared_memory: bool,
    /// Further containers of its pod, as Kubernetes writes them.
    pub friends: Vec<Value>,
    /// Who may launch it; everybody without one.
    pub rule: Option<Rule>,
}

/// What runs beside each workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct Sidecar {
    /// The image.
    pub image: String,
    /// The processors that it may use.
    pub cpu: Cpu,
    /// The memory that it may use.
    pub memory: Memory,
    /// Variables.
    pub env: BTreeMap<String, String>,
    /// The program; empty for that of the image.
    pub command: Vec<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// What is run before it ends.
    pub pre_stop: Vec<String>,
}

/// The argument by which a notebook server ends itself.
const IDLE: &str = "shutdown_no_activity_timeout=";

impl Container {
    /// After how many milliseconds without activity it ends itself, if its arguments say so.
    pub fn idle_limit(&self) -> Option<i64> {
        let said = self.args.iter().find(|arg| arg.contains(IDLE))?;
        let seconds: i64 = said.rsplit('=').next()?.trim().parse().ok()?;
        seconds.checked_mul(1_000)
    }

    /// The kind of workspace that programs in it see.
    pub fn flavour(&self) -> &'static str {
        if self.name.to_lowercase().contains("jupyter") { "jupyter" } else { "" }
    }
}

impl Sidecar {
    pub(crate) fn read(value: &Value, place: &str, found: &mut Found) -> Option<Self> {
        let mut block = Object::of(value, place, found)?;
        let image = block.text("image", found).unwrap_or_default();
        let (cpu, memory) = (block.cpu("cpu-limit", found), block.memory("memory-limit", found));
        let sidecar = Self {
            image,
            cpu: cpu.unwrap_or(Cpu { text: "100m".into(), millis: 100 }),
            memory: memory.unwrap_or(Memory { text: "128Mi".into(), bytes: 128 << 20 }),
            env: block.variables("env", found).unwrap_or_default(),
            command: block.texts("command", found).unwrap_or_default(),
            args: block.texts("args", found).unwrap_or_default(),
            pre_stop: block.texts("lifecycle-pre-stop", found).unwrap_or_default(),
        };
        block.finish(&[], found);
        if sidecar.image.is_empty() {
            return None;
        }
        found.remark(
            place,
            "it mounts files by FUSE in a privileged container; it runs only where the executor is told to \
             allow that, and elsewhere files are reached by the SDK",
        );
        Some(sidecar)
    }
}
