//! The operation `pfb-export`: what the portal's buttons ask sower for.

use std::{
    collections::{BTreeSet, HashSet},
    io::{BufWriter, Seek as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use authz::{Authz, Request, Subject};
use dictionary::{Dictionary, NodeType};
use guppy::{CohortError, Guppy};
use indexclient::{Caller, IndexClient, NewRecord, Record as FileRecord};
use md5::Md5;
use psqlgraph::{ids::split_project_id, scan::Scan};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use workqueue::{Failed, Form, Kind, Parameter, Policy, Readers, Work};

use super::{
    aside::aside,
    exports::{AccessFormat, Exports, digest_of},
    manifest_ingest::guid_prefix,
    params::only,
};
use crate::{
    commands::pfb::{self, Misfits, Named, Reading, Record, Source as Records, Told, Way},
    failure::message,
};

pub(super) const NAME: &str = "pfb-export";
/// Records that a cohort may name. Terra takes some fourteen thousand.
const MOST: usize = 200_000;
/// Questions to arborist about projects.
const SERVICE: &str = "peregrine";
const METHOD: &str = "read";
/// Records after which it is told how far an export is.
const STEP: u64 = 500;

/// The graph that is exported.
pub(crate) struct Graph {
    pub(crate) pool: PgPool,
    /// The dictionary that is served.
    pub(crate) dictionary: Box<dyn Fn() -> Arc<Dictionary> + Send + Sync>,
}

/// Writes the records of a cohort, all below them and all that these link to, as far as the user may read
/// them when it is done. No token is kept: arborist and guppy are asked by the user's name.
pub(crate) struct PfbExport(Arc<Source>);

/// Where an export comes from, and where it goes.
pub(crate) struct Source {
    pub(crate) graph: Graph,
    pub(crate) guppy: Arc<Guppy>,
    pub(crate) authz: Arc<dyn Authz>,
    pub(crate) exports: Arc<Exports>,
    /// Gets the records of files that are wanted by GUID.
    pub(crate) index: Arc<dyn IndexClient>,
}

/// Why there is no file.
enum Ended {
    Refused(String),
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl PfbExport {
    pub(crate) fn of(source: Source) -> Self {
        Self(Arc::new(source))
    }
}

impl Source {
    async fn export(&self, work: &Work) -> Result<Value, Ended> {
        let refused = |told: &str| Err(Ended::Refused(told.to_owned()));
        let Some(user) = work.requested_by() else { return refused("a user has to ask for it") };
        let format = AccessFormat::of(work.params()).map_err(Ended::Refused)?;
        if let (AccessFormat::Guid, true) = (format, work.attempt() > 1)
            && let Some(known) = self.recorded(work).await?
        {
            return Ok(known);
        }
        let dictionary = (self.graph.dictionary)();
        let cohort = self.cohort(work, user, &dictionary).await?;
        let projects = self.projects(user, &dictionary).await?;
        if projects.is_empty() {
            return refused("there is no project whose records you may read");
        }
        let scan = Records::Graph(Box::new(Scan::begin(&self.graph.pool).await?));
        let mut reading = Reading::begin(scan, &dictionary, &projects).await?;
        let mut guards = Guards::of(&projects, cohort.is_none());
        let output = BufWriter::with_capacity(1 << 20, tempfile::tempfile()?);
        let told = OfWork { work, records: AtomicU64::new(0) };
        let (mut output, written) =
            pfb::write(&mut reading, &dictionary, cohort, guards.noting(), output, &told).await?;
        output.flush().context("a temporary file cannot be written")?;
        let mut file = output.into_inner().map_err(|error| error.into_error())?;
        file.rewind()?;
        let nodes: u64 = written.nodes.values().sum();
        work.progress(nodes, Some(nodes), "storing the file");
        let key = format!("{}/export_{}.avro", work.id(), chrono::Utc::now().format("%Y-%m-%dT%H-%M-%S"));
        let md5 = if format == AccessFormat::Guid { Some(digest_of::<Md5>(&mut file)?) } else { None };
        let mut result = self.exports.write(&key, file).await?;
        if let Some(md5) = md5 {
            result["guid"] = json!(self.record(work, &key, md5, &result["size"], guards.resources()).await?);
        }
        result["nodes"] = json!(written.nodes);
        result["left_out"] = json!(written.left_out);
        Ok(result)
    }

    /// Makes the record of a file: whoever has the right to the files of all projects whose records it holds
    /// has it to the file. Its GUID is that of the run, so that a run has one record.
    async fn record(
        &self,
        work: &Work,
        key: &str,
        md5: String,
        size: &Value,
        guards: Vec<String>,
    ) -> anyhow::Result<String> {
        let did = self.guid(work).await?;
        let record = NewRecord {
            did: Some(did.clone()),
            form: "object".to_owned(),
            size: size.as_i64().context("the file has no size")?,
            hashes: [("md5".to_owned(), md5)].into_iter().collect(),
            urls: vec![self.exports.url(key)],
            authz: guards,
            file_name: key.rsplit('/').next().map(str::to_owned),
            ..NewRecord::default()
        };
        self.index.create(&Caller::Service, &[record]).await?;
        Ok(did)
    }

    /// What an earlier attempt has written down, if it came so far.
    async fn recorded(&self, work: &Work) -> anyhow::Result<Option<Value>> {
        let found = self.index.get_many(&[self.guid(work).await?]).await?;
        let told = |record: &FileRecord| json!({ "guid": record.did, "size": record.size });
        Ok(found.first().map(told))
    }

    /// The id of the run behind what GUIDs of this index begin with.
    async fn guid(&self, work: &Work) -> anyhow::Result<String> {
        Ok(format!("{}{}", guid_prefix(&*self.index).await?, work.id()))
    }

    /// The records that the filter names; all that may be read, without a filter and a type.
    async fn cohort<'d>(
        &self,
        work: &Work,
        user: &str,
        dictionary: &'d Dictionary,
    ) -> Result<Option<Named<'d>>, Ended> {
        // Frontends differ in the name.
        let filter = ["filter", "filters"].iter().find_map(|name| work.params().get(*name));
        let named = work.text("root_node").map(str::to_owned);
        if filter.is_none() && named.is_none() {
            return Ok(None);
        }
        let is_node = |name: &String| pfb::root(dictionary, name).is_ok();
        let node = named.or_else(|| self.guppy.types().into_iter().find(is_node));
        let node = node.ok_or_else(|| Ended::Refused("root_node: say which records are meant".to_owned()))?;
        let root = pfb::root(dictionary, &node).map_err(|error| Ended::Refused(message(&error)))?;
        work.progress(0, None, "looking for the cohort");
        let found = self.guppy.cohort(user, &node, filter.unwrap_or(&Value::Null), MOST).await;
        let names = found.map_err(|error| match error {
            CohortError::Engine(error) => Ended::Failed(error.into()),
            other => Ended::Refused(other.to_string()),
        })?;
        work.log(format!("the cohort has {} records of the type {node}", names.len()));
        if names.is_empty() {
            return Err(Ended::Refused("the cohort has no record that you may read".to_owned()));
        }
        let names: HashSet<String> = names.into_iter().collect();
        Ok(Some(Named { root, names }))
    }

    /// The projects whose records the user may read now.
    async fn projects(&self, user: &str, dictionary: &Dictionary) -> anyhow::Result<Vec<String>> {
        let scan = Records::Graph(Box::new(Scan::begin(&self.graph.pool).await?));
        let all = Reading::begin(scan, dictionary, &[]).await?.projects().to_vec();
        let subject = Subject::User(user.to_owned());
        let mut readable = Vec::new();
        for project in all {
            let Some(resource) = resource(&project) else { continue };
            if self.authz.decide(&subject, &[Request::new(&resource, SERVICE, METHOD)]).await? {
                readable.push(project);
            }
        }
        Ok(readable)
    }
}

#[async_trait]
impl Kind for PfbExport {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self) -> &'static str {
        "Write a cohort of the explorer as a PFB file, for who asked for it"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("filter", Form::Json, "The cohort, as guppy filters it; all without one"),
                Parameter::optional("root_node", Form::Text, "The node type whose records are counted"),
                Parameter::optional(
                    "access_format",
                    Form::Text,
                    "How users get the file: presigned_url, or guid for a record of the file index",
                ),
            ]
        }
    }

    fn policy(&self) -> Policy {
        let (attempts, pause) = (2, Duration::from_secs(10));
        Policy { attempts, pause, at_once: Some(2), readers: Readers::AskerToo }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &["action", "access_format", "filter", "filters", "root_node"])?;
        if params.get("root_node").is_some_and(|node| !node.is_string()) {
            return Err("root_node: it is the name of a node type".to_owned());
        }
        AccessFormat::of(params).map(drop)
    }

    /// Compressing and writing a file blocks, so a thread of its own does it. It ends at its next pause when
    /// nobody waits for it any more.
    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let (source, work) = (self.0.clone(), work.clone());
        let exported = aside(move || async move { source.export(&work).await }).await;
        let unwanted = || Err(Ended::Refused("nobody waits for it".to_owned()));
        let exported = exported.map_err(Failed::for_good)?.unwrap_or_else(unwanted);
        exported.map_err(|ended| match ended {
            Ended::Refused(told) => Failed::ForGood(told),
            Ended::Failed(error) => Failed::Passing(message(&error)),
        })
    }
}

