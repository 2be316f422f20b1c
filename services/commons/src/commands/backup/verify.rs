//! `commons backup verify`.

use backup::{BackupError, Checked, Presence, Shelf, Task, check};
use clap::Args;
use serde_json::json;

use super::{
    PlaceArgs, Progress,
    progress::{Pace, amount},
};
use crate::{
    failure::Failure,
    output::{remark, tell},
};

/// Options of `commons backup verify`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  commons backup verify /mnt/backups --all\n  \
                        commons backup verify s3://backups/commons 2026-11-30T22-00-00-000Z --rate 50")]
pub struct VerifyArgs {
    /// Where they are.
    #[command(flatten)]
    place: PlaceArgs,
    /// Which backup. Default: the last one
    #[arg(value_name = "NAME", conflicts_with = "all")]
    name: Option<String>,
    /// All backups; what several have in common is read once
    #[arg(long)]
    all: bool,
    /// Read at most so many MiB a second. Default: no limit
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// What is read.
pub(crate) struct Reading {
    /// Which backup; the last one, unless all are meant.
    pub(crate) name: Option<String>,
    pub(crate) all: bool,
    /// MiB that are read in a second.
    pub(crate) rate: Option<u32>,
}

impl Reading {
    /// Reads backups and compares all that they have with its digests.
    ///
    /// # Errors
    /// When there is no such backup, or the place cannot be read. What is damaged is no error.
    pub(crate) async fn read(
        self,
        shelf: &Shelf,
        mut told: impl FnMut(&Checked, u64),
    ) -> Result<Checked, BackupError> {
        let mut names = shelf.names().await?;
        if let Some(name) = self.name {
            // Says which there are.
            if !names.contains(&name) {
                shelf.manifest(&name).await?;
            }
            names = vec![name];
        } else if !self.all {
            names = names.split_off(names.len().saturating_sub(1));
        }
        let (mut pace, mut before) = (Pace::new(self.rate), 0);
        let paced = async |checked: &Checked, pieces: u64| {
            told(checked, pieces);
            pace.wait(checked.bytes - before).await;
            before = checked.bytes;
        };
        Presence::during(shelf.place(), Task::Reading, check(shelf, &names, paced)).await
    }
}

pub(super) async fn run(args: VerifyArgs) -> anyhow::Result<()> {
    let shelf = args.place.shelf().await?;
    let progress = Progress::new(args.json);
    let reading = Reading { name: args.name, all: args.all, rate: args.rate };
    let checked = reading.read(&shelf, |checked, pieces| {
        progress.step(format!("{} of {pieces} pieces, {}", checked.pieces, amount(checked.bytes)));
    });
    let checked = checked.await;
    progress.finish();
    let checked = checked?;
    if args.json {
        tell(json!(checked))?;
    } else {
        for flaw in &checked.flaws {
            eprintln!("{}: {}", flaw.backup, flaw.what);
        }
        let (count, read) = (checked.backups.len(), amount(checked.bytes));
        remark(format_args!("{count} backups were read: {} pieces, {read}", checked.pieces))?;
    }
    if checked.flaws.is_empty() {
        return Ok(());
    }
    Err(Failure::NotInOrder(format!("{} things are damaged", checked.flaws.len())).into())
}
