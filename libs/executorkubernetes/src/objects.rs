//! The objects of a workspace, as Kubernetes takes them. Pure.

use std::collections::BTreeMap;

use executor::Launch;
use hatchery::{Container, Sidecar};
use serde_json::{Value, json};

use crate::settings::{GRACE, Settings};

/// The annotation with the id of the launch.
pub(crate) const ID: &str = "gen3.org/workspace-id";
/// The annotation with the user's name.
pub(crate) const USER: &str = "gen3username";
/// The label by which our pods are found.
pub(crate) const MANAGED: &str = "app.kubernetes.io/managed-by";
/// Its value.
pub(crate) const MANAGER: &str = "commons-workspace";
/// Variables whose values are in the secret.
const SECRET_VARIABLES: [&str; 2] = ["API_KEY", "JUPYTER_TOKEN"];
/// The file with the key.
const CREDENTIALS: &str = "credentials.json";
/// Where that file is, unless the container names another folder.
const GEN3: &str = "/.gen3";

/// What the objects are made of.
pub(crate) struct Objects<'l> {
    pub(crate) launch: &'l Launch<'l>,
    pub(crate) settings: &'l Settings,
}

impl Objects<'_> {
    fn metadata(&self, name: &str) -> Value {
        let workspace = self.launch.workspace;
        json!({
            "name": name,
            "namespace": self.settings.namespace,
            "labels": { "app": workspace.names.pod(), MANAGED: MANAGER, "gen3.org/part": "workspace" },
            "annotations": { USER: workspace.names.user(), ID: workspace.id.to_string() },
        })
    }

    pub(crate) fn claim(&self) -> Value {
        let mut spec = json!({
            "accessModes": ["ReadWriteOnce"],
            "resources": { "requests": { "storage": self.launch.volume_size.text } },
        });
        if let Some(class) = &self.settings.storage_class {
            spec["storageClassName"] = json!(class);
        }
        let names = &self.launch.workspace.names;
        let metadata = self.metadata(&names.claim());
        json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec })
    }

    pub(crate) fn secret(&self) -> Value {
        let launch = self.launch;
        let mut data =
            BTreeMap::from([(CREDENTIALS, launch.credentials.as_str()), ("JUPYTER_TOKEN", &launch.secret)]);
        let secret = launch.env.iter().filter(|(name, _)| SECRET_VARIABLES.contains(name));
        data.extend(secret.map(|(name, value)| (*name, value.as_str())));
        let metadata = self.metadata(&launch.workspace.names.pod());
        let (version, kind) = ("v1", "Secret");
        json!({
            "apiVersion": version, "kind": kind, "metadata": metadata, "type": "Opaque", "stringData": data,
        })
    }

    pub(crate) fn service(&self) -> Value {
        let names = &self.launch.workspace.names;
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": self.metadata(&names.service()),
            "spec": {
                "type": "ClusterIP",
                "selector": { "app": names.pod(), MANAGED: MANAGER },
                "ports": [{
                    "name": "program", "protocol": "TCP", "port": 80, "targetPort": self.launch.container.port
                }],
            },
        })
    }

    pub(crate) fn pod(&self) -> Value {
        let (launch, container) = (self.launch, self.launch.container);
        let mut spec = json!({
            "restartPolicy": "Never",
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "terminationGracePeriodSeconds": GRACE,
            "securityContext": pod_security(container),
            "volumes": self.volumes(),
            "containers": self.containers(),
        });
        let role = if container.gpu { "gpu" } else { "jupyter" };
        if container.gpu || !self.settings.any_node {
            let mut tolerations =
                vec![json!({ "key": "role", "operator": "Equal", "value": role, "effect": "NoSchedule" })];
            if container.gpu {
                tolerations
                    .push(json!({ "key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule" }));
            }
            spec["nodeSelector"] = json!({ "role": role });
            spec["tolerations"] = Value::Array(tolerations);
        }
        let metadata = self.metadata(&launch.workspace.names.pod());
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec })
    }

    fn volumes(&self) -> Vec<Value> {
        let names = &self.launch.workspace.names;
        let container = self.launch.container;
        // Without a group of its own, the account of the program reads it as everybody; nobody else is in the
        // pod.
        let mode = if container.fs_gid > 0 { 0o440 } else { 0o444 };
        let mut volumes = vec![
            json!({ "name": "shared-data", "emptyDir": {} }),
            json!({ "name": "gen3", "secret": {
                "secretName": names.pod(), "defaultMode": mode,
                "items": [{ "key": CREDENTIALS, "path": CREDENTIALS }],
            }}),
        ];
        if container.shared_memory {
            volumes.push(json!({ "name": "dshm", "emptyDir": { "medium": "Memory" } }));
        }
        if container.user_volume.is_some() {
            volumes.push(
                json!({ "name": "user-data", "persistentVolumeClaim": { "claimName": names.claim() } }),
            );
        }
        volumes
    }

    fn containers(&self) -> Vec<Value> {
        let sidecar = self.launch.sidecar.filter(|_| self.settings.sidecar);
        let sidecar = sidecar.map(|sidecar| self.sidecar(sidecar));
        let friends = self.launch.container.friends.iter().map(confined);
        sidecar.into_iter().chain([self.program()]).chain(friends).collect()
    }

    fn variables(&self, own: &BTreeMap<String, String>) -> Vec<Value> {
        let ours = |name: &str| self.launch.env.iter().any(|(known, _)| *known == name);
        let plain = own.iter().filter(|(name, _)| !ours(name));
        let mut variables: Vec<Value> =
            plain.map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let secret = self.launch.workspace.names.pod();
        for (name, value) in &self.launch.env {
            if !SECRET_VARIABLES.contains(name) {
                variables.push(json!({ "name": name, "value": value }));
            }
        }
        for name in SECRET_VARIABLES {
            variables.push(
                json!({ "name": name, "valueFrom": { "secretKeyRef": { "name": secret, "key": name } } }),
            );
        }
        variables
    }

    fn program(&self) -> Value {
        let container = self.launch.container;
        let folder = container.gen3_volume.as_deref().unwrap_or(GEN3);
        let mut env = self.variables(&container.env);
        env.push(json!({ "name": "GEN3_API_KEY", "value": format!("{folder}/{CREDENTIALS}") }));
        let mut mounts = vec![
            json!({ "name": "shared-data", "mountPath": "/data", "mountPropagation": "HostToContainer" }),
            json!({ "name": "gen3", "mountPath": folder, "readOnly": true }),
        ];
        if let Some(folder) = &container.user_volume {
            mounts.push(json!({ "name": "user-data", "mountPath": folder }));
        }
        if container.shared_memory {
            mounts.push(json!({ "name": "dshm", "mountPath": "/dev/shm" }));
        }
        let mut amounts = json!({ "cpu": container.cpu.text, "memory": container.memory.text });
        if container.gpu {
            amounts["nvidia.com/gpu"] = json!("1");
        }
        let mut lifecycle = json!({});
        for (key, command) in [("preStop", &container.pre_stop), ("postStart", &container.post_start)] {
            if !command.is_empty() {
                lifecycle[key] = json!({ "exec": { "command": command } });
            }
        }
        let scheme = if container.tls { "HTTPS" } else { "HTTP" };
        let mut program = json!({
            "name": "hatchery-container",
            "image": container.image,
            "imagePullPolicy": container.pull_policy.as_str(),
            "env": env,
            "volumeMounts": mounts,
            "resources": { "limits": amounts, "requests": amounts },
            "securityContext": confinement(),
            "lifecycle": lifecycle,
            "ports": [{ "containerPort": container.port }],
            "readinessProbe": {
                "httpGet": { "path": container.ready_probe, "port": container.port, "scheme": scheme }
            },
        });
        for (key, words) in [("command", &container.command), ("args", &container.args)] {
            if !words.is_empty() {
                program[key] = json!(words);
            }
        }
        program
    }

    /// It mounts file systems, which takes all privileges.
    fn sidecar(&self, sidecar: &Sidecar) -> Value {
        let amounts = json!({ "cpu": sidecar.cpu.text, "memory": sidecar.memory.text });
        let mut made = json!({
            "name": "fuse-container",
            "image": sidecar.image,
            "imagePullPolicy": "Always",
            "env": self.variables(&sidecar.env),
            "securityContext": { "privileged": true, "runAsUser": 0, "runAsGroup": 0 },
            "volumeMounts": [
                { "name": "shared-data", "mountPath": "/data", "mountPropagation": "Bidirectional" },
                { "name": "gen3", "mountPath": GEN3 },
            ],
            "resources": { "limits": amounts, "requests": amounts },
        });
        for (key, words) in [("command", &sidecar.command), ("args", &sidecar.args)] {
            if !words.is_empty() {
                made[key] = json!(words);
            }
        }
        if !sidecar.pre_stop.is_empty() {
            made["lifecycle"] = json!({ "preStop": { "exec": { "command": sidecar.pre_stop } } });
        }
        made
    }
}

fn pod_security(container: &Container) -> Value {
    let mut security = json!({ "seccompProfile": { "type": "RuntimeDefault" } });
    for (key, number) in
        [("runAsUser", container.uid), ("runAsGroup", container.gid), ("fsGroup", container.fs_gid)]
    {
        if number > 0 {
            security[key] = json!(number);
        }
    }
    if container.uid > 0 {
        security["runAsNonRoot"] = json!(true);
    }
    security
}

fn confinement() -> Value {
    json!({ "privileged": false, "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } })
}

/// A further container with no more than the first one has.
fn confined(friend: &Value) -> Value {
    let mut friend = friend.clone();
    let mut security = confinement();
    for key in ["runAsUser", "runAsGroup", "runAsNonRoot", "readOnlyRootFilesystem"] {
        if let Some(own) = friend["securityContext"].get(key) {
            security[key] = own.clone();
        }
    }
    friend["securityContext"] = security;
    friend
}
