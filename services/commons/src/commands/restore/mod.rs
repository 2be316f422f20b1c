//! `commons restore`: a commons out of a backup.
//!
//! Everything is made in a folder beside the state folder, which gets its name when all of it has been
//! compared with the backup; databases on a given server have other names until then. Whoever is killed
//! leaves what the next restore deletes.

mod databases;
mod ground;
mod objects;
mod secrets;

use std::{path::PathBuf, sync::Arc};

use backup::{Manifest, Presence, Shelf, Task, read_whole, require_pieces, seal, seal::Sealed};
use clap::Args;
use indicatif::HumanCount;
use serde_json::json;

use super::backup::{PlaceArgs, Progress, sealing::OpenArgs};
use crate::{
    output::{remark, tell},
    state::StateArgs,
};
use databases::Target;
use ground::Ground;
use objects::Written;

const EXAMPLES: &str = "Examples:
  commons restore /mnt/backups --passphrase-file backup.txt --state .commons
  commons restore s3://backups/commons --at 2026-11-30T22-00-00-000Z --identity key.txt --state /srv/commons

Exit status 3: the state folder is in use, or a passphrase or program is missing; 4: the backup is damaged.
Indices of the data explorer are in no backup; they are made of the graph when the commons starts.";

/// Options of `commons restore`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct RestoreArgs {
    /// Where the backups are.
    #[command(flatten)]
    place: PlaceArgs,
    /// Which backup, as `commons backup list` names it. Default: the last one
    #[arg(long, value_name = "NAME")]
    at: Option<String>,
    /// With what secrets are opened.
    #[command(flatten)]
    open: OpenArgs,
    /// Make the databases on this PostgreSQL server instead of a private one. It must have none of these
    /// names, or empty ones
    #[arg(long, value_name = "URL", env = "COMMONS_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Where everything will be kept: a folder that is not there yet, or an empty one.
    #[command(flatten)]
    state: StateArgs,
}

/// What was restored.
struct Done {
    manifest: Manifest,
    state: PathBuf,
    has_secrets: bool,
    objects: Option<Written>,
}

pub(crate) async fn run(args: RestoreArgs) -> anyhow::Result<()> {
    let shelf = args.place.shelf().await?;
    let progress = Arc::new(Progress::new(args.json));
    let work = restore(&args, &shelf, &progress);
    let done = Presence::during(shelf.place(), Task::Reading, work).await;
    progress.finish();
    report(&args, &done?)
}

async fn restore(args: &RestoreArgs, shelf: &Shelf, progress: &Arc<Progress>) -> anyhow::Result<Done> {
    let manifest = shelf.chosen(args.at.as_deref()).await?;
    // What can be refused, is refused before anything is made.
    let wanted = Ground::check(&args.state.folder)?;
    let opened = opened(args, shelf, &manifest).await?;
    let target = Target::check(&manifest, args.database_url.as_deref()).await?;
    progress.step("looking whether all pieces are there");
    require_pieces(shelf, &manifest).await?;
    let ground = Ground::begin(wanted)?;
    progress.bytes("restoring", manifest.size());
    let done = fill(&ground, shelf, &manifest, opened.as_deref(), &target, progress).await;
    match done {
        Ok(objects) => {
            progress.step("moving it to its place");
            target.show(&manifest).await?;
            let state = ground.show()?;
            Ok(Done { manifest, state, has_secrets: opened.is_some(), objects })
        }
        Err(error) => {
            ground.give_up();
            target.give_up(&manifest).await;
            Err(error)
        }
    }
}

/// The files that were sealed; `None` when they are not in the backup, or are to be left out.
async fn opened(
    args: &RestoreArgs,
    shelf: &Shelf,
    manifest: &Manifest,
) -> anyhow::Result<Option<Vec<Sealed>>> {
    let Some(secrets) = manifest.secrets.as_ref().filter(|_| !args.open.without_secrets) else {
        return Ok(None);
    };
    let key = args.open.key(secrets.sealing)?;
    let sealed = read_whole(shelf.place(), &secrets.file, "the keys and secrets", seal::LARGEST).await?;
    // A passphrase is made slow to guess.
    let files = tokio::task::spawn_blocking(move || key.open(&sealed)).await??;
    secrets::check(&files)?;
    Ok(Some(files))
}

/// Makes all of it where nobody sees it yet, and compares it with the backup.
async fn fill(
    ground: &Ground,
    shelf: &Shelf,
    manifest: &Manifest,
    files: Option<&[Sealed]>,
    target: &Target,
    progress: &Arc<Progress>,
) -> anyhow::Result<Option<Written>> {
    secrets::write(ground, files.unwrap_or_default())?;
    if let Some(dictionary) = &manifest.dictionary {
        let largest = seal::LARGEST;
        let text = read_whole(shelf.place(), &dictionary.file, "the dictionary", largest).await?;
        secrets::write_dictionary(ground, &text)?;
        progress.advance(dictionary.file.size);
    }
    secrets::adjust(ground, manifest, files.unwrap_or_default(), target)?;
    let written = match &manifest.objects {
        Some(objects) => Some(objects::write(&ground.state, shelf.place(), objects, progress).await?),
        None => None,
    };
    databases::restore(&ground.state, shelf.place(), manifest, target, progress).await?;
    Ok(written)
}

fn report(args: &RestoreArgs, done: &Done) -> anyhow::Result<()> {
    let Done { manifest, state, has_secrets, objects } = done;
    if args.json {
        let databases = manifest.databases.iter().map(|database| {
            let rows: u64 = database.rows.values().sum();
            json!({ "name": database.name, "tables": database.rows.len(), "rows": rows })
        });
        let objects =
            objects.as_ref().map(|written| json!({ "objects": written.objects, "bytes": written.bytes }));
        return Ok(tell(json!({
            "backup": manifest.name, "begun": manifest.begun, "state": state, "secrets": has_secrets,
            "databases": databases.collect::<Vec<_>>(), "objects": objects,
        }))?);
    }
    let (begun, shown) = (&manifest.begun, state.display());
    remark(format_args!("the commons of {begun} is in {shown}; all of it was compared with the backup"))?;
    let (count, rows) = (manifest.databases.len(), HumanCount(manifest.rows()));
    remark(format_args!("{count} databases with {rows} rows"))?;
    if let Some(written) = objects {
        let bytes = super::backup::amount(written.bytes);
        remark(format_args!("{} objects with {bytes}", HumanCount(written.objects)))?;
    }
    if !has_secrets {
        remark("its keys and secrets are new: no token and no API key from before is valid")?;
    }
    remark(format_args!("start it with `commons up --state {shown}`"))?;
    Ok(())
}
