//! `commons backup run`.

use std::sync::Arc;

use backup::{
    BackupError, Dictionary, Kept, Manifest, Objects, Pieces, Presence, Program, Pruned, Secrets, Shelf,
    StoredFile, Task, Totals, new_name, prune, seal::Seal,
};
use chrono::{SecondsFormat, Utc};
use clap::Args;
use indicatif::HumanCount;
use serde_json::{Value, json};

use super::{
    PlaceArgs, Progress, databases, list, objects,
    progress::amount,
    prune as pruning,
    sealing::SealArgs,
    source::{Source, SourceArgs},
};
use crate::{
    commands::workbench::Workbench,
    dictionaries,
    failure::{Failure, message, warn},
    output::{remark, tell},
    version::{COMMIT, VERSION},
};

const EXAMPLES: &str = "Examples:
  commons backup run /mnt/backups --passphrase-file backup.txt --keep 30
  commons backup run s3://backups/commons --recipient age1… --rate 50

What earlier backups at the same place have brought is not brought again. The place is readable by whoever
may read its files: only keys, secrets and configuration are sealed, databases and objects are not.";

/// Options of `commons backup run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// Where they are.
    #[command(flatten)]
    place: PlaceArgs,
    /// What is backed up.
    #[command(flatten)]
    source: SourceArgs,
    /// With what secrets are sealed.
    #[command(flatten)]
    seal: SealArgs,
    /// Read at most so many MiB of objects a second, to leave the disk to others. Default: no limit
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Afterwards delete all backups but the last so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// What was done.
struct Done {
    manifest: Manifest,
    totals: Totals,
    read: u64,
    damaged: Vec<String>,
}

pub(super) async fn run(args: RunArgs) -> anyhow::Result<()> {
    let seal = args.seal.seal()?;
    let place = args.place.place()?;
    let state = args.source.state()?;
    if let (Some(state), Some(folder)) = (&state, place.as_folder()) {
        let folder = std::path::absolute(folder)?;
        if folder.starts_with(state.folder()) {
            let told =
                format!("{place} is in the state folder, and would be lost with it; name another place");
            return Err(Failure::Prerequisite(told).into());
        }
    }
    let shelf = Shelf::open_or_make(&place).await?;
    let progress = Arc::new(Progress::new(args.json));
    let work = async {
        match state {
            None => make(&args, &shelf, args.source.named()?, seal.as_ref(), &progress).await,
            Some(state) => {
                let bench = Workbench::open(state).await?;
                bench
                    .with(async |bench: Arc<Workbench>| {
                        let source = args.source.of_state(&bench.state, &bench.run)?;
                        make(&args, &shelf, source, seal.as_ref(), &progress).await
                    })
                    .await
            }
        }
    };
    let done = Presence::during(&place, Task::Backup, work).await;
    progress.finish();
    let done = done?;
    let pruned = match args.keep {
        Some(keep) => pruned(&shelf, keep).await?,
        None => None,
    };
    report(&args, &shelf, &done, pruned.as_ref())?;
    if done.damaged.is_empty() {
        return Ok(());
    }
    let told = format!(
        "{} objects are damaged in the store and not in the backup; `commons objects verify` names them",
        done.damaged.len()
    );
    Err(Failure::NotInOrder(told).into())
}

/// Makes a backup. It is one when its manifest is there, which is the last thing.
async fn make(
    args: &RunArgs,
    shelf: &Shelf,
    source: Source,
    seal: Option<&Seal>,
    progress: &Arc<Progress>,
) -> anyhow::Result<Done> {
    let begun = Utc::now();
    let name = new_name(begun);
    progress.step("looking at what is there");
    let (pieces, earlier) = (Arc::new(Pieces::open(shelf.place()).await?), earlier(shelf).await?);
    let opened = databases::open(&source.databases).await?;
    let secrets = match seal {
        Some(seal) => Some(sealed(&source, seal, &pieces).await?),
        None => None,
    };
    let dictionary = dictionary(&source, &pieces).await?;
    let mut dumped = Vec::with_capacity(opened.len());
    for database in opened {
        progress.step(format!("database {}", database.name()));
        dumped.push(database.dump(&pieces, progress).await?);
    }
    let (mut taken, mut read, mut damaged) = (None::<Objects>, 0, Vec::new());
    if let Some(folder) = source.objects {
        let place = shelf.place().clone();
        let copied = objects::copy(folder, place, pieces.clone(), earlier, args.rate, progress.clone());
        let copied = copied.await?;
        (taken, read, damaged) = (Some(copied.objects), copied.read, copied.damaged);
    }
    progress.step("waiting for the last pieces");
    pieces.finish().await?;
    let time = |time: chrono::DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let manifest = Manifest {
        name,
        begun: time(begun),
        ended: time(Utc::now()),
        program: Program { version: VERSION.to_owned(), commit: COMMIT.to_owned() },
        databases: dumped,
        private_databases: source.private_databases,
        dictionary,
        secrets,
        objects: taken,
    };
    shelf.add(&manifest).await?;
    Ok(Done { manifest, totals: pieces.totals(), read, damaged })
}

