//! Records of a commons over HTTP: by the routes that every Gen3 commons has.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, Write as _},
};

use anyhow::Context as _;
use dictionary::{Dictionary, NodeType, is_graphql_name};
use indexmap::IndexMap;
use psqlgraph::ids::{project_id, split_project_id};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    items,
    place::{Place, limited, refused},
    record::{Heads, Record, Take},
};

const SUBMISSION: &str = "/api/v0/submission";

/// A commons over HTTP. What was read is kept in files that have no names, for a second reading.
pub(crate) struct Remote {
    place: Place,
    kept: HashMap<(String, String), File>,
}

impl Remote {
    pub(super) fn new(place: Place) -> Self {
        Self { place, kept: HashMap::new() }
    }

    /// Its dictionary.
    ///
    /// # Errors
    /// When there is none that can be used.
    pub(super) async fn dictionary(place: &Place) -> anyhow::Result<Dictionary> {
        let files = place.get(&format!("{SUBMISSION}/_dictionary/_all")).await?;
        let files: IndexMap<String, Value> =
            serde_json::from_value(files).context("the dictionary of the commons is no object")?;
        let named =
            |(name, file): (String, Value)| (format!("{}.yaml", name.trim_end_matches(".yaml")), file);
        Ok(Dictionary::from_files(files.into_iter().map(named).collect())?)
    }

    /// Programs and projects that the user may read.
    ///
    /// # Errors
    /// When they cannot be asked for.
    pub(super) async fn heads(&self, dictionary: &Dictionary) -> anyhow::Result<Heads> {
        let fields = |label: &str| {
            let node = dictionary.nodes.get(label);
            let names = node.into_iter().flat_map(NodeType::stored_properties).map(|p| p.name.as_str());
            names.filter(|name| is_graphql_name(name) && *name != "project_id").collect::<Vec<_>>().join(" ")
        };
        let query = format!(
            "{{ project(first: 0) {{ id {} programs(first: 0) {{ id {} }} }} }}",
            fields("project"),
            fields("program")
        );
        let path = format!("{SUBMISSION}/graphql");
        let answer = self.place.send_json(Method::POST, &path, &json!({ "query": query })).await?;
        if let Some(error) = answer.get("errors").and_then(|errors| errors.get(0)) {
            anyhow::bail!("the commons does not tell its projects: {error}");
        }
        let projects = answer.pointer("/data/project").and_then(Value::as_array);
        let mut heads = Heads::default();
        for project in projects.into_iter().flatten() {
            let (mut project, parents) = head(project);
            let mut program_name = String::new();
            for parent in parents {
                let (program, _) = head(&parent);
                program_name = text(&program.properties, "name");
                project.targets.push(vec![program.id.clone()]);
                if !heads.programs.iter().any(|known| known.id == program.id) {
                    heads.programs.push(program);
                }
            }
            heads.project_ids.push(project_id(&program_name, &text(&project.properties, "code")));
            heads.projects.push(project);
        }
        Ok(heads)
    }

    /// The records of a type in a project.
    ///
    /// # Errors
    /// When they cannot be read, and those of `take`.
    pub(super) async fn records(
        &mut self,
        project: &str,
        node: &NodeType,
        take: Take<'_>,
    ) -> anyhow::Result<()> {
        let key = (project.to_owned(), node.id.clone());
        if !self.kept.contains_key(&key) {
            let file = self.fetch(project, node).await?;
            self.kept.insert(key.clone(), file);
        }
        let Some(file) = self.kept.get_mut(&key) else { return Ok(()) };
        std::io::Seek::rewind(file)?;
        let links = node.all_links();
        let read = items::read(BufReader::with_capacity(1 << 20, &*file), "data", &mut |mut object| {
            let ids = |value: Value| -> Vec<String> {
                let all = if let Value::Array(all) = value { all } else { vec![value] };
                let id = |target: &Value| {
                    ["node_id", "id"].iter().find_map(|key| target.get(key)?.as_str().map(str::to_owned))
                };
                all.iter().filter_map(id).collect()
            };
            let targets = links.iter().map(|link| object.remove(&link.name).map(ids).unwrap_or_default());
            let targets = targets.collect();
            let id = object.remove("id").and_then(|id| id.as_str().map(str::to_owned));
            let id = id.with_context(|| format!("a {} of {project} has no id", node.id))?;
            object.remove("type");
            take(Record { id, properties: object, targets })
        });
        read.with_context(|| format!("the export of {} of {project}", node.id)).map(drop)
    }

    /// An export of sheepdog, in a file without a name.
    async fn fetch(&self, project: &str, node: &NodeType) -> anyhow::Result<File> {
        let (program, code) =
            split_project_id(project).with_context(|| format!("{project} is no id of a project"))?;
        let path = format!(
            "{SUBMISSION}/{}/{}/export?node_label={}&format=json",
            escaped(program),
            escaped(code),
            escaped(&node.id)
        );
        let mut answer = self.place.send(Method::GET, &path, |request| request).await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(refused(&path, status, &limited(answer).await?));
        }
        let mut file = tempfile::tempfile().context("a temporary file cannot be made")?;
        while let Some(piece) = answer.chunk().await.with_context(|| format!("{path} was cut off"))? {
            file.write_all(&piece).context("a temporary file cannot be written")?;
        }
        Ok(file)
    }
}

/// A part of a path.
pub(super) fn escaped(part: &str) -> String {
    url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>().replace('+', "%20")
}

fn text(properties: &Map<String, Value>, name: &str) -> String {
    properties.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A program or project, and what is above it.
fn head(answer: &Value) -> (Record, Vec<Value>) {
    let mut properties = answer.as_object().cloned().unwrap_or_default();
    let parents = match properties.remove("programs") {
        Some(Value::Array(parents)) => parents,
        _ => Vec::new(),
    };
    let id = text(&properties, "id");
    properties.remove("id");
    (Record { id, properties, targets: Vec::new() }, parents)
}
