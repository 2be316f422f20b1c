//! Which mapping, and which dictionary.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use dictionary::Dictionary;
use tube::{Etl, Form, Problem};

use crate::{
    dictionaries,
    failure::{Failure, warn},
    state::{State, StateArgs},
};

/// At most this many problems are told; whoever mends them sees the next ones.
const TOLD: usize = 100;

/// Which mapping, and which dictionary.
#[derive(Debug, Clone, Args)]
pub(super) struct SourceArgs {
    /// The mapping.
    #[arg(value_name = "FILE", default_value = "etlMapping.yaml")]
    pub(super) mapping: PathBuf,
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
        std::fs::read_to_string(&self.mapping)
            .with_context(|| format!("{} cannot be read", self.mapping.display()))
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
            Failure::NotInOrder(format!("{} cannot be used:\n{}", self.mapping.display(), lines(&problems)))
        })?;
        if !etl.warnings.is_empty() && !self.json {
            warn(&format!("{}:\n{}", self.mapping.display(), lines(&etl.warnings)));
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
