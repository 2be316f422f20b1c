//! `commons export pfb` and `commons import pfb`: records of any commons as a file of other programs, and
//! back.

mod answer;
mod cohort;
mod convert;
mod export;
mod import;
mod items;
mod order;
pub(super) mod place;
mod record;
mod remote;
mod source;
mod spool;
mod told;
mod writing;

use clap::Subcommand;

pub(super) use export::{Bar, bar};
pub(super) use import::{ImportArgs, submitted};
pub(super) use place::PlaceArgs;
pub(crate) use record::Record;
pub(crate) use source::{Reading, Source};
pub(crate) use told::Told;
pub(crate) use writing::{Misfits, Named, Way, root, write};

/// Commands that write a file.
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Write a PFB: an Avro file with the data model, the nodes and what they are linked to
    ///
    /// Without --project, all projects that can be read. Programs and projects are in the file too.
    Pfb(export::ExportArgs),
}

/// Commands that read a file.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Submit the records of a PFB, parents before children
    ///
    /// Each project is one submission, of which all is written or nothing. Records that are there already are
    /// updated, so that an import can be done again.
    Pfb(import::ImportArgs),
}

pub(crate) async fn export(command: ExportCommand) -> anyhow::Result<()> {
    let ExportCommand::Pfb(args) = command;
    export::run(args).await
}

pub(crate) async fn import(command: ImportCommand) -> anyhow::Result<()> {
    let ImportCommand::Pfb(args) = command;
    import::run(args).await
}