/// The list of objects of the last backup that has one and can be read.
async fn earlier(shelf: &Shelf) -> Result<Option<StoredFile>, BackupError> {
    for name in shelf.names().await?.iter().rev() {
        match shelf.manifest(name).await {
            Ok(Manifest { objects: Some(objects), .. }) => return Ok(Some(objects.list)),
            Ok(_) => {}
            Err(error) if error.is_damage() || matches!(error, BackupError::Newer { .. }) => {
                warn(&format!("the backup {name} is of no use for this one: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

async fn sealed(source: &Source, seal: &Seal, pieces: &Pieces) -> anyhow::Result<Secrets> {
    let files = source.secrets.read()?;
    let names = files.iter().map(|file| file.path.clone()).collect();
    let (sealing, seal) = (seal.sealing(), seal.clone());
    // A passphrase is made slow to guess.
    let closed = tokio::task::spawn_blocking(move || seal.close(&files)).await??;
    Ok(Secrets { sealing, files: names, file: pieces.file_of(&closed).await? })
}

/// The dictionary; `None` when it has an address that does not answer: that is no reason to lose the rest.
async fn dictionary(source: &Source, pieces: &Pieces) -> anyhow::Result<Option<Dictionary>> {
    let from = source.dictionary.as_deref();
    let files = match dictionaries::files(from).await {
        Err(error) if from.is_some_and(|from| from.contains("://")) => {
            warn(&format!("the dictionary is not in the backup: {}", message(&error)));
            return Ok(None);
        }
        files => files?,
    };
    let text = serde_json::to_vec(&files)?;
    Ok(Some(Dictionary { source: source.dictionary.clone(), file: pieces.file_of(&text).await? }))
}

/// Deletes old backups. The new one is there whether this can be done now or not.
async fn pruned(shelf: &Shelf, keep: u32) -> anyhow::Result<Option<Pruned>> {
    let kept = Kept::Last(usize::try_from(keep)?);
    match Presence::during(shelf.place(), Task::Pruning, prune(shelf, kept)).await {
        Ok(pruned) => Ok(Some(pruned)),
        Err(BackupError::Busy(told)) => {
            warn(&format!("old backups stay until the next time: {told}"));
            Ok(None)
        }
        Err(error) => Err(anyhow::Error::from(error).context("the backup is made, but old ones stay")),
    }
}

fn report(args: &RunArgs, shelf: &Shelf, done: &Done, pruned: Option<&Pruned>) -> anyhow::Result<()> {
    let Done { manifest, totals, read, damaged } = done;
    if args.json {
        let mut told: Value = list::described(manifest);
        told["place"] = json!(shelf.place().to_string());
        told["written"] = json!(totals);
        told["objects_read_bytes"] = json!(read);
        told["damaged_objects"] = json!(damaged);
        told["pruned"] = json!(pruned);
        return Ok(tell(told)?);
    }
    let (rows, databases) = (HumanCount(manifest.rows()), manifest.databases.len());
    remark(format_args!("the backup {} is in {}", manifest.name, shelf.place()))?;
    remark(format_args!("{databases} databases with {rows} rows"))?;
    if let Some(objects) = &manifest.objects {
        let (count, bytes) = (HumanCount(objects.objects), amount(objects.bytes));
        remark(format_args!("{count} objects with {bytes}, of which {} were read", amount(*read)))?;
    }
    let (new, known) = (amount(totals.new_bytes), amount(totals.known_bytes));
    remark(format_args!("{new} were written, {known} were there already"))?;
    if manifest.secrets.is_none() {
        warn("keys, secrets and configuration are not in it");
    }
    if let Some(pruned) = pruned {
        remark(pruning::told(pruned))?;
    }
    Ok(())
}
