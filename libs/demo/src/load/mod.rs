//! Brings the study into a running commons, as a submitter would: through the public API only.

mod api;
mod error;
mod files;
mod token;

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use dictionary::{Dictionary, NodeType};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value, json};
use url::Url;

use self::api::Api;
pub use self::{
    error::DemoError,
    token::{ApiKey, TokenSource},
};
use crate::{Settings, Study};

/// Records in one request.
const BATCH: usize = 1_000;
const ROOT: &str = "/api/v0/submission/";

/// Who is told how far it is.
pub trait Progress: Sync {
    /// How many steps there will be: one for each record and each file.
    fn total(&self, steps: u64);
    /// That many more steps are done.
    fn advance(&self, steps: u64);
    /// What is being done now.
    fn message(&self, text: &str);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn total(&self, _: u64) {}
    fn advance(&self, _: u64) {}
    fn message(&self, _: &str) {}
}

/// What is in the commons now.
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

/// Loads the demo study into the commons at `base_url`, for example `http://localhost:8080`. The study is made for the
/// dictionary that the commons has. Whoever the token belongs to must be allowed to make programs and projects, to
/// submit and to upload. When the study is there already, nothing is done; when it is there in part, it is completed.
///
/// A process that loads over `https` has to install a TLS provider first.
///
/// # Errors
/// The commons cannot be reached, refuses something (its message is in the error), or does not index an upload.
pub async fn load(
    base_url: &str,
    tokens: impl TokenSource,
    progress: &dyn Progress,
) -> Result<Summary, DemoError> {
    progress.message("logging in");
    let api = Api::connect(base_url, tokens).await?;
    let settings = Settings::built_in()?;
    let target = Target { program: settings.program.clone(), project: settings.project.clone() };
    let dictionary = Arc::new(dictionary_of(&api).await?);
    let is_new = !target.is_there(&api).await?;
    let last_type = Study::types(&dictionary).last().map(|node| node.id.clone());
    if !is_new && target.is_complete(&api, last_type.as_deref()).await? {
        return target.summary(&api, &dictionary).await;
    }
    progress.message("making the demo study");
    let source = dictionary.clone();
    let study = tokio::task::spawn_blocking(move || Study::generate(&source, &settings));
    let study = study.await.map_err(|error| DemoError::Interrupted(error.to_string()))??;
    // There may be types of the dictionary that the study has no records of.
    let last = study.records.last().map(|record| record.node.as_str());
    if !is_new && last != last_type.as_deref() && target.is_complete(&api, last).await? {
        return target.summary(&api, &dictionary).await;
    }
    let loader = Loader { api: &api, study: &study, target: &target, is_new, progress };
    loader.load().await
}

/// The dictionary of the commons, as it shows it to everybody.
async fn dictionary_of(api: &Api) -> Result<Dictionary, DemoError> {
    let nodes: IndexMap<String, Value> =
        api.get("reading the dictionary", "/api/v0/submission/_dictionary/_all").await?;
    let files = nodes.into_iter().map(|(name, schema)| (format!("{name}.yaml"), schema)).collect();
    Ok(Dictionary::from_files(files)?)
}

/// Where the study goes.
struct Target {
    program: String,
    project: String,
}

impl Target {
    fn project_id(&self) -> String {
        format!("{}-{}", self.program, self.project)
    }

    fn program_path(&self) -> String {
        format!("{ROOT}{}", self.program)
    }

    fn project_path(&self) -> String {
        format!("{ROOT}{}/{}", self.program, self.project)
    }

    async fn has_program(&self, api: &Api) -> Result<bool, DemoError> {
        Ok(links(api, ROOT).await?.contains(&format!("/v0/submission/{}", self.program)))
    }

    /// Whether the project is there.
    async fn is_there(&self, api: &Api) -> Result<bool, DemoError> {
        let link = format!("/v0/submission/{}/{}", self.program, self.project);
        Ok(self.has_program(api).await? && links(api, &self.program_path()).await?.contains(&link))
    }

    /// Whether the project has records of the type that is sent last. All before it is there then: requests are sent
    /// one after the other, each is stored as a whole or not at all, and the records of the last type are one request.
    /// What somebody has deleted since then stays deleted.
    async fn is_complete(&self, api: &Api, last_type: Option<&str>) -> Result<bool, DemoError> {
        match last_type {
            Some(last) => Ok(!self.names(api, last).await?.is_empty()),
            None => Ok(true),
        }
    }

    /// What the project has.
    async fn summary(&self, api: &Api, dictionary: &Dictionary) -> Result<Summary, DemoError> {
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
    async fn names(&self, api: &Api, node: &str) -> Result<HashSet<String>, DemoError> {
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

struct Loader<'a> {
    api: &'a Api,
    study: &'a Study,
    target: &'a Target,
    is_new: bool,
    progress: &'a dyn Progress,
}

impl Loader<'_> {
    async fn load(&self) -> Result<Summary, DemoError> {
        if self.is_new {
            self.make_project().await?;
        }
        let files = self.study.records.iter().filter(|record| record.file.is_some()).count();
        self.progress.total((self.study.records.len() + files) as u64);
        // Records that stand for files and those that do not come in turns, for the order of the types is kept.
        for run in self.study.records.chunk_by(|a, b| a.file.is_some() == b.file.is_some()) {
            match run.first() {
                Some(first) if first.file.is_some() => self.submit_files(run).await?,
                _ => {
                    let documents: Vec<_> = run.iter().map(|record| &record.document).collect();
                    self.submit("submitting records", &documents).await?;
                }
            }
        }
        Ok(Summary {
            project_id: self.target.project_id(),
            was_there: false,
            records: self.study.records.len(),
            files,
        })
    }

    async fn make_project(&self) -> Result<(), DemoError> {
        if !self.target.has_program(self.api).await? {
            self.api.post::<Value>("creating the program", ROOT, &self.study.program).await?;
        }
        self.api.put("creating the project", &self.target.program_path(), &self.study.project).await?;
        Ok(())
    }

    /// Submits records in requests of a bearable size; those of the last type of all in one, see
    /// [`Target::is_complete`].
    async fn submit<D>(&self, what: &str, documents: &[D]) -> Result<(), DemoError>
    where
        D: Borrow<Map<String, Value>> + Serialize,
    {
        self.progress.message(what);
        let last = self.study.records.last().map(|record| record.node.as_str());
        let is_of_last = |document: &D| document.borrow().get("type").and_then(Value::as_str) == last;
        let (before, at_the_end) =
            documents.split_at(documents.partition_point(|document| !is_of_last(document)));
        let requests = before.chunks(BATCH).chain(Some(at_the_end).filter(|documents| !documents.is_empty()));
        for documents in requests {
            self.api.put(what, &self.target.project_path(), &documents).await?;
            self.progress.advance(documents.len() as u64);
        }
        Ok(())
    }
}

/// The address of the commons, without what comes after the host.
fn origin(base_url: &str) -> Result<Url, DemoError> {
    let mut url =
        Url::parse(base_url).map_err(|error| DemoError::Address(base_url.to_owned(), error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(DemoError::Address(base_url.to_owned(), "it is no http address".to_owned()));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}
