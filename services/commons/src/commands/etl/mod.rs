//! `commons etl`.

mod checks;
mod engine;
mod init;
mod peers;
mod plan;
mod run;
mod shards;
mod source;
mod status;
mod validate;
mod verify;
mod watch;

use clap::Subcommand;

/// Commands about the flat documents of the data explorer.
#[derive(Debug, Subcommand)]
pub enum EtlCommand {
    /// Write an etlMapping.yaml and a configuration of guppy that fit the dictionary
    Init(init::InitArgs),
    /// Check an etlMapping.yaml against the dictionary, and print every problem with its place and remedy
    ///
    /// Errors keep the mapping from being run, and make the exit status 4. Warnings do not: they name what
    /// nobody reads and what the dictionary does not have. With guppy's configuration, or the portal's, also
    /// names are found that do not agree with the mapping.
    Validate(validate::ValidateArgs),
    /// Print what a run would read and write: the fields of each index, and the statements
    Plan(plan::PlanArgs),
    /// Make the documents of all indices: in a search engine, or as files
    ///
    /// New indices are filled beside those that are served, and come into their place in one step. If
    /// something fails, or the program is killed, the old ones are still served, and the next run takes away
    /// what was left.
    Run(run::RunArgs),
    /// Show what the search engine has, of which time it is, and whether there are newer submissions
    Status(status::StatusArgs),
    /// Keep the indices as the graph is: after a submission only what it touches is made again
    Watch(watch::WatchArgs),
    /// Make all documents again, and compare each with what the search engine has
    Verify(verify::VerifyArgs),
}

pub(crate) async fn run(command: EtlCommand) -> anyhow::Result<()> {
    match command {
        EtlCommand::Init(args) => init::run(args).await,
        EtlCommand::Validate(args) => validate::run(args).await,
        EtlCommand::Plan(args) => plan::run(args).await,
        EtlCommand::Run(args) => run::run(args).await,
        EtlCommand::Status(args) => status::run(args).await,
        EtlCommand::Watch(args) => watch::run(args).await,
        EtlCommand::Verify(args) => verify::run(args).await,
    }
}
