//! The operations `backup` and `backup-verify`. Where backups are, and what seals them, the operator has said
//! when the process was started: a request names no place.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use backup::{BackupError, Manifest, Place, Presence, Shelf, Task, is_name, seal::Seal};
use clap::Args;
use serde_json::{Map, Value, json};
use workqueue::{Failed, Form, Kind, Parameter, Policy, Work};

use super::{
    aside::{aside, unwanted},
    params::{flag, number, only, text},
};
use crate::{
    commands::backup::{Making, Reading, Source, Told, amount, described, place_at, pruned, seal_of},
    databases::DatabaseName,
    failure::message,
    state::State,
};

pub(super) const BACKUP: &str = "backup";
const VERIFY: &str = "backup-verify";
/// How long a run waits that must not be at a place while another is.
const BUSY: Duration = Duration::from_secs(60);
/// Damaged things that a log names.
const NAMED: usize = 1_000;
/// The longest name of a backup.
const LONGEST_NAME: usize = 64;
/// The highest rate in MiB a second.
const FASTEST: u32 = 1 << 20;

/// Where operations keep backups, and with what they seal keys and secrets.
#[derive(Debug, Clone, Default, Args)]
pub struct BackupArgs {
    /// Where the operations `backup` and `backup-verify` keep and look for backups: a folder, or
    /// s3://BUCKET/BEGINNING of a bucket that is reached with what the tools of Amazon find. Without it there
    /// are no such operations.
    #[arg(long, value_name = "DIR|URL", env = "COMMONS_BACKUP_PLACE")]
    pub backup_place: Option<String>,
    /// Seal keys and secrets in backups with the passphrase in the first line of this file. The variable
    /// COMMONS_BACKUP_PASSPHRASE can have it, too.
    #[arg(long, value_name = "FILE", env = "COMMONS_BACKUP_PASSPHRASE_FILE")]
    pub backup_passphrase_file: Option<PathBuf>,
    /// Seal them for the owner of this public key of age (age1…); may be repeated.
    #[arg(
        long = "backup-recipient",
        value_name = "KEY",
        env = "COMMONS_BACKUP_RECIPIENTS",
        value_delimiter = ','
    )]
    pub backup_recipients: Vec<String>,
    /// Leave keys, secrets and configuration out of backups. Unless this or what seals them is said, there is
    /// `backup-verify` only.
    #[arg(long)]
    pub backup_without_secrets: bool,
    /// After each backup delete all but the last so many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub backup_keep: Option<u32>,
}

/// What is backed up.
pub(crate) enum Whole {
    /// The commons of this state folder, which runs.
    State(State),
    /// Databases and files that the process was told of.
    Named {
        /// Beside those that variables name.
        databases: Vec<(DatabaseName, String)>,
        dictionary: Option<String>,
        /// The folder of the signing keys.
        keys: Option<PathBuf>,
        configuration: Vec<PathBuf>,
    },
}

impl Whole {
    fn source(&self) -> anyhow::Result<Source> {
        match self {
            Self::State(state) => {
                let run = state.running()?.context("the commons is not ready yet")?;
                Source::of_state(state, &run)
            }
            Self::Named { databases, dictionary, keys, configuration } => {
                let source =
                    Source::named(databases, dictionary.clone(), keys.clone(), configuration.clone());
                Ok(source)
            }
        }
    }
}

impl BackupArgs {
    /// Where backups are, if there are any.
    ///
    /// # Errors
    /// When it can be no place.
    pub(crate) fn place(&self) -> anyhow::Result<Option<Place>> {
        let place = self.backup_place.as_deref().map(place_at).transpose();
        place.context("--backup-place cannot be used")
    }

    /// What can be done with backups.
    ///
    /// # Errors
    /// When the place can be none, or what seals secrets cannot be read.
    pub(crate) fn kinds(&self, whole: Option<Whole>) -> anyhow::Result<Vec<Arc<dyn Kind>>> {
        let Some(place) = self.place()? else { return Ok(Vec::new()) };
        let mut kinds: Vec<Arc<dyn Kind>> = vec![Arc::new(BackupVerify(place.clone()))];
        let seal = if self.backup_without_secrets {
            None
        } else {
            seal_of(&self.backup_recipients, self.backup_passphrase_file.as_ref())
                .context("what seals backups cannot be used")?
        };
        if let (Some(whole), true) = (whole, seal.is_some() || self.backup_without_secrets) {
            kinds.push(Arc::new(Backup(Arc::new(Parts { whole, place, seal, keep: self.backup_keep }))));
        }
        Ok(kinds)
    }
}

/// Makes a backup.
struct Backup(Arc<Parts>);

struct Parts {
    whole: Whole,
    place: Place,
    /// Without it keys and secrets are left out.
    seal: Option<Seal>,
    keep: Option<u32>,
}

