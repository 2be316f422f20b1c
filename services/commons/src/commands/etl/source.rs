//! Which mapping, and which dictionary.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dictionary::Dictionary;
use tube::{Etl, Form, Problem};

use super::engine::found;
use crate::{
    dictionaries,
    explorer::Source,
    failure::{Failure, warn},
    state::{State, StateArgs},
};

/// The mapping's usual name.
const MAPPING: &str = "etlMapping.yaml";
/// At most this many problems are told; whoever mends them sees the next ones.
const TOLD: usize = 100;

/// Which mapping, and which dictionary.
#[derive(Debug, Clone, Args)]
pub(super) struct SourceArgs {
    /// The mapping. Default: etlMapping.yaml in the current folder or where the original looks for it
    /// ($XDG_DATA_HOME/gen3/tube, /usr/share/gen3/tube, /var/www/tube, /gen3/tube).
    #[arg(value_name = "FILE")]
    pub(super) mapping: Option<PathBuf>,
    /// Data dictionary. Default: the one that the commons last ran with, or the built-in one.
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub(super) dictionary: Option<String>,
    /// Make the same slips as the original program, tube, for who has to compare the two.
    #[arg(long)]
    pub(super) compat: bool,
    /// As JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Where everything is kept.
    #[command(flatten)]
    pub(super) state: StateArgs,
}

impl SourceArgs {
    fn form(&self) -> Form {
        if self.compat { Form::Compat } else { Form::Right }
    }

    /// The text of the mapping.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn text(&self) -> anyhow::Result<String> {
        let file = self.file();
        std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))
    }

    /// Where the mapping is.
    pub(super) fn file(&self) -> PathBuf {
        let here = PathBuf::from(MAPPING);
        match &self.mapping {
            Some(file) => file.clone(),
            None if here.is_file() => here,
            None => found(MAPPING).unwrap_or(here),
        }
    }

    /// The text of the mapping; where none is named and none is there, what `etl init` would write.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn text_or_suggested(&self, dictionary: &Dictionary) -> anyhow::Result<String> {
        if self.mapping.is_none() && !self.file().is_file() {
            let suggested = Source::suggested(dictionary).context("the dictionary has nothing to search")?;
            return Ok(suggested.mapping);
        }
        self.text()
    }

    /// The dictionary that is named, or that of the state folder, or the built-in one.
    ///
    /// # Errors
    /// When it cannot be read or used.
    pub(super) async fn dictionary(&self) -> anyhow::Result<Dictionary> {
        if self.dictionary.is_some() {
            return dictionaries::load(self.dictionary.as_deref()).await;
        }
        let state = State::untouched(&self.state.folder);
        let last = state.map(|state| state.last_run()).transpose()?.flatten();
        dictionaries::load(last.and_then(|run| run.dictionary).as_deref()).await
    }

    /// The mapping with its names looked up, or all problems.
    pub(super) fn read(&self, text: &str, dictionary: &Dictionary) -> Result<Etl, Vec<Problem>> {
        Etl::read(text, dictionary, self.form())
    }

    /// The same, where problems are a failure and warnings are told of.
    ///
    /// # Errors
    /// The problems, one a line.
    pub(super) fn usable(&self, text: &str, dictionary: &Dictionary) -> anyhow::Result<Etl> {
        let etl = self.read(text, dictionary).map_err(|problems| {
            Failure::NotInOrder(format!("{} cannot be used:\n{}", self.file().display(), lines(&problems)))
        })?;
        if !etl.warnings.is_empty() && !self.json {
            warn(&format!("{}:\n{}", self.file().display(), lines(&etl.warnings)));
        }
        Ok(etl)
    }
}

/// The first problems, one a line, and how many more there are.
pub(super) fn lines(problems: &[Problem]) -> String {
    let mut lines: Vec<String> = problems.iter().take(TOLD).map(ToString::to_string).collect();
    if let Some(more @ 1..) = problems.len().checked_sub(TOLD) {
        lines.push(format!("and {more} more; mend these first"));
    }
    lines.join("\n")
}
