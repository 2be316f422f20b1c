//! `commons snapshot publish`.

use backup::GraphSnapshot;
use clap::Args;
use serde_json::json;

use super::shelf;
use crate::output::{remark, tell};

/// Options of `commons snapshot publish`.
#[derive(Debug, Clone, Args)]
pub struct PublishArgs {
    /// Where it is: a folder, or s3://BUCKET/BEGINNING.
    #[arg(value_name = "PLACE")]
    from: String,
    /// Where it goes.
    #[arg(value_name = "PLACE")]
    to: String,
    /// Which one. Default: the last.
    #[arg(long, value_name = "NAME")]
    snapshot: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: PublishArgs) -> anyhow::Result<()> {
    let from = shelf::open(&args.from).await?;
    let snapshot = from.chosen(args.snapshot.as_deref()).await?;
    let records = shelf::records(from.place(), &snapshot).await?;
    let to = shelf::open_or_make(&args.to).await?;
    let graph = shelf::keep(to.place(), records.reopen()?).await?;
    let published = GraphSnapshot { graph, ..snapshot };
    to.add(&published).await?;
    if args.json {
        return Ok(tell(json!({ "snapshot": published.name, "place": args.to }))?);
    }
    Ok(remark(format_args!("{} is in {}", published.name, args.to))?)
}
