//! The id of a container: the digest of its block in the form in which the original's language (Go) writes it
//! back as JSON. Links and scripts that know an id keep working.

use std::{collections::BTreeMap, fmt::Write as _};

use md5::{Digest as _, Md5};
use serde_json::Value;

/// The block, as it is written so far.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    json: String,
}

impl Identity {
    fn key(&mut self, key: &str) -> &mut Self {
        self.json.push(if self.json.is_empty() { '{' } else { ',' });
        let _ = write!(self.json, "\"{key}\":");
        self
    }

    pub(crate) fn text(&mut self, key: &str, text: &str) -> &mut Self {
        let written = quoted(text);
        self.key(key).json.push_str(&written);
        self
    }

    pub(crate) fn flag(&mut self, key: &str, flag: bool) -> &mut Self {
        self.key(key).json.push_str(if flag { "true" } else { "false" });
        self
    }

    pub(crate) fn number(&mut self, key: &str, number: u32) -> &mut Self {
        let _ = write!(self.key(key).json, "{number}");
        self
    }

    pub(crate) fn texts(&mut self, key: &str, list: Option<&[String]>) -> &mut Self {
        let written = list.map_or("null".to_owned(), |list| {
            format!("[{}]", list.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(","))
        });
        self.key(key).json.push_str(&written);
        self
    }

    pub(crate) fn variables(&mut self, key: &str, map: Option<&BTreeMap<String, String>>) -> &mut Self {
        let written = map.map_or("null".to_owned(), |map| {
            let pairs: Vec<String> =
                map.iter().map(|(name, value)| format!("{}:{}", quoted(name), quoted(value))).collect();
            format!("{{{}}}", pairs.join(","))
        });
        self.key(key).json.push_str(&written);
        self
    }

    /// With friends, the original writes back all that its library knows of Kubernetes. Here they stand as
    /// they are, so that such a container has an id of ours.
    pub(crate) fn friends(&mut self, friends: Option<&[Value]>) -> &mut Self {
        let written = friends.map_or("null".to_owned(), |friends| go(&Value::Array(friends.to_vec())));
        self.key("friends").json.push_str(&written);
        self
    }

    pub(crate) fn nextflow(&mut self, block: Option<&Value>) -> &mut Self {
        let mut inner = Self::default();
        let block = block.unwrap_or(&Value::Null);
        inner.flag("enabled", block["enabled"] == true);
        for key in ["job-image-whitelist", "s3-bucket-whitelist"] {
            inner.key(key).json.push_str(&go(&block[key]));
        }
        for key in ["compute-environment-type", "instance-ami", "instance-ami-builder-arn", "instance-type"] {
            inner.text(key, block[key].as_str().unwrap_or_default());
        }
        for key in ["instance-min-vcpus", "instance-max-vcpus"] {
            inner.key(key).json.push_str(&block[key].as_i64().unwrap_or_default().to_string());
        }
        self.key("nextflow").json.push_str(&inner.closed());
        self
    }

    pub(crate) fn licence(&mut self, block: Option<&Value>) -> &mut Self {
        let mut inner = Self::default();
        let block = block.unwrap_or(&Value::Null);
        inner.flag("enabled", block["enabled"] == true);
        inner.text("license-type", block["license-type"].as_str().unwrap_or_default());
        inner
            .key("max-license-ids")
            .json
            .push_str(&block["max-license-ids"].as_i64().unwrap_or(0).to_string());
        for key in ["g3auto-name", "g3auto-key", "file-path", "workspace-flavor"] {
            inner.text(key, block[key].as_str().unwrap_or_default());
        }
        self.key("license").json.push_str(&inner.closed());
        self
    }

    pub(crate) fn authz(&mut self, block: Option<&Value>) -> &mut Self {
        let block = block.unwrap_or(&Value::Null);
        let version = block["version"].as_f64().unwrap_or_default();
        let rule = rule(block);
        let written = format!("{{\"version\":{version},\"AuthzVersion_0_1\":{rule}}}");
        self.key("authz").json.push_str(&written);
        self
    }

    fn closed(&self) -> String {
        format!("{}}}", self.json)
    }

    /// The id.
    pub(crate) fn digest(&self) -> String {
        Md5::digest(self.closed()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn rule(block: &Value) -> String {
    let rules = |key: &str| match block[key].as_array() {
        Some(rules) => format!("[{}]", rules.iter().map(rule).collect::<Vec<_>>().join(",")),
        None => "null".to_owned(),
    };
    format!(
        "{{\"and\":{},\"or\":{},\"resource_paths\":{},\"pay_models\":{}}}",
        rules("and"),
        rules("or"),
        go(&block["resource_paths"]),
        go(&block["pay_models"])
    )
}

/// JSON as Go writes it, with the keys in order.
fn go(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(go).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let pairs: Vec<String> =
                sorted.iter().map(|(key, value)| format!("{}:{}", quoted(key), go(value))).collect();
            format!("{{{}}}", pairs.join(","))
        }
        other => other.to_string(),
    }
}

/// A text as Go writes it: what has a meaning in HTML is escaped.
fn quoted(text: &str) -> String {
    let plain = Value::String(text.to_owned()).to_string();
    plain
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}
