//! Which files a command is about.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// Which files.
#[derive(Debug, Clone, Default, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct SelectorArgs {
    /// GUIDs of files
    #[arg(value_name = "GUID", conflicts_with_all = ["manifest", "project", "authz", "bundle", "query"])]
    guids: Vec<String>,
    /// A manifest in JSON, as the portal gives them, or a file with a GUID a line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["project", "authz", "bundle", "query"])]
    manifest: Option<PathBuf>,
    /// The files of a project, such as MYPROG-study1
    #[arg(long, value_name = "PROJECT", conflicts_with_all = ["authz", "bundle", "query"])]
    project: Option<String>,
    /// The files that this resource guards, or one below it. All of the index is read for that
    #[arg(long, value_name = "RESOURCE", conflicts_with_all = ["bundle", "query"])]
    authz: Option<String>,
    /// The files of a bundle of the index
    #[arg(long, value_name = "GUID", conflicts_with = "query")]
    bundle: Option<String>,
    /// What a query of the index finds, such as acl=phs1 or hash=md5:…; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    query: Vec<String>,
}

impl SelectorArgs {
    /// The selector as the beginning of an order.
    ///
    /// # Errors
    /// When the manifest cannot be read.
    pub(super) fn order(&self) -> anyhow::Result<Map<String, Value>> {
        let selector = if let Some(file) = &self.manifest {
            manifest(file)?
        } else if let Some(project) = &self.project {
            json!({ "project": project })
        } else if let Some(resource) = &self.authz {
            json!({ "authz": resource })
        } else if let Some(bundle) = &self.bundle {
            json!({ "bundle": bundle })
        } else if !self.query.is_empty() {
            json!({ "query": self.query.iter().map(|text| pair(text)).collect::<Result<Map<_, _>, _>>()? })
        } else {
            json!({ "guids": self.guids })
        };
        Ok([("selector".to_owned(), selector)].into_iter().collect())
    }
}

fn pair(text: &str) -> anyhow::Result<(String, Value)> {
    let told = || Failure::Prerequisite(format!("--query {text}: it is like NAME=VALUE"));
    let (name, value) = text.split_once('=').ok_or_else(told)?;
    Ok((name.to_owned(), json!(value)))
}

fn manifest(file: &Path) -> anyhow::Result<Value> {
    let told = || format!("cannot read {}", file.display());
    let text = std::fs::read_to_string(file).with_context(told)?;
    if text.trim_start().starts_with('[') {
        let entries: Vec<Value> = serde_json::from_str(&text).with_context(told)?;
        return Ok(json!({ "manifest": entries }));
    }
    let guids: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Ok(json!({ "guids": guids }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_in_every_way() {
        let folder = tempfile::tempdir().unwrap();
        let file = |text: &str| {
            let path = folder.path().join("m");
            std::fs::write(&path, text).unwrap();
            SelectorArgs { manifest: Some(path), ..SelectorArgs::default() }.order().unwrap()["selector"]
                .clone()
        };
        assert_eq!(file(r#" [{"object_id": "a"}]"#), json!({"manifest": [{"object_id": "a"}]}));
        assert_eq!(file("a\n\n b \n"), json!({"guids": ["a", "b"]}));
        let query = SelectorArgs { query: vec!["acl=x".into(), "hash=md5:a=b".into()], ..Default::default() };
        let expected = json!({"query": {"acl": "x", "hash": "md5:a=b"}});
        assert_eq!(query.order().unwrap()["selector"], expected);
        assert!(SelectorArgs { query: vec!["acl".into()], ..Default::default() }.order().is_err());
    }
}
