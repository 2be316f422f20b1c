//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgAction, Args, Parser, Subcommand};
use url::Url;

use crate::{
    commands::{
        archive::{ArchiveCommand, RetrieveCommand},
        authz::AuthzCommand,
        backup::BackupCommand,
        client::ClientCommand,
        database::DatabaseCommand,
        dictionary::DictionaryCommand,
        doctor::existing::ExistingArgs,
        etl::EtlCommand,
        fence_create::FenceCreate,
        helm::HelmCommand,
        index::IndexCommand,
        init::InitArgs,
        keys::KeysCommand,
        life::{OpenArgs, RestartArgs, StopArgs},
        logs::LogsArgs,
        metadata::MetadataCommand,
        migrate::MigrateArgs,
        objects::ObjectsCommand,
        op::OpCommand,
        pfb::{ExportCommand, ImportCommand},
        restore::RestoreArgs,
        search::SearchCommand,
        size::SizeArgs,
        snapshot::SnapshotCommand,
        status::StatusArgs,
        transfer::{DownloadArgs, UploadArgs},
        user::UserCommand,
    },
    serve::Serve,
    state::StateArgs,
    up::UpArgs,
    version::VERSION,
};

const EXIT_CODES: &str = "\
Exit status: 0 done; 1 failed; 2 wrong usage; 3 something is missing or in use (PostgreSQL, a port, the \
state folder); 4 what was checked is not in order.

Options of `up` and `serve` can also be given by variables (COMMONS_PORT for --port) and in a settings \
file, commons.toml in the current folder or in the state folder; `commons config` shows what counts and \
where it comes from.

The variable RUST_LOG sets what is logged to standard error, for example RUST_LOG=info,sqlx=warn.";

/// A Gen3 data commons in one program
///
/// `commons up` runs a whole commons on this machine. `commons serve SERVICE` runs one service of it, as in a
/// container.
#[derive(Debug, Parser)]
#[command(name = "commons", version = VERSION, propagate_version = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Settings file. Default: commons.toml in the current folder, else in the state folder
    #[arg(long, value_name = "FILE", env = "COMMONS_SETTINGS", global = true)]
    pub settings: Option<PathBuf>,
    /// Log more to standard error: steps of the work; twice, what serves to find faults
    #[arg(long, short, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Tell only what went wrong
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

impl Cli {
    /// How much is logged, as options for another process of this program.
    pub(crate) fn loudness(&self) -> Vec<&'static str> {
        if self.quiet { vec!["--quiet"] } else { vec!["--verbose"; usize::from(self.verbose)] }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the settings of a new commons, and say the steps to it: on a laptop, a Linux machine, with
    /// compose, on Kubernetes, or in the place of one that is there
    Init(Box<InitArgs>),
    /// Run a whole commons on this machine, with a private PostgreSQL and object store
    Up(Box<UpArgs>),
    /// Say whether a commons runs on this machine, where, and whether it is ready
    Status(StatusArgs),
    /// Stop a commons that runs on this machine
    Stop(StopArgs),
    /// Stop a commons, and start it again in the background with its options of last time
    Restart(RestartArgs),
    /// Open the commons in a browser
    Open(OpenArgs),
    /// Show the log of a commons that runs in the background
    Logs(LogsArgs),
    /// Look for what would keep a commons on this machine from working, and say what to do about it
    Doctor(DoctorArgs),
    /// What another version of the program will change
    #[command(subcommand)]
    Upgrade(UpgradeCommand),
    /// Show the options that count, and where each comes from
    Config(ConfigArgs),
    /// Run one service alone
    #[command(subcommand)]
    Serve(Box<Serve>),
    /// Bring databases to the form that this program needs
    Migrate(MigrateArgs),
    /// Users, on this machine or in given databases
    #[command(subcommand)]
    User(UserCommand),
    /// OAuth clients: programs that users let act for them
    #[command(subcommand)]
    Client(ClientCommand),
    /// The keys that sign tokens
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Commands in the spelling of the original's program fence-create
    FenceCreate(FenceCreate),
    /// Why somebody may or may not do something, who may, and what changed
    #[command(subcommand)]
    Authz(AuthzCommand),
    /// Databases of a commons on this machine
    #[command(subcommand)]
    Database(DatabaseCommand),
    /// Data dictionaries
    #[command(subcommand)]
    Dictionary(DictionaryCommand),
    /// The file index: records from manifests, manifests of records, and its tables
    #[command(subcommand)]
    Index(IndexCommand),
    /// The objects of the embedded store: verify them, write them as files, serve them alone
    #[command(subcommand)]
    Objects(ObjectsCommand),
    /// Operations: recurring work of a commons, its history, and runs that one asks for
    #[command(subcommand)]
    Op(OpCommand),
    /// The archive: files whose bytes are kept in a colder place
    #[command(subcommand)]
    Archive(ArchiveCommand),
    /// Files that come back from the archive
    #[command(subcommand)]
    Retrieve(RetrieveCommand),
    /// Backups of a whole commons, in a folder or a bucket
    #[command(subcommand)]
    Backup(BackupCommand),
    /// Make a commons of a backup, on a state folder that is not there yet
    Restore(RestoreArgs),
    /// What a commons of some size needs: processors, memory and room
    Size(SizeArgs),
    /// Records for other stages of a commons, without what tells who they are of
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Flat documents for the data explorer, made from the graph as etlMapping.yaml says
    #[command(subcommand)]
    Etl(EtlCommand),
    /// A whole commons, projects of it or a cohort as a file that other programs read
    #[command(subcommand)]
    Export(ExportCommand),
    /// Records of such a file into a commons
    #[command(subcommand)]
    Import(ImportCommand),
    /// Documents of the metadata service, and studies of other commons
    #[command(subcommand)]
    Metadata(MetadataCommand),
    /// Indices of the data explorer
    #[command(subcommand)]
    Search(SearchCommand),
    /// Charts for Kubernetes
    #[command(subcommand)]
    Helm(HelmCommand),
    /// Get files from any Gen3 commons, in parallel and again after a break, compared with their records
    Download(DownloadArgs),
    /// Send files to any Gen3 commons, in parts and again after a break
    Upload(UploadArgs),
    /// Print version, commit, and the version of PostgreSQL that is used
    Version {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Succeed if a URL answers with 2xx (for container health checks)
    Healthcheck {
        /// For example http://127.0.0.1:8000/_status.
        url: Url,
        /// Seconds to wait for the answer.
        #[arg(long, default_value_t = 5)]
        timeout: u64,
    },
}

/// Options of `commons doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Look at databases that are there, instead of at this machine: which versions they have, and what
    /// taking them over will do. They are only read.
    #[arg(long, conflicts_with_all = ["state", "up"])]
    pub(crate) existing: bool,
    #[command(flatten)]
    pub(crate) databases: ExistingArgs,
    /// The state folder of the commons. Default: that of the settings file, else `.commons`.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Options of the `commons up` that is meant, such as `-- --port 9000 --tls CERT KEY`. Without them the
    /// settings file, variables and the last start say them, as for `commons up`.
    #[arg(last = true, value_name = "OPTIONS OF UP")]
    pub(crate) up: Vec<OsString>,
}

