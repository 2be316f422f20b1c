//! `commons objects export`.

use std::path::PathBuf;

use clap::Args;
use objectstore::export::{self, Event, Versions};
use serde_json::json;

use super::{
    folder::FolderArgs,
    progress::{Progress, amount},
};
use crate::{
    failure::Failure,
    output::{remark, tell},
};

/// Options of `commons objects export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// The folder that the files are written into; it is made if it is missing. Files that are there already
    /// are left, so that a second export writes what is new. objects.tsv lists which file is which object
    #[arg(value_name = "FOLDER")]
    target: PathBuf,
    /// Which folder of objects.
    #[command(flatten)]
    folder: FolderArgs,
    /// Also the versions that are not the current ones, below BUCKET%versions. objects.tsv has a column
    /// with the version then
    #[arg(long)]
    versions: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: ExportArgs) -> anyhow::Result<()> {
    let folder = args.folder.folder()?;
    let (json, target) = (args.json, args.target);
    let shown = target.display().to_string();
    let versions = if args.versions { Versions::All } else { Versions::Current };
    let work = move || {
        let progress = Progress::new(json);
        let report = export::run(&folder, &target, versions, |event| match event {
            Event::Progress(report) => progress.tell(report.objects, report.bytes),
            Event::Damaged { bucket, key } => {
                let key = key.unwrap_or("an object whose key cannot be read");
                progress.line(&format!("damaged, and not written: {bucket}/{key}"));
            }
        });
        progress.finish();
        report
    };
    let report = tokio::task::spawn_blocking(work).await??;
    if json {
        tell(json!(report))?;
    } else {
        let new = report.objects - report.unchanged;
        remark(format_args!("{} are in {shown}, {new} of them new", amount(report.objects, report.bytes)))?;
    }
    if report.damaged == 0 {
        return Ok(());
    }
    let told = format!("{} objects are damaged and were not written", report.damaged);
    Err(Failure::NotInOrder(told).into())
}
