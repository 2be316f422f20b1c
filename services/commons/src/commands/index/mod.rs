//! `commons index`: the file index.

mod export;
mod load;
pub(crate) mod manifest;
mod migrate;
mod remote;
pub(crate) mod scan;

use clap::Subcommand;

/// Commands about the file index.
#[derive(Debug, Subcommand)]
pub enum IndexCommand {
    /// Create the records of a manifest, or bring those that there are to what it says
    Load(load::LoadArgs),
    /// Write records of the index into a manifest
    Export(export::ExportArgs),
    /// Move all records from one layout of the original's tables into the other
    Migrate(migrate::IndexMigrateArgs),
    /// Look through a bucket: fill the records of uploads that are blank, and find objects without a record.
    /// Exit status 4 when some are left. It can be broken off and begun again
    Scan(scan::ScanArgs),
}

pub(crate) async fn run(command: IndexCommand) -> anyhow::Result<()> {
    match command {
        IndexCommand::Load(args) => load::run(args).await,
        IndexCommand::Export(args) => export::run(args).await,
        IndexCommand::Migrate(args) => migrate::run(args).await,
        IndexCommand::Scan(args) => scan::run(args).await,
    }
}
