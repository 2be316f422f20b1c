//! A container that can be launched.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    access::Rule,
    identity::Identity,
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

/// Keys of a container that change nothing here, and why.
const UNHEEDED: [(&str, &str); 2] =
    [("nextflow", "Nextflow on AWS Batch is not offered"), ("license", "pools of licences are not offered")];
/// The argument by which a notebook server ends itself.
const IDLE: &str = "shutdown_no_activity_timeout=";

impl Container {
    pub(crate) fn read(value: &Value, place: &str, found: &mut Found) -> Option<Self> {
        let mut block = Object::of(value, place, found)?;
        let mut identity = Identity::default();
        let name = block.text("name", found).unwrap_or_default();
        if name.is_empty() {
            found.refuse(&block.at("name"), "missing; it is what users choose by");
        }
        let image = block.text("image", found).unwrap_or_default();
        if image.is_empty() {
            found.refuse(&block.at("image"), "missing; a container without an image cannot be launched");
        }
        let policy = block.text("pull_policy", found).unwrap_or_default();
        let (cpu, memory) = (block.cpu("cpu-limit", found), block.memory("memory-limit", found));
        for (is_missing, key) in [(cpu.is_none(), "cpu-limit"), (memory.is_none(), "memory-limit")] {
            if is_missing && !found.problems.iter().any(|problem| problem.place == block.at(key)) {
                found
                    .refuse(&block.at(key), "missing; without it one workspace could take the whole machine");
            }
        }
        let gpu = block.flag("gpu", found);
        let env = block.variables("env", found);
        let port = block.number("target-port", found);
        if !(1..=65_535).contains(&port) {
            found.refuse(
                &block.at("target-port"),
                "must be the port on which the program answers, 1 to 65535",
            );
        }
        let (args, command) = (block.texts("args", found), block.texts("command", found));
        let rewrite = block.text("path-rewrite", found);
        let tls_text = block.take("use-tls").and_then(Value::as_str).unwrap_or_default().to_owned();
        let tls = block.word("use-tls", found);
        let ready = block.text("ready-probe", found);
        let pre_stop = block.texts("lifecycle-pre-stop", found);
        let post_start = block.texts("lifecycle-post-start", found);
        let [uid, gid, fs_gid] = ["user-uid", "group-uid", "fs-gid"].map(|key| block.number(key, found));
        let user_volume = block.text("user-volume-location", found);
        let gen3_volume = block.text("gen3-volume-location", found);
        let shared_text =
            block.take("use-shared-memory").and_then(Value::as_str).unwrap_or_default().to_owned();
        let shared_memory = block.word("use-shared-memory", found);
        let friends = block.take("friends").and_then(Value::as_array).cloned();
        let authz = block.take("authz");
        let rule = authz.and_then(|value| Rule::read(value, &block.at("authz"), found));

        for (location, key) in
            [(&user_volume, "user-volume-location"), (&gen3_volume, "gen3-volume-location")]
        {
            if location.as_ref().is_some_and(|path| !path.is_empty() && !is_folder(path)) {
                found.refuse(&block.at(key), "must be a path in the container such as /home/jovyan/pd");
            }
        }
        if user_volume.is_some() && user_volume == gen3_volume && user_volume.as_deref() != Some("") {
            found.refuse(
                &block.at("gen3-volume-location"),
                "is that of the user's storage; name another folder",
            );
        }
        for (key, path) in [("path-rewrite", &rewrite), ("ready-probe", &ready)] {
            if path.as_ref().is_some_and(|path| !path.is_empty() && !path.starts_with('/')) {
                found.refuse(&block.at(key), "must begin with a slash");
            }
        }
        for (at, friend) in friends.iter().flatten().enumerate() {
            check_friend(friend, &format!("{}[{at}]", block.at("friends")), found);
        }
        for name in env.iter().flatten().map(|(name, _)| name) {
            if matches!(name.as_str(), "API_KEY" | "API_KEY_ID" | "GEN3_ENDPOINT" | "WORKSPACE_FLAVOR") {
                found.remark(&block.at("env"), format!("{name} is set by the commons, whose value counts"));
            }
        }

        identity.text("name", &name).flag("gpu", gpu);
        identity.text("cpu-limit", cpu.as_ref().map_or("", |cpu| &cpu.text));
        identity.text("memory-limit", memory.as_ref().map_or("", |memory| &memory.text));
        identity.text("image", &image).text("pull_policy", &policy).variables("env", env.as_ref());
        identity.number("target-port", port).texts("args", args.as_deref());
        identity.texts("command", command.as_deref()).text("path-rewrite", rewrite.as_deref().unwrap_or(""));
        identity.text("use-tls", &tls_text).text("ready-probe", ready.as_deref().unwrap_or(""));
        identity.texts("lifecycle-pre-stop", pre_stop.as_deref());
        identity.texts("lifecycle-post-start", post_start.as_deref());
        identity.number("user-uid", uid).number("group-uid", gid).number("fs-gid", fs_gid);
        identity.text("user-volume-location", user_volume.as_deref().unwrap_or(""));
        identity.text("gen3-volume-location", gen3_volume.as_deref().unwrap_or(""));
        identity.text("use-shared-memory", &shared_text).friends(friends.as_deref());
        identity.nextflow(block.take("nextflow")).licence(block.take("license")).authz(authz);

        for (key, reason) in UNHEEDED {
            if block.take(key).is_some_and(|value| value["enabled"] == true) {
                found.remark(&block.at(key), reason);
            }
        }
        let pull_policy = match policy.as_str() {
            "Always" => PullPolicy::Always,
            "Never" => PullPolicy::Never,
            _ => PullPolicy::IfNotPresent,
        };
        block.finish(&[], found);
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        Some(Self {
            id: identity.digest(),
            name,
            image,
            pull_policy,
            cpu: cpu?,
            memory: memory?,
            gpu,
            env: env.unwrap_or_default(),
            port: u16::try_from(port).ok()?,
            command: command.unwrap_or_default(),
            args: args.unwrap_or_default(),
            path_rewrite: filled(rewrite).unwrap_or_else(|| PROXY.to_owned()),
            tls,
            ready_probe: filled(ready).unwrap_or_else(|| PROXY.to_owned()),
            pre_stop: pre_stop.unwrap_or_default(),
            post_start: post_start.unwrap_or_default(),
            uid,
            gid,
            fs_gid,
            user_volume: filled(user_volume),
            gen3_volume: filled(gen3_volume),
            shared_memory,
            friends: friends.unwrap_or_default(),
            rule,
        })
    }

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
             allow \
             that, and elsewhere files are reached by the SDK",
        );
        Some(sidecar)
    }
}

