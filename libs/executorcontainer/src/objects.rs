//! What the runtime is told. Pure.

use std::{collections::BTreeMap, io};

use executor::Launch;
use serde_json::{Value, json};

/// The network of the workspaces.
pub(crate) const NETWORK: &str = "commons-workspaces";
/// The label with the commons that a container belongs to.
pub(crate) const COMMONS: &str = "gen3.org.commons";
/// The label with the id of the launch.
pub(crate) const ID: &str = "gen3.org.workspace-id";
/// The label with the user's name.
pub(crate) const USER: &str = "gen3username";
/// The file with the key.
pub(crate) const CREDENTIALS: &str = "credentials.json";
/// Where that file is, unless the container names another folder.
pub(crate) const GEN3: &str = "/.gen3";
/// Processes and threads of a workspace.
const MOST_PROCESSES: u32 = 4_096;
/// `/dev/shm` of a workspace that asks for a large one.
const SHARED_MEMORY: u64 = 1 << 30;

/// A network in which containers do not reach each other.
pub(crate) fn network() -> Value {
    json!({
        "Name": NETWORK,
        "Driver": "bridge",
        "Options": { "com.docker.network.bridge.enable_icc": "false" },
        "Labels": { "gen3.org.part": "workspaces" },
    })
}

pub(crate) fn container(launch: &Launch<'_>, commons: &str) -> Value {
    let (workspace, container) = (launch.workspace, launch.container);
    let folder = container.gen3_volume.as_deref().unwrap_or(GEN3);
    let mut env: BTreeMap<&str, String> =
        container.env.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    env.extend(launch.env.iter().map(|(name, value)| (*name, value.clone())));
    env.insert("JUPYTER_TOKEN", launch.secret.clone());
    env.insert("GEN3_API_KEY", format!("{folder}/{CREDENTIALS}"));
    let env: Vec<String> = env.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let port = format!("{}/tcp", container.port);
    let mut mounts = Vec::new();
    if let Some(target) = &container.user_volume {
        mounts.push(json!({ "Type": "volume", "Source": workspace.names.claim(), "Target": target }));
    }
    let mut host = json!({
        "NetworkMode": NETWORK,
        "PortBindings": { port.clone(): [{ "HostIp": "127.0.0.1", "HostPort": "" }] },
        "Mounts": mounts,
        "Memory": container.memory.bytes,
        "MemorySwap": container.memory.bytes,
        "NanoCpus": container.cpu.millis.saturating_mul(1_000_000),
        "PidsLimit": MOST_PROCESSES,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "RestartPolicy": { "Name": "no" },
    });
    if container.shared_memory {
        host["ShmSize"] = json!(SHARED_MEMORY);
    }
    let mut made = json!({
        "Image": container.image,
        "Env": env,
        "ExposedPorts": { port: {} },
        "Labels": {
            COMMONS: commons,
            ID: workspace.id.to_string(),
            USER: workspace.names.user(),
        },
        "HostConfig": host,
    });
    if !container.command.is_empty() {
        made["Entrypoint"] = json!(container.command);
    }
    if !container.args.is_empty() {
        made["Cmd"] = json!(container.args);
    }
    if container.uid > 0 {
        let group = if container.gid > 0 { container.gid } else { container.fs_gid };
        made["User"] = json!(format!("{}:{group}", container.uid));
    }
    made
}

/// A file in a folder of its own, for its owner alone, as an archive.
pub(crate) fn archive(folder: &str, name: &str, text: &str, owner: (u64, u64)) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let folder = folder.trim_matches('/');
    let entry = |kind: tar::EntryType, mode: u32, size: usize| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(owner.0);
        header.set_gid(owner.1);
        header.set_size(size as u64);
        header
    };
    let mut header = entry(tar::EntryType::Directory, if owner.0 > 0 { 0o700 } else { 0o755 }, 0);
    archive.append_data(&mut header, format!("{folder}/"), io::empty())?;
    // An image whose account is not known reads it as everybody; nobody else is in the container.
    let mode = if owner.0 > 0 { 0o600 } else { 0o644 };
    let mut header = entry(tar::EntryType::Regular, mode, text.len());
    archive.append_data(&mut header, format!("{folder}/{name}"), text.as_bytes())?;
    archive.into_inner()
}
