//! `commons etl verify`.

use clap::Args;
use serde_json::Value;

use super::{
    engine::PlaceArgs,
    run::{Bar, MakingArgs},
    source::SourceArgs,
};
use crate::{
    explorer::{Ask, ask},
    failure::Failure,
    output::{remark, tell},
    state::State,
};

/// Options of `commons etl verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// What is compared.
    #[command(flatten)]
    source: SourceArgs,
    /// Where.
    #[command(flatten)]
    place: PlaceArgs,
    /// How documents are made.
    #[command(flatten)]
    making: MakingArgs,
}

pub(super) async fn run(args: VerifyArgs) -> anyhow::Result<()> {
    let source = &args.source;
    if args.place.is_embedded() {
        let state = State::existing(&source.state.folder)?;
        if state.running()?.is_some() {
            return show(source.json, &ask(&state, Ask::Verify).await?);
        }
    }
    let dictionary = source.dictionary().await?;
    let etl = source.usable(&source.text_or_suggested(&dictionary)?, &dictionary)?;
    let work = async |place| {
        let bar = Bar::new(source.json);
        let loader = args.making.loader(etl, place)?;
        let verified = loader.verify(|index, done, all| bar.show(index, done, all)).await;
        bar.clear();
        show(source.json, &serde_json::to_value(verified?)?)
    };
    args.place.with(&source.state.folder, work).await
}

fn show(as_json: bool, verified: &Value) -> anyhow::Result<()> {
    let different = verified["different"].as_u64().unwrap_or_default();
    if as_json {
        tell(verified)?;
    } else {
        for one in verified["differences"].as_array().into_iter().flatten() {
            let field = one["field"].as_str().map(|field| format!(".{field}")).unwrap_or_default();
            let place = format!(
                "{}/{}{field}",
                one["index"].as_str().unwrap_or_default(),
                one["id"].as_str().unwrap_or_default()
            );
            tell(format_args!(
                "{place}: {} is indexed, and {} would be made",
                one["found"], one["expected"]
            ))?;
        }
        for (name, documents) in verified["documents"].as_object().into_iter().flatten() {
            remark(format_args!("{name}: {documents} documents compared"))?;
        }
    }
    if different == 0 {
        return Ok(());
    }
    let told = format!(
        "{different} documents are not what a whole run makes; `commons etl run --force` makes all anew"
    );
    Err(Failure::NotInOrder(told).into())
}