/// A path in a container that is no part of what it is made of.
fn is_folder(path: &str) -> bool {
    let is_whole = path.starts_with('/') && !path.split('/').any(|part| matches!(part, "." | ".."));
    let trimmed = path.trim_end_matches('/');
    is_whole && !trimmed.is_empty() && !["/proc", "/sys", "/dev", "/etc"].contains(&trimmed)
}

/// A further container may not reach for the node that it runs on.
fn check_friend(friend: &Value, place: &str, found: &mut Found) {
    let Some(fields) = friend.as_object() else {
        found.refuse(place, "must be a container as Kubernetes writes it");
        return;
    };
    for key in ["name", "image"] {
        if !fields.get(key).is_some_and(Value::is_string) {
            found.refuse(place, format!("needs a {key:?}"));
        }
    }
    let security = &friend["securityContext"];
    if security["privileged"] == true || security["allowPrivilegeEscalation"] == true {
        found.refuse(&format!("{place}.securityContext"), "a privileged container has its node; remove this");
    }
    if security["capabilities"]["add"].as_array().is_some_and(|added| !added.is_empty()) {
        found.refuse(
            &format!("{place}.securityContext.capabilities"),
            "capabilities cannot be added; remove this",
        );
    }
    let ports = friend["ports"].as_array().into_iter().flatten();
    if ports.clone().any(|port| port.get("hostPort").is_some() || port.get("hostIP").is_some()) {
        found.refuse(
            &format!("{place}.ports"),
            "ports of the node (hostPort, hostIP) cannot be had; remove them",
        );
    }
    let known = ["shared-data", "user-data", "gen3", "dshm"];
    for mount in friend["volumeMounts"].as_array().into_iter().flatten() {
        let name = mount["name"].as_str().unwrap_or_default();
        if !known.contains(&name) {
            let text = format!(
                "the volume {name:?} is none of the workspace's, and paths of the node cannot be mounted; \
                 use \
                 shared-data, user-data or gen3"
            );
            found.refuse(&format!("{place}.volumeMounts"), text);
        }
    }
}
