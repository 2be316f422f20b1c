//! The operation `pfb-export`: what the portal's buttons ask sower for.

use std::{
    collections::HashSet,
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
use dictionary::Dictionary;
use guppy::{CohortError, Guppy};
use psqlgraph::{ids::split_project_id, scan::Scan};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use workqueue::{Failed, Form, Kind, Parameter, Policy, Readers, Work};

use super::{aside::aside, exports::Exports, params::only};
use crate::{
    commands::pfb::{self, Misfits, Named, Reading, Source as Records, Told},
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
        let dictionary = (self.graph.dictionary)();
        let cohort = self.cohort(work, user, &dictionary).await?;
        let projects = self.projects(user, &dictionary).await?;
        if projects.is_empty() {
            return refused("there is no project whose records you may read");
        }
        let scan = Records::Graph(Box::new(Scan::begin(&self.graph.pool).await?));
        let mut reading = Reading::begin(scan, &dictionary, &projects).await?;
        let output = BufWriter::with_capacity(1 << 20, tempfile::tempfile()?);
        let told = OfWork { work, records: AtomicU64::new(0) };
        let (mut output, written) =
            pfb::write(&mut reading, &dictionary, cohort, Misfits::LeaveOut, output, &told).await?;
        output.flush().context("a temporary file cannot be written")?;
        let mut file = output.into_inner().map_err(|error| error.into_error())?;
        file.rewind()?;
        let nodes: u64 = written.nodes.values().sum();
        work.progress(nodes, Some(nodes), "storing the file");
        let key = format!("{}/export_{}.avro", work.id(), chrono::Utc::now().format("%Y-%m-%dT%H-%M-%S"));
        let mut result = self.exports.write(&key, file).await?;
        result["nodes"] = json!(written.nodes);
        result["left_out"] = json!(written.left_out);
        Ok(result)
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
            let Some((program, code)) = split_project_id(&project) else { continue };
            let resource = format!("/programs/{program}/projects/{code}");
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
        match params.get("access_format").map(Value::as_str) {
            None | Some(Some("presigned_url")) => Ok(()),
            _ => Err("access_format: there is presigned_url".to_owned()),
        }
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