/// The projects of which a file has records.
struct Guards {
    /// All that could be in it.
    all: Vec<String>,
    /// Those that are, where only a cohort is written.
    found: Option<BTreeSet<String>>,
}

impl Guards {
    fn of(projects: &[String], is_everything: bool) -> Self {
        Self { all: projects.to_vec(), found: (!is_everything).then(BTreeSet::new) }
    }

    /// Notes the project of each record that is written.
    fn noting(&mut self) -> Way<'_> {
        let note = |_: &NodeType, record: Record| {
            let project = record.properties.get("project_id").and_then(Value::as_str);
            if let (Some(found), Some(project)) = (&mut self.found, project)
                && !found.contains(project)
            {
                found.insert(project.to_owned());
            }
            Ok(Some(record))
        };
        Way { misfits: Misfits::LeaveOut, change: Some(Box::new(note)) }
    }

    /// Their resources: those of all projects if no record tells its own.
    fn resources(self) -> Vec<String> {
        let found = self.found.filter(|found| !found.is_empty());
        let projects = found.map_or(self.all, Vec::from_iter);
        projects.iter().filter_map(|project| resource(project)).collect()
    }
}

/// The resource of a project.
fn resource(project: &str) -> Option<String> {
    split_project_id(project).map(|(program, code)| format!("/programs/{program}/projects/{code}"))
}

