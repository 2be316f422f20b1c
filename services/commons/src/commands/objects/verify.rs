//! `commons objects verify`.

use clap::Args;
use objectstore::verify::{self, Damage, Event, Options, Report};
use serde_json::json;

use super::{
    folder::FolderArgs,
    progress::{Progress, amount},
};
use crate::{
    failure::{Failure, warn},
    output::{remark, tell},
};

/// Damaged objects that are named in an answer as JSON; all of them are told of on standard error.
const NAMED: usize = 1000;
const MIB: u64 = 1024 * 1024;

/// Options of `commons objects verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// Which folder.
    #[command(flatten)]
    folder: FolderArgs,
    /// Read at most so many MiB a second, to leave the disk to others. Default: no limit
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Begin anew, instead of going on where the last one was stopped
    #[arg(long)]
    anew: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: VerifyArgs) -> anyhow::Result<()> {
    let folder = args.folder.folder()?;
    let options = Options { rate: args.rate.map(|rate| u64::from(rate) * MIB), anew: args.anew };
    let json = args.json;
    let work = move || {
        let (progress, mut named) = (Progress::new(json), Vec::new());
        let report = verify::run(&folder, options, |event| match event {
            Event::Progress(report) => progress.tell(report.objects, report.bytes),
            Event::Damaged(damage) => {
                progress.line(&told(damage));
                if named.len() < NAMED {
                    named.push(damage.clone());
                }
            }
        });
        progress.finish();
        report.map(|report| (report, named))
    };
    // What blocks must not hold up Ctrl-C: the program ends, and the next one goes on.
    let (report, named) = tokio::task::spawn_blocking(work).await??;
    if json {
        let Report { objects, bytes, without_digest, damaged } = report;
        tell(json!({
            "objects": objects, "bytes": bytes, "without_digest": without_digest, "damaged": damaged,
            "damage": named,
        }))?;
    } else {
        remark(format_args!("{} are as they were", amount(report.objects - report.damaged, report.bytes)))?;
        if report.without_digest > 0 {
            warn(&format!(
                "{} of them came in parts to an earlier version, which kept no digest: only their size was \
                 compared",
                report.without_digest
            ));
        }
    }
    if report.damaged == 0 {
        return Ok(());
    }
    let told = format!("{} objects are damaged; bring their files back from a backup", report.damaged);
    Err(Failure::NotInOrder(told).into())
}

fn told(damage: &Damage) -> String {
    let key = damage.key.as_deref().unwrap_or("an object whose key cannot be read");
    format!("damaged: {}/{key}: {} ({})", damage.bucket, damage.what, damage.file.display())
}
