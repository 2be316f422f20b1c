//! Serving another dictionary without a restart and without a failed request.
//!
//! The new dictionary is loaded and checked, the database gets the tables that it needs, the services are
//! built anew beside those that serve, and only then replaced, each in one step: a request meets the old one
//! or the new one. Whatever fails on the way, the old dictionary stays.

mod report;
mod served;
mod trigger;

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use dictionary::Dictionary;
use indexmap::IndexMap;
use serde_json::Value;
use sqlx::PgPool;
use tokio::{task::JoinHandle, time::Instant};

use crate::{dictionaries, state::State};
pub(crate) use report::{Outcome, Report, ask};
pub(crate) use served::Served;
pub(crate) use trigger::{Asked, Trigger, Triggers};

/// Pause between two looks at tables that another process makes.
const PAUSE: Duration = Duration::from_secs(1);
/// At most this many breaking changes are logged one by one.
const LOGGED_CHANGES: usize = 20;

/// Who makes the tables of a dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tables {
    /// This process.
    Made,
    /// Another process; this one waits for them.
    Awaited,
}

/// Everything that serves from one dictionary, and how it is replaced.
pub(crate) struct Reload {
    /// Folder, file or address; `None` for the built-in one.
    pub(crate) source: Option<String>,
    /// The graph database.
    pub(crate) pool: PgPool,
    /// Who makes its tables.
    pub(crate) tables: Tables,
    /// The services, in the order of their replacement: readers before writers, so that what the new one has
    /// written, the new one can read.
    pub(crate) served: Vec<Arc<dyn Served>>,
    /// The dictionary that is served.
    pub(crate) dictionary: Arc<Dictionary>,
    /// Where reports are left for other processes.
    pub(crate) state: Option<State>,
}

/// The task that waits for reasons to reload; it ends when this is dropped.
pub(crate) struct Reloading(JoinHandle<()>);

impl Reloading {
    /// Whether it still waits for reasons.
    pub(crate) fn is_running(&self) -> bool {
        !self.0.is_finished()
    }
}

impl Drop for Reloading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Reload {
    /// Reloads whenever there is a reason to.
    pub(crate) fn start(self, triggers: Triggers) -> Reloading {
        Reloading(tokio::spawn(self.run(triggers)))
    }

    async fn run(mut self, mut triggers: Triggers) {
        let mut trigger = triggers.next().await;
        loop {
            // Which requests this attempt answers must be known before anything is read.
            let request = self.state.as_ref().and_then(report::requested);
            let (started, asked) = (Instant::now(), matches!(trigger, Trigger::Asked));
            // Something newer makes the attempt pointless; only waiting for tables takes long.
            let outcome = tokio::select! {
                outcome = self.attempt(trigger) => outcome,
                newer = triggers.next() => {
                    trigger = newer;
                    continue;
                }
            };
            let outcome = match outcome {
                Ok(None) => Outcome::Unchanged,
                Ok(Some(ready)) => Outcome::Replaced { breaking: self.replace(ready) },
                Err(error) => Outcome::Failed { error: format!("{error:#}") },
            };
            self.tell(&outcome, asked, started.elapsed());
            // Nobody needs to know that a source only looked changed.
            if asked || request.is_some() || outcome != Outcome::Unchanged {
                self.report(request, &outcome);
            }
            trigger = triggers.next().await;
        }
    }

    fn report(&self, request: Option<u64>, outcome: &Outcome) {
        let Some(state) = &self.state else { return };
        let report = Report::new(request, outcome, &self.dictionary, self.source.as_deref());
        if let Err(error) = report.leave(state) {
            tracing::warn!(error = %error, "the report of the reload cannot be written");
        }
    }

