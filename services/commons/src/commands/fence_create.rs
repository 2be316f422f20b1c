//! `commons fence-create`: the spellings of run-books, jobs and test suites that call the original's program
//! of that name.

use std::{path::PathBuf, sync::Arc};

use anyhow::bail;
use clap::{ArgAction, Args, Subcommand};

use super::{
    fence_clients::{self, FenceClientCommand},
    target::{Pools, TargetArgs},
    user::{
        people,
        sync::{self, SyncArgs},
        visas::{self, CleanArgs, VisasArgs},
    },
};
use crate::{failure, output::tell};

/// `fence-create` with the option that may come before its command.
#[derive(Debug, Args)]
pub struct FenceCreate {
    /// Taken for the sake of old command lines: arborist's database is written, not its address called.
    #[arg(long = "arborist", value_name = "URL")]
    pub called: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: FenceCreateCommand,
}

/// What `fence-create` is asked for.
#[derive(Debug, Subcommand)]
pub enum FenceCreateCommand {
    /// As `commons user sync`
    Sync(FenceSyncArgs),
    /// Shut users out, as `commons user disable` does
    UserDelete(UserDeleteArgs),
    /// Bring fence's database to the form that this program needs
    Migrate(TargetArgs),
    /// As `commons user visas update`
    #[command(name = "fence-visa-update")]
    VisaUpdate(VisasArgs),
    /// As `commons user visas clean`
    #[command(name = "cleanup-expired-ga4gh-information")]
    CleanUp(CleanArgs),
    /// As `commons client` and `commons user token`, in the original's words
    #[command(flatten)]
    Clients(FenceClientCommand),
}

/// Options of `fence-create sync`.
#[derive(Debug, Clone, Args)]
pub struct FenceSyncArgs {
    /// The user.yaml: a file, a folder or git checkout that has one, or an address (see `commons user sync`).
    #[arg(long)]
    pub yaml: Option<String>,
    /// A YAML file that maps studies of dbGaP to projects.
    #[arg(long, value_name = "FILE")]
    pub projects: Option<PathBuf>,
    /// A folder of access files of dbGaP.
    #[arg(long = "csv_dir", value_name = "DIR")]
    pub csv_dir: Option<PathBuf>,
    /// Whether the folder of --folder is read, into which an earlier step has fetched dbGaP's files.
    #[arg(long = "sync_from_dbgap", default_value = "False", value_parser = boolean, action = ArgAction::Set)]
    pub sync_from_dbgap: bool,
    /// The folder of fetched files.
    #[arg(long = "folder", value_name = "DIR")]
    pub fetched: Option<PathBuf>,
    /// Taken for the sake of old command lines: arborist's database is written, not its address called.
    #[arg(long, value_name = "URL")]
    pub arborist: Option<String>,
    /// fence-config.yaml.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH")]
    pub fence_config: Option<PathBuf>,
    /// Load it even if it takes away more than half of all rights.
    #[arg(long)]
    pub yes: bool,
    /// How many users may lose all of their rights.
    #[arg(long, value_name = "USERS")]
    pub max_removals: Option<usize>,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `fence-create user-delete`.
#[derive(Debug, Clone, Args)]
pub struct UserDeleteArgs {
    /// User names.
    #[arg(long, required = true, num_args = 1..)]
    pub users: Vec<String>,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// A boolean as Python writes it.
fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("write True or False".to_owned()),
    }
}

pub(crate) async fn run(FenceCreate { called, command }: FenceCreate) -> anyhow::Result<()> {
    if let Some(address) = called {
        failure::warn(&format!("--arborist {address} is not called: arborist's database is written itself"));
    }
    match command {
        FenceCreateCommand::Sync(args) => sync::run(as_sync(args)?).await,
        FenceCreateCommand::UserDelete(args) => user_delete(args).await,
        FenceCreateCommand::Migrate(target) => migrate(target).await,
        FenceCreateCommand::VisaUpdate(args) => visas::update(args).await,
        FenceCreateCommand::CleanUp(args) => visas::clean(args).await,
        FenceCreateCommand::Clients(command) => fence_clients::run(command).await,
    }
}

fn as_sync(args: FenceSyncArgs) -> anyhow::Result<SyncArgs> {
    if let Some(address) = &args.arborist {
        failure::warn(&format!("--arborist {address} is not called: arborist's database is written itself"));
    }
    let mut dbgap: Vec<PathBuf> = args.csv_dir.into_iter().collect();
    if args.sync_from_dbgap {
        let Some(folder) = args.fetched else {
            bail!("--sync_from_dbgap needs --folder: the folder into which the files were fetched");
        };
        dbgap.push(folder);
    }
    if args.yaml.is_none() && dbgap.is_empty() {
        bail!("name a user.yaml by --yaml, or access files by --csv_dir");
    }
    Ok(SyncArgs {
        file: args.yaml,
        dry_run: false,
        yes: args.yes,
        max_removals: args.max_removals,
        dbgap,
        fence_config: args.fence_config,
        projects: args.projects,
        json: false,
        target: args.target,
    })
}

async fn user_delete(args: UserDeleteArgs) -> anyhow::Result<()> {
    let target = args.target.open().await?;
    target
        .with(async |pools: Arc<Pools>| {
            let (fence, arborist) = (pools.fence()?, pools.arborist()?);
            for user in &args.users {
                match people::shut_out(&fence, &arborist, user).await? {
                    Some((name, _)) => tell(format_args!("{name} is disabled"))?,
                    None => failure::warn(&format!("there is no user {user:?}")),
                }
            }
            Ok(())
        })
        .await
}

async fn migrate(target: TargetArgs) -> anyhow::Result<()> {
    let target = target.open().await?;
    target.with(async |pools: Arc<Pools>| Ok(fence::migrate(&pools.fence()?).await?)).await?;
    tell("fence: up to date")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(subcommand)]
        command: FenceCreateCommand,
    }

    fn sync(line: &str) -> SyncArgs {
        let parsed = Cli::try_parse_from(line.split_whitespace()).unwrap();
        let FenceCreateCommand::Sync(args) = parsed.command else { panic!("not sync") };
        as_sync(args).unwrap()
    }

    #[test]
    fn the_usual_command_line_of_the_job_is_understood() {
        let args = sync(
            "fence-create sync --arborist http://arborist-service --yaml user.yaml --sync_from_dbgap True \
             --projects mapping.yaml --csv_dir /csv --folder /dbgap",
        );
        assert_eq!((args.file.as_deref(), args.yes, args.dry_run), (Some("user.yaml"), false, false));
        assert_eq!(args.dbgap, [PathBuf::from("/csv"), PathBuf::from("/dbgap")]);
        assert_eq!(args.projects, Some(PathBuf::from("mapping.yaml")));
        let args = sync("fence-create sync --yaml user.yaml --sync_from_dbgap False --folder /dbgap");
        assert!(args.dbgap.is_empty());
    }
}
