//! `commons etl status`.

use clap::Args;
use serde_json::Value;

use super::{engine::PlaceArgs, run::MakingArgs, source::SourceArgs};
use crate::{
    explorer::{Ask, ask},
    output::tell,
    state::State,
};

/// Options of `commons etl status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// What is looked at.
    #[command(flatten)]
    source: SourceArgs,
    /// Where.
    #[command(flatten)]
    place: PlaceArgs,
    /// How documents are made, on which depends whether they are up to date.
    #[command(flatten)]
    making: MakingArgs,
}

pub(super) async fn run(args: StatusArgs) -> anyhow::Result<()> {
    let source = &args.source;
    if args.place.is_embedded() {
        let state = State::existing(&source.state.folder)?;
        if state.running()?.is_some() {
            return show(source.json, &ask(&state, Ask::Status).await?);
        }
    }
    let dictionary = source.dictionary().await?;
    let etl = source.usable(&source.text_or_suggested(&dictionary)?, &dictionary)?;
    let work = async |place| {
        let status = args.making.loader(etl, place)?.status().await?;
        show(source.json, &serde_json::to_value(status)?)
    };
    args.place.with(&source.state.folder, work).await
}

fn show(as_json: bool, status: &Value) -> anyhow::Result<()> {
    if as_json {
        return Ok(tell(status)?);
    }
    let word = |value: &Value| value.as_str().map_or_else(|| "none".to_owned(), str::to_owned);
    for index in status["indices"].as_array().into_iter().flatten() {
        let (name, documents) = (word(&index["name"]), &index["documents"]);
        match index["index"].as_str() {
            Some(served) => {
                tell(format_args!(
                    "{name}: {documents} documents as of {} ({served})",
                    word(&index["as_of"])
                ))?;
            }
            None => tell(format_args!("{name}: not there"))?,
        }
    }
    tell(format_args!("newest submission: {}", word(&status["newest"])))?;
    match &status["needed"] {
        Value::Null => tell("the indices have everything")?,
        why => tell(format_args!("a run is needed: {}", why.to_string().replace(['"', '{', '}'], "")))?,
    }
    Ok(())
}
