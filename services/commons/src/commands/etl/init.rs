//! `commons etl init`.

use std::{fs::OpenOptions, io::Write as _, path::PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::{
    dictionaries,
    output::remark,
    state::{State, StateArgs},
};

/// Options of `commons etl init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// The folder for etlMapping.yaml and guppy_config.json.
    #[arg(value_name = "FOLDER", default_value = ".")]
    into: PathBuf,
    /// Data dictionary. Default: the one that the commons last ran with, or the built-in one.
    #[arg(long, value_name = "DIR|FILE|URL")]
    dictionary: Option<String>,
    /// What the names of the indices begin with. It must not have a `_`: what is before the first one is
    /// shared.
    #[arg(long, value_name = "NAME", default_value = "commons", value_parser = prefix)]
    prefix: String,
    /// Replace files that are there.
    #[arg(long, short = 'f')]
    force: bool,
    /// Where everything is kept.
    #[command(flatten)]
    state: StateArgs,
}

fn prefix(text: &str) -> Result<String, String> {
    let is_name = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    is_name
        .then(|| text.to_owned())
        .ok_or_else(|| "use small letters, digits and `-`, and begin with a letter".to_owned())
}

pub(super) async fn run(args: InitArgs) -> anyhow::Result<()> {
    let last = State::untouched(&args.state.folder).map(|state| state.last_run()).transpose()?.flatten();
    let source = args.dictionary.clone().or(last.and_then(|run| run.dictionary));
    let dictionary = dictionaries::load(source.as_deref()).await?;
    let suggested = tube::suggest(&dictionary, &args.prefix)
        .context("the dictionary has no type below projects that could be searched for")?;
    std::fs::create_dir_all(&args.into).with_context(|| format!("{} cannot be made", args.into.display()))?;
    for (name, text) in [("etlMapping.yaml", &suggested.mapping), ("guppy_config.json", &suggested.guppy)] {
        let path = args.into.join(name);
        let mut options = OpenOptions::new();
        let options = if args.force { options.create(true).truncate(true) } else { options.create_new(true) };
        let mut file = options
            .write(true)
            .open(&path)
            .with_context(|| format!("{} cannot be made (--force replaces files)", path.display()))?;
        file.write_all(text.as_bytes())?;
        remark(format_args!("wrote {}", path.display()))?;
    }
    Ok(())
}
