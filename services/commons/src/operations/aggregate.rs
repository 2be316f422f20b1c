//! The operation `metadata-aggregate-sync`.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use metadata::aggregate::{CommonsReport, Mode, Progress, SyncError, sync};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use workqueue::{Failed, Form, Kind, Parameter, Work};

use super::params::{flag, only};
use crate::{
    commands::metadata::{in_words, read_config},
    failure::message,
};

/// How long a run waits that finds another process at work.
const BUSY: Duration = Duration::from_secs(60);

/// Brings the studies of other commons into the aggregate. Which these are says the operator's file, which is
/// read each time.
pub(crate) struct AggregateSync {
    pub(crate) file: PathBuf,
    pub(crate) pool: PgPool,
}

#[async_trait]
impl Kind for AggregateSync {
    fn name(&self) -> &'static str {
        "metadata-aggregate-sync"
    }

    fn purpose(&self) -> &'static str {
        "Bring the studies of other commons into the aggregate; those of a commons that is away stay"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::optional("dry_run", Form::Flag, "Say what would change, and change nothing")] }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &["dry_run"])?;
        flag(params, "dry_run").map(drop)
    }

    /// Each commons is replaced in one transaction, so that a run that is begun again ends the same.
    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let dry_run = flag(work.params(), "dry_run").unwrap_or(false);
        let mode = if dry_run { Mode::DryRun } else { Mode::Write };
        let config = read_config(&self.file).map_err(|error| Failed::ForGood(message(&error)))?;
        if mode == Mode::Write {
            metadata::migrate(&self.pool).await.map_err(Failed::passing)?;
        }
        let told = OfWork { work: work.clone(), total: AtomicU64::new(0), done: AtomicU64::new(0) };
        let report = sync(&self.pool, &config, mode, &told).await.map_err(|error| match error {
            SyncError::Busy => Failed::NotYet { told: error.to_string(), pause: BUSY },
            SyncError::NoTables => Failed::for_good(error),
            SyncError::Database(_) | SyncError::Client(_) => Failed::passing(error),
        })?;
        for line in in_words(&report, mode) {
            work.log(line.text());
        }
        if !report.is_complete() {
            let told = "not everything could be pulled; what was there before stays";
            return Err(Failed::Passing(told.to_owned()));
        }
        let sum = |of: fn(&CommonsReport) -> u64| report.commons.iter().map(of).sum::<u64>();
        Ok(json!({
            "dry_run": dry_run,
            "commons": report.commons.len(),
            "studies": sum(|one| one.studies),
            "added": sum(|one| one.added),
            "changed": sum(|one| one.changed),
            "removed": sum(|one| one.removed),
            "commons_forgotten": report.forgotten.len(),
            "prefixes": report.prefixes,
        }))
    }
}

/// Tells the log of a run.
struct OfWork {
    work: Arc<Work>,
    total: AtomicU64,
    done: AtomicU64,
}

impl OfWork {
    fn tell(&self, what: &str) {
        let (done, total) = (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
        self.work.progress(done, Some(total), what);
    }
}

impl Progress for OfWork {
    fn total(&self, commons: u64) {
        self.total.store(commons, Ordering::Relaxed);
    }

    fn pulling(&self, commons: &str) {
        self.tell(&format!("pulling {commons}"));
    }

    fn done(&self, commons: &CommonsReport) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.tell(&format!("pulled {}", commons.commons));
    }
}
