//! `commons etl`.

mod plan;
mod run;
mod source;
mod validate;

use clap::Subcommand;

/// Commands about the flat documents of the data explorer.
#[derive(Debug, Subcommand)]
pub enum EtlCommand {
    /// Check an etlMapping.yaml against the dictionary, and print every problem with its place and remedy
    ///
    /// Errors keep the mapping from being run, and make the exit status 4. Warnings do not: they name what
    /// nobody reads and what the dictionary does not have.
    Validate(validate::ValidateArgs),
    /// Print what a run would read and write: the fields of each index, and the statements
    Plan(plan::PlanArgs),
    /// Make the documents of all indices, as files
    Run(run::RunArgs),
}

pub(crate) async fn run(command: EtlCommand) -> anyhow::Result<()> {
    match command {
        EtlCommand::Validate(args) => validate::run(args).await,
        EtlCommand::Plan(args) => plan::run(args).await,
        EtlCommand::Run(args) => run::run(args).await,
    }
}
