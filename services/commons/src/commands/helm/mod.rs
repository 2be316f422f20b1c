//! `commons helm`: values of charts.

mod convert;
mod gen3;

use clap::Subcommand;

pub(crate) use convert::{merge, shown, told, translated, write};

pub(crate) use super::placed::Overwrite;

/// Commands about charts for Kubernetes.
#[derive(Debug, Subcommand)]
pub enum HelmCommand {
    /// Make values of this program's chart of those of gen3-helm
    ///
    /// Values are printed, and written into a folder with the files of Secrets and ConfigMaps and a script
    /// that makes these. What is left out is told with its reason. Nothing is changed in a cluster.
    Convert(convert::ConvertArgs),
}

pub(crate) fn run(command: HelmCommand) -> anyhow::Result<()> {
    match command {
        HelmCommand::Convert(args) => convert::run(&args),
    }
}
