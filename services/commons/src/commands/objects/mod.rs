//! `commons objects`.

mod export;
mod folder;
mod progress;
mod serve;
mod verify;

use clap::Subcommand;

/// Commands about the embedded object store.
#[derive(Debug, Subcommand)]
pub enum ObjectsCommand {
    /// Read all objects and compare them with their digests. It may be done while the commons runs, can be
    /// stopped at any moment, and goes on where it was stopped. Exit status 4 when an object is damaged
    Verify(verify::VerifyArgs),
    /// Write all objects as plain files, named by their keys, into a folder
    Export(export::ExportArgs),
    /// Serve a folder as an S3 endpoint, without a commons
    Serve(serve::ServeArgs),
}

pub(crate) async fn run(command: ObjectsCommand) -> anyhow::Result<()> {
    match command {
        ObjectsCommand::Verify(args) => verify::run(args).await,
        ObjectsCommand::Export(args) => export::run(args).await,
        ObjectsCommand::Serve(args) => serve::run(args).await,
    }
}
