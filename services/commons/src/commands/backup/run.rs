//! `commons backup run`.

use std::sync::Arc;

use backup::{Presence, Pruned, Shelf, Task};
use clap::Args;
use indicatif::HumanCount;
use serde_json::{Value, json};

use super::{
    PlaceArgs, Progress, list,
    making::{Done, Making, pruned},
    place::require_outside,
    progress::{Told, amount},
    prune as pruning,
    sealing::SealArgs,
    source::SourceArgs,
};
use crate::{
    commands::workbench::Workbench,
    failure::{Failure, warn},
    output::{remark, tell},
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

pub(super) async fn run(args: RunArgs) -> anyhow::Result<()> {
    let seal = args.seal.seal()?;
    let place = args.place.place()?;
    let state = args.source.state()?;
    if let Some(state) = &state {
        require_outside(&place, state)?;
    }
    let shelf = Shelf::open_or_make(&place).await?;
    let progress = Arc::new(Progress::new(args.json));
    let making = Making { seal: seal.as_ref(), rate: args.rate, run: None };
    let told: Arc<dyn Told> = progress.clone();
    let work = async {
        match state {
            None => making.make(&shelf, args.source.named()?, &told).await,
            Some(state) => {
                let bench = Workbench::open(state).await?;
                bench
                    .with(async |bench: Arc<Workbench>| {
                        let source = args.source.of_state(&bench.state, &bench.run)?;
                        making.make(&shelf, source, &told).await
                    })
                    .await
            }
        }
    };
    let done = Presence::during(&place, Task::Backup, work).await;
    progress.finish();
    let done = done?;
    let pruned = match args.keep {
        Some(keep) => pruned(&shelf, keep, &*progress).await?,
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
