//! Which folder of objects is meant.

use std::path::PathBuf;

use clap::Args;

use crate::{
    failure::Failure,
    state::{State, StateArgs},
};

/// Which folder of objects is meant.
#[derive(Debug, Clone, Args)]
pub(super) struct FolderArgs {
    /// Where everything is kept.
    #[command(flatten)]
    state: StateArgs,
    /// A folder of objects that is not in a state folder
    #[arg(long, value_name = "DIR")]
    objects: Option<PathBuf>,
}

impl FolderArgs {
    /// # Errors
    /// When it is not one.
    pub(super) fn folder(&self) -> anyhow::Result<PathBuf> {
        let folder = match &self.objects {
            Some(folder) => folder.clone(),
            None => State::existing(&self.state.folder)?.path("objects"),
        };
        if folder.join(".objects").is_dir() {
            return Ok(folder);
        }
        let told = format!(
            "{} has no objects in the form of this version; `commons up` takes an earlier form over when it \
             starts",
            folder.display()
        );
        Err(Failure::Prerequisite(told).into())
    }
}
