//! Brings the study into a running commons, as a submitter would: through the public API only.

mod api;
mod error;
mod files;
mod token;

use std::collections::HashSet;

use dictionary::Dictionary;
use indexmap::IndexMap;
use serde_json::{Map, Value};
use url::Url;

use self::api::Api;
pub use self::{
    error::DemoError,
    token::{ApiKey, TokenSource},
};
use crate::{Record, Settings, Study};

/// Records in one request.
const BATCH: usize = 1_000;

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
    /// Records below the project.
    pub records: usize,
    /// Files with bytes.
    pub files: usize,
    /// Bytes of all files.
    pub file_bytes: u64,
    /// The study was complete before; nothing was sent.
    pub was_there: bool,
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
    progress.message("making the demo study");
    let dictionary = dictionary_of(&api).await?;
    let study = tokio::task::spawn_blocking(move || {
        Ok::<Study, DemoError>(Study::generate(&dictionary, &Settings::built_in()?)?)
    });
    let study = study.await.map_err(|error| DemoError::Interrupted(error.to_string()))??;
    let loader = Loader { api: &api, study: &study, progress };
    loader.load().await
}

/// The dictionary of the commons, as it shows it to everybody.
async fn dictionary_of(api: &Api) -> Result<Dictionary, DemoError> {
    let nodes: IndexMap<String, Value> =
        api.get("reading the dictionary", "/api/v0/submission/_dictionary/_all").await?;
    let files = nodes.into_iter().map(|(name, schema)| (format!("{name}.yaml"), schema)).collect();
    Ok(Dictionary::from_files(files)?)
}

struct Loader<'a> {
    api: &'a Api,
    study: &'a Study,
    progress: &'a dyn Progress,
}

impl Loader<'_> {
    async fn load(&self) -> Result<Summary, DemoError> {
        let files = self.study.records.iter().filter(|record| record.file.is_some()).count();
        let summary = |was_there| Summary {
            project_id: format!("{}-{}", self.study.program_name, self.study.project_code),
            records: self.study.records.len(),
            files,
            file_bytes: self.study.file_bytes(),
            was_there,
        };
        let is_new = self.make_project().await?;
        if !is_new && self.is_complete().await? {
            return Ok(summary(true));
        }
        self.progress.total((self.study.records.len() + files) as u64);
        // Records that stand for files and those that do not come in turns, for the order of the types is kept.
        for run in self.study.records.chunk_by(|a, b| a.file.is_some() == b.file.is_some()) {
            match run.first() {
                Some(first) if first.file.is_some() => self.submit_files(run, is_new).await?,
                _ => self.submit_plain(run).await?,
            }
        }
        Ok(summary(false))
    }

    /// Makes program and project where they are missing. Whether the project is new.
    async fn make_project(&self) -> Result<bool, DemoError> {
        let (program, code) = (&self.study.program_name, &self.study.project_code);
        let root = "/api/v0/submission/".to_owned();
        let below_program = format!("/api/v0/submission/{program}");
        if !self.links(&root).await?.contains(&format!("/v0/submission/{program}")) {
            let what = "creating the program";
            self.api.post::<Value>(what, &root, &Value::Object(self.study.program.clone())).await?;
        }
        let is_there =
            self.links(&below_program).await?.contains(&format!("/v0/submission/{program}/{code}"));
        if !is_there {
            let what = "creating the project";
            self.api.put(what, &below_program, &Value::Object(self.study.project.clone())).await?;
        }
        Ok(!is_there)
    }

    async fn links(&self, path: &str) -> Result<Vec<String>, DemoError> {
        #[derive(serde::Deserialize)]
        struct Links {
            links: Vec<String>,
        }
        let answer: Links = self.api.get("listing programs and projects", path).await?;
        Ok(answer.links)
    }

    /// Whether the record that is sent last is there. All before it are there then: requests are sent one after the
    /// other, and each is stored as a whole or not at all. What somebody has deleted since then stays deleted.
    async fn is_complete(&self) -> Result<bool, DemoError> {
        let Some(last) = self.study.records.last() else { return Ok(true) };
        Ok(self.names(&last.node).await?.contains(last.submitter_id()))
    }

    /// Names of the project's records of a type.
    async fn names(&self, node: &str) -> Result<HashSet<String>, DemoError> {
        #[derive(serde::Deserialize)]
        struct Export {
            data: Vec<Map<String, Value>>,
        }
        let path = format!("{}/export/?node_label={node}&format=json", self.project_path());
        let export: Export = self.api.get("looking for records", &path).await?;
        let name = |record: &Map<String, Value>| record.get("submitter_id")?.as_str().map(str::to_owned);
        Ok(export.data.iter().filter_map(name).collect())
    }

    fn project_path(&self) -> String {
        format!("/api/v0/submission/{}/{}", self.study.program_name, self.study.project_code)
    }

    async fn submit_plain(&self, records: &[Record]) -> Result<(), DemoError> {
        self.progress.message("submitting records");
        for batch in records.chunks(BATCH) {
            let documents: Vec<&Map<String, Value>> = batch.iter().map(|record| &record.document).collect();
            self.api.put("submitting records", &self.project_path(), &documents).await?;
            self.progress.advance(batch.len() as u64);
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
