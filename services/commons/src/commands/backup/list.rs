//! `commons backup list`.

use backup::{BackupError, Manifest};
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use indicatif::HumanCount;
use serde_json::{Value, json};

use super::{PlaceArgs, progress::amount};
use crate::output::tell;

/// Options of `commons backup list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Where they are.
    #[command(flatten)]
    place: PlaceArgs,
    /// As JSON, with the rows of each table
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: ListArgs) -> anyhow::Result<()> {
    let shelf = args.place.shelf().await?;
    let mut shown = Vec::new();
    let mut table = Table::new();
    let header = ["backup", "databases", "rows", "objects", "size", "secrets", "program"];
    table.load_style(NOTHING).set_header(header);
    for name in shelf.names().await? {
        match shelf.manifest(&name).await {
            Ok(manifest) => {
                table.add_row(row(&manifest));
                shown.push(described(&manifest));
            }
            // One that cannot be read must not hide the others.
            Err(error) if error.is_damage() || matches!(error, BackupError::Newer { .. }) => {
                table.add_row([name.clone(), error.to_string()]);
                shown.push(json!({ "name": name, "error": error.to_string() }));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if args.json { Ok(tell(json!({ "backups": shown }))?) } else { Ok(tell(table)?) }
}

fn row(manifest: &Manifest) -> [String; 7] {
    let objects = manifest.objects.as_ref().map(|objects| HumanCount(objects.objects).to_string());
    let secrets = manifest.secrets.as_ref().map_or("left out", |_| "sealed");
    [
        manifest.name.clone(),
        manifest.databases.len().to_string(),
        HumanCount(manifest.rows()).to_string(),
        objects.unwrap_or_default(),
        amount(manifest.size()),
        secrets.to_owned(),
        manifest.program.version.clone(),
    ]
}

/// What a manifest says, without the names of its pieces.
pub(crate) fn described(manifest: &Manifest) -> Value {
    let databases = manifest.databases.iter().map(|database| {
        json!({
            "name": database.name, "server": database.server, "snapshot": database.snapshot,
            "rows": database.rows, "bytes": database.dump.size,
        })
    });
    let objects = manifest.objects.as_ref().map(
        |objects| json!({ "objects": objects.objects, "bytes": objects.bytes, "damaged": objects.damaged }),
    );
    json!({
        "name": manifest.name, "begun": manifest.begun, "ended": manifest.ended, "program": manifest.program,
        "databases": databases.collect::<Vec<_>>(), "objects": objects, "bytes": manifest.size(),
        "secrets": manifest.secrets.as_ref().map(|secrets| json!({ "sealing": secrets.sealing })),
    })
}
