//! `commons archive` and `commons retrieve`: the archive of the commons on this machine, or of one elsewhere,
//! over HTTP.

mod selecting;
mod shown;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};

use self::selecting::SelectorArgs;
use super::{
    op::{follow, shown as runs},
    pfb::place::{Place, PlaceArgs, limited, refused},
};
use crate::{failure::Failure, output::tell};

/// Files that a report is read by at once.
const PAGE: usize = 500;

/// Commands about the archive.
#[derive(Debug, Subcommand)]
pub enum ArchiveCommand {
    /// Copy files into the archive, read them back, and wait until that is done
    ///
    /// The exit status is 4 when some files could not be archived; the report says which.
    Run(Box<RunArgs>),
    /// Say which tiers there are, and what they have
    Status(StatusArgs),
    /// Read archived copies again, and compare them with what was put there
    Verify(Box<VerifyArgs>),
    /// Print what became of each file of a run
    Report(ReportArgs),
}

/// Commands about getting files back.
#[derive(Debug, Subcommand)]
pub enum RetrieveCommand {
    /// Bring archived files back to where they were, and wait until that is done
    ///
    /// The exit status is 4 when some files could not be brought back; the report says which.
    Run(Box<BackArgs>),
}

/// How a run is asked for.
#[derive(Debug, Clone, Args)]
pub(crate) struct AskArgs {
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for its end
    #[arg(long, conflicts_with = "dry_run")]
    detach: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Which commons.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Options of `commons archive run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  commons archive run --project MYPROG-study1 --dry-run\n  \
                        commons archive run --manifest files.json --tier cold --delete-source")]
pub struct RunArgs {
    /// Which files.
    #[command(flatten)]
    selector: SelectorArgs,
    /// The tier. Default: that of the configuration
    #[arg(long, value_name = "NAME")]
    tier: Option<String>,
    /// Delete the sources when their copies have been read back and the days of grace are over
    #[arg(long)]
    delete_source: bool,
    /// Days of grace. Default: those of the tier
    #[arg(long, value_name = "DAYS", requires = "delete_source")]
    grace_days: Option<u16>,
    /// How it is asked for.
    #[command(flatten)]
    ask: AskArgs,
}

/// Options of `commons archive verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// Which files.
    #[command(flatten)]
    selector: SelectorArgs,
    /// How it is asked for.
    #[command(flatten)]
    ask: AskArgs,
}

/// Options of `commons retrieve run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  commons retrieve run --project MYPROG-study1 --days 30")]
pub struct BackArgs {
    /// Which files.
    #[command(flatten)]
    selector: SelectorArgs,
    /// Days after which the files are in the archive only again. Default: they stay
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
    /// How it is asked for.
    #[command(flatten)]
    ask: AskArgs,
}

/// Options of `commons archive status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Which commons.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Options of `commons archive report`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// The id of the run
    id: uuid::Uuid,
    /// As JSON, a file a line, instead of a table with tabs
    #[arg(long)]
    json: bool,
    /// Which commons.
    #[command(flatten)]
    place: PlaceArgs,
}

pub(crate) async fn archive(command: ArchiveCommand) -> anyhow::Result<()> {
    match command {
        ArchiveCommand::Run(args) => {
            let mut order = args.selector.order()?;
            order.extend(args.tier.map(|tier| ("tier".to_owned(), json!(tier))));
            if args.delete_source {
                order.insert("delete_source".to_owned(), json!("after_verification"));
            }
            order.extend(args.grace_days.map(|days| ("grace_days".to_owned(), json!(days))));
            begin("archive", order, &args.ask).await
        }
        ArchiveCommand::Verify(args) => begin("verify", args.selector.order()?, &args.ask).await,
        ArchiveCommand::Status(args) => {
            let told = args.place.open().await?.get("/ops/v1/archive").await?;
            show(&told, args.json, shown::status)
        }
        ArchiveCommand::Report(args) => report(args).await,
    }
}

pub(crate) async fn retrieve(command: RetrieveCommand) -> anyhow::Result<()> {
    let RetrieveCommand::Run(args) = command;
    let mut order = args.selector.order()?;
    order.extend(args.days.map(|days| ("days".to_owned(), json!(days))));
    begin("retrieve", order, &args.ask).await
}

async fn begin(kind: &str, mut order: Map<String, Value>, ask: &AskArgs) -> anyhow::Result<()> {
    let place = ask.place.open().await?;
    order.insert("dry_run".to_owned(), json!(ask.dry_run));
    let told = place.send_json(Method::POST, &format!("/ops/v1/{kind}"), &Value::Object(order)).await?;
    if ask.dry_run {
        return show(&told, ask.json, shown::plan);
    }
    let id = told["id"].as_str().ok_or_else(|| anyhow::anyhow!("the answer has no id of a run"))?;
    if ask.detach {
        return show(&told, ask.json, runs::run);
    }
    let ended = follow::end(&place, id, ask.json).await?;
    show(&ended, ask.json, runs::run)?;
    if ended["state"] == "succeeded" {
        return Ok(());
    }
    let why = ended["error"].as_str().unwrap_or("see its log");
    Err(Failure::NotInOrder(format!("{why}; `commons archive report {id}` has all files")).into())
}

async fn report(args: ReportArgs) -> anyhow::Result<()> {
    let place = args.place.open().await?;
    let path = format!("/ops/v1/runs/{}/report", args.id);
    if !args.json {
        return table(&place, &format!("{path}?format=tsv")).await;
    }
    let mut after = String::new();
    loop {
        let page = place.get(&format!("{path}?size={PAGE}{after}")).await?;
        for file in page["files"].as_array().into_iter().flatten() {
            tell(file)?;
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(()),
        }
    }
}

/// Passes a table on while it comes.
async fn table(place: &Place, path: &str) -> anyhow::Result<()> {
    use std::io::Write as _;

    let mut answer = place.send(Method::GET, path, |request| request).await?;
    let status = answer.status();
    if !status.is_success() {
        return Err(refused(path, status, &limited(answer).await?));
    }
    let mut output = std::io::stdout().lock();
    while let Some(piece) = answer.chunk().await? {
        output.write_all(&piece)?;
    }
    Ok(output.flush()?)
}

fn show(told: &Value, json: bool, words: impl FnOnce(&Value) -> String) -> anyhow::Result<()> {
    Ok(if json { tell(told) } else { tell(words(told)) }?)
}
