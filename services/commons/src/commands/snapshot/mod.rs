//! `commons snapshot`: records of one commons for another one, without what tells who they are of.

mod adopt;
mod create;
mod list;
mod publish;
mod shelf;

use clap::Subcommand;

/// Commands about snapshots.
#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// Make a snapshot of the records of a commons: what rules say is left out, replaced by pseudonyms, or
    /// shifted in time
    ///
    /// All ids are replaced. The same key makes the same pseudonyms, so that later snapshots can be compared
    /// with earlier ones, and a stage that adopts one after another updates its records.
    Create(create::CreateArgs),
    /// List the snapshots of a place
    List(list::ListArgs),
    /// Copy a snapshot to another place, where it can be adopted. One that is there is never changed
    Publish(publish::PublishArgs),
    /// Bring the records of a snapshot into a commons
    ///
    /// Its projects are made if they are not there, and each is one submission, with all checks of the
    /// dictionary.
    Adopt(adopt::AdoptArgs),
}

pub(crate) async fn run(command: SnapshotCommand) -> anyhow::Result<()> {
    match command {
        SnapshotCommand::Create(args) => create::run(args).await,
        SnapshotCommand::List(args) => list::run(args).await,
        SnapshotCommand::Publish(args) => publish::run(args).await,
        SnapshotCommand::Adopt(args) => adopt::run(args).await,
    }
}
