//! The project of a commons that the study goes to.

use std::collections::{HashMap, HashSet};

use dictionary::{Dictionary, NodeType};
use serde_json::{Map, Value, json};

use super::{api::Api, error::DemoError};
use crate::Study;

pub(super) const ROOT: &str = "/api/v0/submission/";

/// What the commons has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Program and project, joined by a hyphen.
    pub project_id: String,
    /// The study was complete before; nothing was sent.
    pub was_there: bool,
    /// Records below the project.
    pub records: usize,
    /// Those of them that stand for files.
    pub files: usize,
}

/// The project that the study goes to.
pub(super) struct Target {
    pub(super) program: String,
    pub(super) project: String,
}

impl Target {
    pub(super) fn project_id(&self) -> String {
        format!("{}-{}", self.program, self.project)
    }

    pub(super) fn program_path(&self) -> String {
        format!("{ROOT}{}", self.program)
    }

    pub(super) fn project_path(&self) -> String {
        format!("{ROOT}{}/{}", self.program, self.project)
    }

    pub(super) async fn has_program(&self, api: &Api) -> Result<bool, DemoError> {
        Ok(links(api, ROOT).await?.contains(&format!("/v0/submission/{}", self.program)))
    }

    /// Whether the project is there.
    pub(super) async fn is_there(&self, api: &Api) -> Result<bool, DemoError> {
        let link = format!("/v0/submission/{}/{}", self.program, self.project);
        Ok(self.has_program(api).await? && links(api, &self.program_path()).await?.contains(&link))
    }

    /// Whether the project has records of the type that is sent last. If so, all others are there: requests
    /// are sent one after the other, each is stored as a whole or not at all, and the records of the last
    /// type are one request. What somebody has deleted since then stays deleted.
    pub(super) async fn is_complete(&self, api: &Api, last_type: Option<&str>) -> Result<bool, DemoError> {
        match last_type {
            Some(last) => Ok(!self.names(api, last).await?.is_empty()),
            None => Ok(true),
        }
    }

    /// Counts what the project has.
    pub(super) async fn summary(&self, api: &Api, dictionary: &Dictionary) -> Result<Summary, DemoError> {
        #[derive(serde::Deserialize)]
        struct Answer {
            data: HashMap<String, usize>,
        }
        let types = Study::types(dictionary);
        let count = |node: &&NodeType| format!("_{}_count(project_id: \"{}\")", node.id, self.project_id());
        let counts: Vec<String> = types.iter().map(count).collect();
        let query = json!({"query": format!("{{ {} }}", counts.join(" "))});
        let answer: Answer = api.post("counting records", &format!("{ROOT}graphql"), &query).await?;
        let sum = |wanted: fn(&NodeType) -> bool| {
            let wanted = types.iter().filter(|node| wanted(node));
            wanted.filter_map(|node| answer.data.get(&format!("_{}_count", node.id))).sum()
        };
        Ok(Summary {
            project_id: self.project_id(),
            was_there: true,
            records: sum(|_| true),
            files: sum(|node| node.category.is_file()),
        })
    }

    /// Names of the project's records of a type.
    pub(super) async fn names(&self, api: &Api, node: &str) -> Result<HashSet<String>, DemoError> {
        #[derive(serde::Deserialize)]
        struct Export {
            data: Vec<Map<String, Value>>,
        }
        let path = format!("{}/export/?node_label={node}&format=json", self.project_path());
        let export: Export = api.get("looking for records", &path).await?;
        let name = |record: &Map<String, Value>| record.get("submitter_id")?.as_str().map(str::to_owned);
        Ok(export.data.iter().filter_map(name).collect())
    }
}

async fn links(api: &Api, path: &str) -> Result<Vec<String>, DemoError> {
    #[derive(serde::Deserialize)]
    struct Links {
        links: Vec<String>,
    }
    let answer: Links = api.get("listing programs and projects", path).await?;
    Ok(answer.links)
}
