//! `commons backup`.

mod databases;
mod list;
mod making;
mod objects;
mod place;
mod progress;
mod prune;
mod run;
pub(super) mod sealing;
mod secrets;
mod source;
mod verify;

use clap::Subcommand;

pub(super) use databases::{called, complaints, ended, rows};
pub(crate) use list::described;
pub(crate) use making::{Making, pruned};
pub(super) use place::PlaceArgs;
pub(crate) use place::{place_at, require_outside};
pub(super) use progress::Progress;
pub(crate) use progress::{Told, amount};
pub(crate) use sealing::seal_of;
pub(super) use secrets::{CONFIGURATION, OPTIONS, RUN};
pub(crate) use source::Source;
pub(crate) use verify::Reading;

/// Commands about backups.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Make a backup: all databases, keys and secrets, configuration, dictionary, and the objects of the
    /// embedded store. The commons may run meanwhile
    Run(Box<run::RunArgs>),
    /// List the backups of a place
    List(list::ListArgs),
    /// Read backups and compare all that they have with its digests. Exit status 4 when something is damaged
    Verify(verify::VerifyArgs),
    /// Delete old backups, and what killed ones have left
    Prune(prune::PruneArgs),
}

pub(crate) async fn run(command: BackupCommand) -> anyhow::Result<()> {
    match command {
        BackupCommand::Run(args) => run::run(*args).await,
        BackupCommand::List(args) => list::run(args).await,
        BackupCommand::Verify(args) => verify::run(args).await,
        BackupCommand::Prune(args) => prune::run(args).await,
    }
}
