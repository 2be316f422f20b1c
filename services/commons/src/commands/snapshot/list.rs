//! `commons snapshot list`.

use backup::GraphSnapshot;
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use serde_json::{Value, json};

use super::shelf;
use crate::output::tell;

/// Options of `commons snapshot list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Where they are: a folder, or s3://BUCKET/BEGINNING.
    #[arg(value_name = "PLACE")]
    place: String,
    /// As JSON, with the rules that they were made by.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: ListArgs) -> anyhow::Result<()> {
    let shelf = shelf::open(&args.place).await?;
    let mut shown = Vec::new();
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["snapshot", "projects", "records", "size", "key"]);
    for name in shelf.names().await? {
        match shelf.manifest(&name).await {
            Ok(snapshot) => {
                let records: u64 = snapshot.nodes.values().sum();
                let size = super::super::backup::amount(snapshot.graph.size);
                let projects = snapshot.projects.join(", ");
                table.add_row([&name, &projects, &records.to_string(), &size, &snapshot.key]);
                shown.push(described(&snapshot));
            }
            // One that cannot be read must not hide the others.
            Err(error) if error.is_damage() => {
                table.add_row([name.clone(), error.to_string()]);
                shown.push(json!({ "name": name, "error": error.to_string() }));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if args.json { Ok(tell(json!({ "snapshots": shown }))?) } else { Ok(tell(table)?) }
}

/// What a manifest says, without the names of its pieces.
fn described(snapshot: &GraphSnapshot) -> Value {
    json!({
        "name": snapshot.name, "made": snapshot.made, "program": snapshot.program,
        "projects": snapshot.projects, "nodes": snapshot.nodes, "rules": snapshot.rules, "key": snapshot.key,
        "dictionary": snapshot.dictionary, "bytes": snapshot.graph.size,
    })
}