    /// Does everything but the replacement. `None` when that dictionary is served already.
    async fn attempt(&self, trigger: Trigger) -> anyhow::Result<Option<Ready>> {
        let files = match trigger {
            Trigger::Changed(files) => files?,
            Trigger::Asked => dictionaries::files(self.source.as_deref()).await?,
        };
        let (old, served) = (self.dictionary.clone(), self.served.clone());
        let prepared = tokio::task::spawn_blocking(move || prepare(files, &old, &served)).await;
        let Some(ready) = prepared.context("the dictionary cannot be built")?? else { return Ok(None) };
        match self.tables {
            Tables::Made => {
                let migrated = psqlgraph::migrate(&self.pool, &ready.dictionary).await;
                migrated.context("the graph database cannot be migrated")?;
            }
            Tables::Awaited => await_tables(&self.pool, &ready.dictionary).await,
        }
        Ok(Some(ready))
    }

    /// Replaces the services and returns the number of breaking changes.
    fn replace(&mut self, ready: Ready) -> usize {
        let breaking: Vec<_> = ready.changes.iter().filter(|change| change.breaks()).collect();
        for change in breaking.iter().take(LOGGED_CHANGES) {
            tracing::warn!(dictionary.digest = ready.dictionary.digest, "the new dictionary: {change}");
        }
        if breaking.len() > LOGGED_CHANGES {
            let more = breaking.len() - LOGGED_CHANGES;
            tracing::warn!(
                "the new dictionary breaks {more} more things; `commons dictionary diff` lists them"
            );
        }
        dictionaries::warn(&ready.dictionary);
        for step in ready.steps {
            step();
        }
        self.dictionary = ready.dictionary;
        breaking.len()
    }

    fn tell(&self, outcome: &Outcome, asked: bool, time: Duration) {
        let digest = self.dictionary.digest.as_str();
        let duration_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let source = self.source.as_deref().unwrap_or("built in");
        match outcome {
            Outcome::Unchanged if !asked => {
                tracing::debug!(dictionary.digest = digest, source, "the dictionary is the same");
            }
            Outcome::Unchanged => {
                tracing::info!(dictionary.digest = digest, source, "the dictionary is the same")
            }
            Outcome::Replaced { .. } => tracing::info!(
                dictionary.digest = digest,
                dictionary.node_types = self.dictionary.nodes.len(),
                source,
                duration_ms,
                "another dictionary is served now"
            ),
            Outcome::Failed { error } => tracing::error!(
                dictionary.digest = digest,
                source,
                error,
                "the new dictionary cannot be used; the old one stays"
            ),
        }
    }
}

/// A dictionary that can be served, and what is left to do.
struct Ready {
    dictionary: Arc<Dictionary>,
    changes: Vec<dictionary::Change>,
    steps: Vec<Box<dyn FnOnce() + Send>>,
}

fn prepare(
    files: IndexMap<String, Value>,
    old: &Dictionary,
    served: &[Arc<dyn Served>],
) -> anyhow::Result<Option<Ready>> {
    let dictionary = Dictionary::from_files(files)?;
    if dictionary.digest == old.digest {
        return Ok(None);
    }
    let changes = dictionary::compare(old, &dictionary);
    let dictionary = Arc::new(dictionary);
    let steps = served.iter().map(|service| service.prepare(&dictionary)).collect::<Result<_, _>>()?;
    Ok(Some(Ready { dictionary, changes, steps }))
}

/// Waits until somebody else has made the tables of `dictionary` and this process may read them.
pub(crate) async fn await_tables(pool: &PgPool, dictionary: &Dictionary) {
    let mut told = String::new();
    loop {
        let waiting = match psqlgraph::missing_tables(pool, dictionary).await {
            Ok(missing) if missing.is_empty() => return,
            Ok(missing) => format!("{} tables, first {}", missing.len(), missing[0]),
            Err(error) => error.to_string(),
        };
        if waiting != told {
            tracing::warn!(
                missing = waiting,
                dictionary.digest = dictionary.digest,
                "waiting until the graph database is migrated for the dictionary"
            );
            told = waiting;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
