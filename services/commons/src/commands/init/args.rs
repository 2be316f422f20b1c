//! What `commons init` is told.

use std::path::PathBuf;

use clap::Args;

use super::{
    choices::{Integration, Preset, StartingPoint},
    names,
};

/// Options of `commons init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// The folder for what is written.
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub(super) into: PathBuf,
    /// Where the commons is to run.
    #[arg(long, value_enum)]
    pub(super) path: Option<StartingPoint>,
    /// What it is joined to.
    #[arg(long, value_enum)]
    pub(super) integration: Option<Integration>,
    /// The name by which users reach it, such as commons.example.org.
    #[arg(long, value_name = "NAME", value_parser = names::host)]
    pub(super) hostname: Option<String>,
    /// Port of `commons up`.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: Option<u16>,
    /// Where user.yaml is: a file, a folder or git checkout, https://, s3://,
    /// git+https://HOST/REPOSITORY#BRANCH:PATH, or OWNER/REPOSITORY at GitHub.
    #[arg(long, value_name = "SOURCE", value_parser = names::users)]
    pub(super) users: Option<String>,
    /// Access files of dbGaP that are added to it (laptop, linux-vm).
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) dbgap: Option<PathBuf>,
    /// The issuer of the institution's OpenID provider (enterprise).
    #[arg(long, value_name = "URL", value_parser = names::issuer)]
    pub(super) issuer: Option<String>,
    /// The repository of the image, without a tag (k3s, managed-kubernetes, openshift).
    #[arg(long, value_name = "REPOSITORY", value_parser = names::image)]
    pub(super) image: Option<String>,
    /// The preset of the chart. Default: minimum; ha for managed-kubernetes.
    #[arg(long, value_enum)]
    pub(super) preset: Option<Preset>,
    /// The namespace of the cluster. Default: commons; gen3 for adopt.
    #[arg(long, value_name = "NAME", value_parser = names::namespace)]
    pub(super) namespace: Option<String>,
    /// Values of gen3-helm (adopt). Of several files the later ones go before.
    #[arg(long, value_name = "FILE")]
    pub(super) values: Vec<PathBuf>,
    /// The state folder (laptop, linux-vm). Default: .commons beside the file; /var/lib/commons/state.
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<String>,
    /// Ask nothing: take defaults for what is not given.
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Write nothing; print what would be written.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print files and steps as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Replace files that are there.
    #[arg(long, short = 'f')]
    pub(super) force: bool,
}
