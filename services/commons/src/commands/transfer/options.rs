//! Options that both commands have.

use std::num::NonZeroU64;

use clap::Args;

use super::{amounts, report::Reader, who::WhoArgs};

/// How fast.
#[derive(Debug, Clone, Args)]
pub(crate) struct SpeedArgs {
    /// Connections at the same time, for files and parts of files together
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 8,
        value_parser = clap::value_parser!(u16).range(1..=256)
    )]
    pub(crate) parallel: u16,
    /// At most so many bytes a second, such as 500K or 20M (1 K is 1024 bytes)
    #[arg(long, value_name = "BYTES", value_parser = amounts::rate)]
    pub(crate) rate: Option<NonZeroU64>,
}

/// What both commands have.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// Say what would be moved, and move nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// One line of JSON for each file
    #[arg(long)]
    pub(crate) json: bool,
    /// How fast.
    #[command(flatten)]
    pub(crate) speed: SpeedArgs,
    /// Which commons.
    #[command(flatten)]
    pub(crate) who: WhoArgs,
}

impl RunArgs {
    pub(super) fn reader(&self) -> Reader {
        if self.json { Reader::Programs } else { Reader::People }
    }
}
