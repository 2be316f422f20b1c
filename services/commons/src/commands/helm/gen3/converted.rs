//! What became of values of gen3-helm.

use serde_json::{Map, Value};

/// A file, and what it becomes in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// Its name in the folder, and its key in the cluster.
    pub(crate) name: &'static str,
    /// What is in it.
    pub(crate) text: String,
    kind: Kind,
    object: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Secret,
    ConfigMap,
}

impl File {
    /// What it becomes, for people.
    pub(crate) fn becomes(&self) -> String {
        match self.kind {
            Kind::Secret => format!("Secret {}", self.object),
            Kind::ConfigMap => format!("ConfigMap {}", self.object),
        }
    }
}

/// A value that has no place, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) key: String,
    pub(crate) why: String,
}

/// What became of values of gen3-helm.
#[derive(Debug, Default)]
pub(crate) struct Converted {
    /// Values of our chart.
    pub(crate) values: Value,
    /// Files for Secrets and ConfigMaps.
    pub(crate) files: Vec<File>,
    /// Shell commands that make Secrets of what the cluster has.
    pub(super) commands: Vec<String>,
    /// What its reader has to do or to decide.
    pub(crate) to_do: Vec<String>,
    /// What was left out.
    pub(crate) left_out: Vec<LeftOut>,
}

impl Converted {
    /// Sets a value; dots are between the keys of `path`.
    pub(super) fn set(&mut self, path: &str, value: impl Into<Value>) {
        let mut place = &mut self.values;
        for key in path.split('.') {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = &mut place[key];
        }
        *place = value.into();
    }

    pub(super) fn secret(&mut self, name: &'static str, object: &'static str, text: String) {
        self.files.push(File { name, text, kind: Kind::Secret, object });
    }

    pub(super) fn config_map(&mut self, name: &'static str, object: &'static str, text: String) {
        self.files.push(File { name, text, kind: Kind::ConfigMap, object });
    }

    pub(super) fn left_to_you(&mut self, what: impl Into<String>) {
        self.to_do.push(what.into());
    }

    pub(super) fn leave_out(&mut self, key: impl Into<String>, why: impl Into<String>) {
        self.left_out.push(LeftOut { key: key.into(), why: why.into() });
    }

    /// The script that makes Secrets and ConfigMaps. It may run again and again.
    pub(crate) fn script(&self) -> String {
        let mut lines =
            vec![
            "#!/usr/bin/env bash".to_owned(),
            "# Makes the Secrets and ConfigMaps that values.yaml names. Options go to kubectl: \
                --namespace NAME.".into(),
            "set -euo pipefail".into(),
            "cd \"$(dirname \"${BASH_SOURCE[0]}\")\"".into(),
            "place=(\"$@\")".into(),
            "put() { kubectl create \"$@\" --dry-run=client --output=yaml \"${place[@]}\" | kubectl apply \
                --filename=- \"${place[@]}\"; }".into(),
            "get() { kubectl get secret \"$1\" --output=\"jsonpath={.data.$2}\" \"${place[@]}\" | base64 \
                --decode; }".into(),
            String::new(),
        ];
        lines.extend(self.files.iter().map(|file| {
            let kind = match file.kind {
                Kind::Secret => "secret generic",
                Kind::ConfigMap => "configmap",
            };
            format!("put {kind} {} --from-file={}", file.object, file.name)
        }));
        lines.extend(self.commands.iter().cloned());
        lines.join("\n") + "\n"
    }
}

/// A value as YAML. Values of YAML have no value that cannot be written.
pub(super) fn yaml_of(value: &Value) -> String {
    serde_yaml_ng::to_string(value).unwrap_or_default()
}
