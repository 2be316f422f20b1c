//! `commons etl watch`.

use std::time::Duration;

use anyhow::bail;
use clap::Args;
use tube::{Followed, LoadError};

use super::{engine::PlaceArgs, run::MakingArgs, source::SourceArgs};
use crate::{
    failure::{message, warn},
    output::{remark, tell},
    state::State,
};

/// Options of `commons etl watch`.
#[derive(Debug, Clone, Args)]
pub struct WatchArgs {
    /// What is kept.
    #[command(flatten)]
    source: SourceArgs,
    /// Where.
    #[command(flatten)]
    place: PlaceArgs,
    /// How documents are made.
    #[command(flatten)]
    making: MakingArgs,
    /// Seconds between two looks at the graph.
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    interval: u64,
    /// Bring the indices to where the graph is, and end.
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(args: WatchArgs) -> anyhow::Result<()> {
    let source = &args.source;
    if args.place.is_embedded() && State::existing(&source.state.folder)?.running()?.is_some() {
        bail!("the running commons keeps its indices by itself");
    }
    let dictionary = source.dictionary().await?;
    let etl = source.usable(&source.text_or_suggested(&dictionary)?, &dictionary)?;
    let work = async |place| {
        let loader = args.making.loader(etl, place)?;
        let mut since = None;
        loop {
            let followed = loader.follow(&mut since).await;
            if args.once {
                return show(source.json, &followed?);
            }
            match followed {
                Ok(followed) => show(source.json, &followed)?,
                // Somebody else does it now.
                Err(LoadError::Busy(_)) => {}
                Err(error) => warn(&format!("{}; trying again", message(&error.into()))),
            }
            tokio::time::sleep(Duration::from_secs(args.interval.max(1))).await;
        }
    };
    args.place.with(&source.state.folder, work).await
}

fn show(as_json: bool, followed: &Followed) -> anyhow::Result<()> {
    if as_json {
        if *followed != Followed::Nothing {
            tell(serde_json::to_string(followed)?)?;
        }
        return Ok(());
    }
    match followed {
        Followed::Nothing => {}
        Followed::Updated { roots, documents } => {
            let roots: Vec<String> = roots.iter().map(|(name, roots)| format!("{roots} of {name}")).collect();
            remark(format_args!("{documents} documents made again, for roots: {}", roots.join(", ")))?;
        }
        Followed::Rebuilt { .. } => remark("all documents were made anew")?,
    }
    Ok(())
}