/// Tells the log of a run.
struct OfWork<'w> {
    work: &'w Work,
    records: AtomicU64,
}

impl Told for OfWork<'_> {
    fn stage(&self, what: &str) {
        self.work.progress(self.records.load(Ordering::Relaxed), None, what);
    }

    fn record(&self) {
        let records = self.records.fetch_add(1, Ordering::Relaxed) + 1;
        if records.is_multiple_of(STEP) {
            self.work.progress(records, None, "writing records");
        }
    }

    fn warn(&self, told: &str) {
        self.work.log(told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_guarded_by_the_projects_of_which_it_has_records() {
        let dictionary = crate::dictionaries::built_in().unwrap();
        let node = &dictionary.nodes["subject"];
        let record = |project: &str| Record {
            id: "i".to_owned(),
            properties: json!({ "project_id": project }).as_object().cloned().unwrap(),
            targets: Vec::new(),
        };
        let projects = ["A-one".to_owned(), "A-two".to_owned()];
        let mut guards = Guards::of(&projects, false);
        let mut change = guards.noting().change.unwrap();
        for _ in 0..2 {
            assert!(change(node, record("A-two")).unwrap().is_some());
        }
        drop(change);
        assert_eq!(guards.resources(), ["/programs/A/projects/two"]);
        let all = ["/programs/A/projects/one", "/programs/A/projects/two"];
        assert_eq!(Guards::of(&projects, true).resources(), all);
        assert_eq!(Guards::of(&projects, false).resources(), all, "nothing is known");
    }
}
