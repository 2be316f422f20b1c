//! `commons backup prune`.

use backup::{Kept, Presence, Pruned, Task, prune};
use clap::Args;
use serde_json::json;

use super::{PlaceArgs, progress::amount};
use crate::output::{remark, tell};

/// Options of `commons backup prune`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  commons backup prune /mnt/backups --keep 30\n  \
                        commons backup prune s3://backups/commons    # only what killed backups have left")]
pub struct PruneArgs {
    /// Where they are.
    #[command(flatten)]
    place: PlaceArgs,
    /// Keep the last so many backups. Default: all of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: PruneArgs) -> anyhow::Result<()> {
    let shelf = args.place.shelf().await?;
    let kept = match args.keep {
        Some(keep) => Kept::Last(usize::try_from(keep)?),
        None => Kept::All,
    };
    let pruned = Presence::during(shelf.place(), Task::Pruning, prune(&shelf, kept)).await?;
    if args.json {
        return Ok(tell(json!(pruned))?);
    }
    Ok(remark(told(&pruned))?)
}

pub(super) fn told(pruned: &Pruned) -> String {
    let Pruned { backups, pieces, bytes } = pruned;
    format!("deleted: {} backups, {pieces} pieces of none, {}", backups.len(), amount(*bytes))
}
