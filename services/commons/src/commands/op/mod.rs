//! `commons op`: operations of the commons on this machine, or of one elsewhere, over HTTP.

pub(super) mod follow;
pub(super) mod shown;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};

use self::follow::RUNS;
use super::pfb::place::{Place, PlaceArgs};
use crate::{failure::Failure, output::tell};

/// Commands about operations.
#[derive(Debug, Subcommand)]
pub enum OpCommand {
    /// Say what can be done
    Kinds(PlainArgs),
    /// Ask for a run, and wait until it has ended
    ///
    /// The exit status is 4 when the run failed or was canceled.
    Run(RunArgs),
    /// List runs, the newest first
    List(ListArgs),
    /// Show a run
    Show(OneArgs),
    /// Print the log of a run
    Logs(LogsArgs),
    /// End a run that waits or is being done
    Cancel(OneArgs),
    /// Ask for a run like one that has ended
    Retry(OneArgs),
}

/// Options of commands without others.
#[derive(Debug, Clone, Args)]
pub struct PlainArgs {
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Which commons.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Options of `commons op run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// What is to be done, as `commons op kinds` names it
    kind: String,
    /// A parameter; a value that is JSON counts as such. May be given several times
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    params: Vec<(String, Value)>,
    /// Do not wait for its end
    #[arg(long)]
    detach: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Which commons.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Options of `commons op list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Only of this kind
    #[arg(long)]
    kind: Option<String>,
    /// Only in this state; may be given several times
    #[arg(
        long,
        value_name = "STATE",
        value_parser = ["queued", "running", "succeeded", "failed", "canceled"]
    )]
    status: Vec<String>,
    /// How many
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 20,
        value_parser = clap::value_parser!(u32).range(1..=500)
    )]
    limit: u32,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Which commons.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Options of commands about one run.
#[derive(Debug, Clone, Args)]
pub struct OneArgs {
    /// The id of the run
    id: uuid::Uuid,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Which commons.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Options of `commons op logs`.
#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// The id of the run
    id: uuid::Uuid,
    /// Go on until the run has ended
    #[arg(long, short)]
    follow: bool,
    /// Which commons.
    #[command(flatten)]
    place: PlaceArgs,
}

/// `name=value`.
fn parameter(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("a parameter is NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}

pub(crate) async fn run(command: OpCommand) -> anyhow::Result<()> {
    match command {
        OpCommand::Kinds(args) => {
            let told = args.place.open().await?.get("/ops/v1/kinds").await?;
            show(&told, args.json, shown::kinds)
        }
        OpCommand::Run(args) => begin(args).await,
        OpCommand::List(args) => list(args).await,
        OpCommand::Show(args) => {
            let run = args.place.open().await?.get(&format!("{RUNS}/{}", args.id)).await?;
            show(&run, args.json, shown::run)
        }
        OpCommand::Logs(args) => {
            let place = args.place.open().await?;
            follow::log(&place, &args.id.to_string(), args.follow).await
        }
        OpCommand::Cancel(args) => change(args, "cancel").await,
        OpCommand::Retry(args) => change(args, "retry").await,
    }
}

async fn begin(args: RunArgs) -> anyhow::Result<()> {
    let place = args.place.open().await?;
    let params: Map<String, Value> = args.params.into_iter().collect();
    let run = place.send_json(Method::POST, RUNS, &json!({ "kind": args.kind, "params": params })).await?;
    if args.detach {
        return show(&run, args.json, shown::run);
    }
    let ended = follow::end(&place, &id(&run)?, args.json).await?;
    show(&ended, args.json, shown::run)?;
    match ended["state"].as_str() {
        Some("succeeded") => Ok(()),
        state => {
            let why = ended["error"].as_str().unwrap_or("see its log");
            let told = format!("the run {}: {why}", state.unwrap_or("has no state"));
            Err(Failure::NotInOrder(told).into())
        }
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let place = args.place.open().await?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("size", &args.limit.to_string());
    for (name, value) in
        args.kind.iter().map(|kind| ("kind", kind)).chain(args.status.iter().map(|s| ("state", s)))
    {
        query.append_pair(name, value);
    }
    let runs = place.get(&format!("{RUNS}?{}", query.finish())).await?;
    show(&runs, args.json, shown::runs)
}

async fn change(args: OneArgs, what: &str) -> anyhow::Result<()> {
    let place: Place = args.place.open().await?;
    let run = place.send_json(Method::POST, &format!("{RUNS}/{}/{what}", args.id), &json!({})).await?;
    show(&run, args.json, shown::run)
}

fn id(run: &Value) -> anyhow::Result<String> {
    run["id"].as_str().map(str::to_owned).ok_or_else(|| anyhow::anyhow!("the answer has no id of a run"))
}

fn show(told: &Value, json: bool, words: impl FnOnce(&Value) -> String) -> anyhow::Result<()> {
    Ok(if json { tell(told) } else { tell(words(told)) }?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_where_they_can_be() {
        assert_eq!(parameter("force=true").unwrap(), ("force".to_owned(), json!(true)));
        assert_eq!(parameter("a=x=y").unwrap(), ("a".to_owned(), json!("x=y")));
        assert!(parameter("force").is_err());
    }
}