/// Commands about a change to another version of the program.
#[derive(Debug, Subcommand)]
pub enum UpgradeCommand {
    /// Say what this version of the program would change in the databases, and whether it takes the settings.
    /// Nothing is changed: migrations are tried on copies of the tables without their rows. Exit status 4
    /// when something has to be done first
    Check(CheckArgs),
}

/// Options of `commons upgrade check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
    /// Databases that are elsewhere. Default: those of the state folder.
    #[command(flatten)]
    pub existing: ExistingArgs,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// Options of `commons config`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ConfigArgs {
    /// What else there is to know of them.
    #[command(subcommand)]
    pub(crate) about: Option<ConfigCommand>,
    /// The command whose options are shown: `up`, or `serve SERVICE`.
    #[arg(value_name = "COMMAND", default_values = ["up"], num_args = 1..=2)]
    pub(crate) command: Vec<String>,
    /// As JSON. Passwords are masked.
    #[arg(long)]
    pub(crate) json: bool,
    /// The state folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<OsString>,
}

/// What there is to know of options.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Say what an option means, its default, and where its value comes from
    Explain(ExplainArgs),
}

/// Options of `commons config explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// The option, as on the command line or in the settings file (`public-url`), or a variable.
    #[arg(value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) key: String,
    /// The command that has the option: `up`, or `serve SERVICE`.
    #[arg(value_name = "COMMAND", default_values = ["up"], num_args = 1..=2)]
    pub(crate) command: Vec<String>,
    /// As JSON. Passwords are masked.
    #[arg(long)]
    pub(crate) json: bool,
    /// The state folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<OsString>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// What the assertions of clap look for in debug builds only: of two arguments with one name the line
    /// gives neither.
    #[test]
    fn no_command_has_two_arguments_of_one_name() {
        fn look(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let mut names: Vec<_> =
                command.get_arguments().map(|argument| argument.get_id().as_str()).collect();
            names.sort_unstable();
            let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
            assert_eq!(twice, None, "of {path}");
            command.get_subcommands().for_each(|command| look(command, &path));
        }
        look(&Cli::command(), "");
    }

    #[test]
    fn a_suggested_mapping_has_a_folder_beside_that_of_the_state() {
        assert!(parse("commons etl init").is_ok());
        assert!(parse("commons etl init here --state there").is_ok());
    }

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn up_has_defaults_for_everything() {
        let Command::Up(up) = parse("commons up").unwrap().command else { panic!("not up") };
        assert_eq!((up.port, up.host.to_string().as_str(), up.json), (8080, "127.0.0.1", false));
        assert_eq!(up.state.folder, PathBuf::from(".commons"));
    }

    #[test]
    fn tokens_can_be_made_expired() {
        let parsed = parse("commons user token ada --expires-in=-60 --scope user --state /s").unwrap();
        let Command::User(UserCommand::Token(args)) = parsed.command else { panic!("not user token") };
        assert_eq!((args.who.name.as_str(), args.expires_in, args.scope.as_str()), ("ada", -60, "user"));
        assert_eq!(args.target.state.folder, PathBuf::from("/s"));
    }

    #[test]
    fn unknown_services_and_databases_are_refused() {
        assert!(parse("commons serve nothing").is_err());
        assert!(parse("commons migrate nothing").is_err());
        assert!(parse("commons").is_err());
    }
}