impl Parts {
    async fn back_up(&self, work: &Arc<Work>) -> anyhow::Result<Value> {
        let shelf = Shelf::open_or_make(&self.place).await?;
        let told: Arc<dyn Told> = Arc::new(OfWork(work.clone()));
        let run = work.id().to_string();
        let (manifest, damaged) = match earlier(&shelf, &run).await? {
            Some(manifest) => {
                work.log(format!("an earlier attempt has made the backup {}", manifest.name));
                let damaged = manifest.objects.as_ref().map_or(0, |objects| objects.damaged);
                (manifest, damaged)
            }
            None => {
                let rate = number(work.params(), "rate", "", FASTEST).ok().flatten();
                let making = Making { seal: self.seal.as_ref(), rate, run: Some(run) };
                let made = making.make(&shelf, self.whole.source()?, &told);
                let done = Presence::during(&self.place, Task::Backup, made).await?;
                let (new, known) = (amount(done.totals.new_bytes), amount(done.totals.known_bytes));
                work.log(format!("the backup {} is made", done.manifest.name));
                work.log(format!("{new} were written, {known} were there already"));
                (done.manifest, done.damaged.len() as u64)
            }
        };
        let mut result = described(&manifest);
        if let Some(keep) = self.keep {
            result["pruned"] = json!(pruned(&shelf, keep, &*told).await?);
        }
        // They may be many.
        for database in result["databases"].as_array_mut().into_iter().flatten() {
            database.as_object_mut().and_then(|database| database.remove("rows"));
        }
        anyhow::ensure!(
            damaged == 0,
            Damaged(format!(
                "the backup {} is made without {damaged} objects, which are damaged in the store; \
                 `commons objects verify` names them",
                manifest.name
            ))
        );
        Ok(result)
    }
}

/// Something is damaged, which no further attempt mends.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Damaged(String);

/// The backup that an earlier attempt of this run has made before its worker was lost. What is restored from
/// a backup finds it, too: there the run that has made it is under way.
async fn earlier(shelf: &Shelf, run: &str) -> Result<Option<Manifest>, BackupError> {
    for name in shelf.names().await?.iter().rev() {
        match shelf.manifest(name).await {
            Ok(manifest) if manifest.run.as_deref() == Some(run) => return Ok(Some(manifest)),
            Ok(_) => {}
            Err(error) if error.is_damage() || matches!(error, BackupError::Newer { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn failed(error: &anyhow::Error) -> Failed {
    let told = message(error);
    match error.downcast_ref() {
        Some(BackupError::Busy(_)) => Failed::NotYet { told, pause: BUSY },
        Some(error) if error.is_damage() || error.is_prerequisite() => Failed::ForGood(told),
        _ if error.is::<Damaged>() => Failed::ForGood(told),
        _ => Failed::Passing(told),
    }
}

#[async_trait]
impl Kind for Backup {
    fn name(&self) -> &'static str {
        BACKUP
    }

    fn purpose(&self) -> &'static str {
        "Back up databases, keys, configuration and the objects of the embedded store"
    }

    fn policy(&self) -> Policy {
        Policy { pause: Duration::from_secs(60), ..Policy::default() }
    }

    fn parameters(&self) -> &'static [Parameter] {
        const { &[Parameter::optional("rate", Form::Number, "MiB a second at most")] }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &["rate"])?;
        number(params, "rate", "MiB a second", FASTEST).map(drop)
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let (parts, work) = (self.0.clone(), work.clone());
        let done = aside(move || async move { parts.back_up(&work).await }).await;
        done.map_err(Failed::for_good)?.ok_or_else(unwanted)?.map_err(|error| failed(&error))
    }
}

/// Reads backups against their digests.
struct BackupVerify(Place);

async fn verify(place: &Place, work: &Work) -> anyhow::Result<Value> {
    let params = work.params();
    let reading = Reading {
        name: text(params, "name", LONGEST_NAME).ok().flatten().map(str::to_owned),
        all: flag(params, "all").unwrap_or(false),
        rate: number(params, "rate", "", FASTEST).ok().flatten(),
    };
    let shelf = Shelf::open(place).await?;
    let checked = reading.read(&shelf, |checked, pieces| {
        work.progress(checked.pieces, Some(pieces), "reading pieces");
    });
    let checked = checked.await?;
    anyhow::ensure!(!checked.backups.is_empty(), Damaged(format!("there is no backup at {place}")));
    for flaw in checked.flaws.iter().take(NAMED) {
        work.log(format!("damaged: {}: {}", flaw.backup, flaw.what));
    }
    let flaws = checked.flaws.len();
    anyhow::ensure!(flaws == 0, Damaged(format!("{flaws} things in the backups are damaged")));
    Ok(json!({ "backups": checked.backups.len(), "pieces": checked.pieces, "bytes": checked.bytes }))
}

#[async_trait]
impl Kind for BackupVerify {
    fn name(&self) -> &'static str {
        VERIFY
    }

    fn purpose(&self) -> &'static str {
        "Read the last backup, one, or all of them, and compare what they have with its digests"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("name", Form::Text, "The backup that is read; the last one without it"),
                Parameter::optional("all", Form::Flag, "Read all backups"),
                Parameter::optional("rate", Form::Number, "MiB a second at most"),
            ]
        }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &["name", "all", "rate"])?;
        let name = text(params, "name", LONGEST_NAME)?;
        if name.is_some_and(|name| !is_name(name)) {
            return Err("name: it is that of a backup, such as 2026-11-30T22-00-00-000Z".to_owned());
        }
        if flag(params, "all")? && name.is_some() {
            return Err("all: it is either one backup (name) or all of them".to_owned());
        }
        number(params, "rate", "MiB a second", FASTEST).map(drop)
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let (place, work) = (self.0.clone(), work.clone());
        let done = aside(move || async move { verify(&place, &work).await }).await;
        done.map_err(Failed::for_good)?.ok_or_else(unwanted)?.map_err(|error| failed(&error))
    }
}

/// Tells the log of a run.
struct OfWork(Arc<Work>);

impl Told for OfWork {
    fn step(&self, what: String) {
        self.0.progress(0, None, &what);
    }

    fn line(&self, text: &str) {
        self.0.log(text);
    }

    fn warn(&self, text: &str) {
        self.0.log(text);
    }
}
