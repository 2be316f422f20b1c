//! `commons snapshot adopt`.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Map, Value, json};

use super::{
    super::pfb::{ImportArgs, PlaceArgs, submitted},
    shelf,
};
use crate::{
    failure::Failure,
    output::{remark, tell},
};

/// Options of `commons snapshot adopt`.
#[derive(Debug, Clone, Args)]
pub struct AdoptArgs {
    /// Where it is: a folder, or s3://BUCKET/BEGINNING.
    #[arg(value_name = "PLACE")]
    from: String,
    /// Which one. Default: the last.
    #[arg(long, value_name = "NAME")]
    snapshot: Option<String>,
    /// Submissions of so many records each, instead of one for each project: for a commons that does not take
    /// more.
    #[arg(long, value_name = "RECORDS", value_parser = clap::value_parser!(u64).range(1..))]
    batch: Option<u64>,
    /// Check everything, and write nothing; the projects have to be there.
    #[arg(long)]
    dry_run: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Which commons gets the records.
    #[command(flatten)]
    place: PlaceArgs,
}

pub(super) async fn run(args: AdoptArgs) -> anyhow::Result<()> {
    let shelf = shelf::open(&args.from).await?;
    let snapshot = shelf.chosen(args.snapshot.as_deref()).await?;
    let records = shelf::records(shelf.place(), &snapshot).await?;
    let import = ImportArgs::of_all(
        records.path().to_owned(),
        args.place.clone(),
        args.batch,
        args.dry_run,
        args.json,
    );
    let projects = submitted(import).await?;
    complete(&snapshot.nodes, &projects)?;
    if args.json {
        let (name, dry_run) = (&snapshot.name, args.dry_run);
        return Ok(tell(json!({ "snapshot": name, "dry_run": dry_run, "projects": projects }))?);
    }
    let count: u64 = in_projects(&snapshot.nodes).map(|(_, count)| count).sum();
    let done = if args.dry_run { "could be adopted" } else { "are adopted" };
    Ok(remark(format_args!("all {count} records of {} {done}", snapshot.name))?)
}

/// Programs and projects are made beside the records.
fn in_projects(nodes: &BTreeMap<String, u64>) -> impl Iterator<Item = (&String, u64)> {
    nodes
        .iter()
        .filter(|(node, _)| !matches!(node.as_str(), "program" | "project"))
        .map(|(node, n)| (node, *n))
}

/// Whether all records of the snapshot were submitted.
fn complete(nodes: &BTreeMap<String, u64>, projects: &Map<String, Value>) -> anyhow::Result<()> {
    for (node, wanted) in in_projects(nodes) {
        let there = projects.values().filter_map(|project| project["nodes"][node].as_u64());
        let there: u64 = there.sum();
        if there != wanted {
            let told = format!("{there} records of {node} were submitted, and the snapshot has {wanted}");
            return Err(Failure::NotInOrder(told).into());
        }
    }
    Ok(())
}
