//! Other configurations that must agree with a mapping.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;
use tube::{Etl, Problem, agreement};

/// Other configurations that must agree with the mapping.
#[derive(Debug, Clone, Args)]
pub(super) struct OtherArgs {
    /// guppy's configuration file: its indices, types and fields must be those of the mapping.
    #[arg(long, value_name = "FILE")]
    guppy_config: Option<PathBuf>,
    /// The portal's configuration, gitops.json or explorer.json: fields of its explorer must be those of the
    /// mapping.
    #[arg(long, value_name = "FILE")]
    portal_config: Option<PathBuf>,
}

impl OtherArgs {
    /// The problems of each file.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(super) fn check(&self, etl: &Etl) -> anyhow::Result<Vec<(PathBuf, Vec<Problem>)>> {
        let mut found = Vec::new();
        if let Some(file) = &self.guppy_config {
            found.push((file.clone(), agreement::guppy(&json(file)?, etl)));
        }
        if let Some(file) = &self.portal_config {
            found.push((file.clone(), agreement::portal(&json(file)?, etl)));
        }
        Ok(found)
    }
}

fn json(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}
