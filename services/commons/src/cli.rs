//! The command line.

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

const EXIT_CODES: &str = "\
Exit status: 0 done; 1 failed; 2 wrong usage; 3 something is missing or in use (PostgreSQL, a port, the state folder); \
4 what was checked is not in order.

The variable RUST_LOG sets what is logged to standard error, for example RUST_LOG=info,sqlx=warn.";

/// A Gen3 data commons in one program
///
/// `commons up` runs a whole commons on this machine. `commons serve SERVICE` runs one service of it, as in a container.
#[derive(Debug, Parser)]
#[command(name = "commons", version = crate::VERSION, propagate_version = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a whole commons on this machine, with a private PostgreSQL and object store
    Up(UpArgs),
    /// Run one service alone
    #[command(subcommand)]
    Serve(crate::serve::Serve),
    /// Bring databases to the form that this program needs
    Migrate(MigrateArgs),
    /// Users of a commons on this machine
    #[command(subcommand)]
    User(UserCommand),
    /// Databases of a commons on this machine
    #[command(subcommand)]
    Database(DatabaseCommand),
    /// Data dictionaries
    #[command(subcommand)]
    Dictionary(DictionaryCommand),
    /// Print version and commit
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

/// Where a commons of this machine keeps everything.
#[derive(Debug, Clone, Args)]
pub struct StateArgs {
    /// The state folder: databases, objects, keys, secrets.
    #[arg(long = "state", value_name = "DIR", env = "COMMONS_STATE", default_value = ".commons")]
    pub folder: PathBuf,
}

/// Options of `commons up`.
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
    /// Port of the gateway; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Address that the gateway listens on.
    #[arg(long, default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// Print one line of JSON once everything is ready, instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Data dictionary: a folder of YAML files, a merged JSON file, or the address of one. Default: the built-in one.
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub dictionary: Option<String>,
    /// Look every so many seconds whether the dictionary has changed, and serve the new one without a restart; 0 never.
    /// Default: 1 for a folder or file, 0 for an address.
    #[arg(long, value_name = "SECONDS")]
    pub dictionary_refresh: Option<u64>,
    /// Load users, groups and rights, as in every Gen3 commons. The user `admin`, with every right, is added unless the
    /// file defines it. Without this option `admin` is made sure of, and nobody else's rights change.
    #[arg(long, value_name = "FILE")]
    pub user_yaml: Option<PathBuf>,
    /// Also load a demonstration study through the public API.
    #[arg(long)]
    pub demo: bool,
    /// Services call each other over HTTP on loopback, as in separate containers, instead of directly.
    #[arg(long)]
    pub remote_calls: bool,
    /// Use this PostgreSQL server instead of a private one; the databases are created on it.
    #[arg(long, value_name = "URL", env = "COMMONS_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The URL by which users reach the commons. Default: http://localhost:PORT.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
    /// Basic login that may write to the file index. Default: a generated one, in the state folder.
    #[arg(long, value_name = "USER:PASSWORD", env = "COMMONS_INDEXD_LOGIN", hide_env_values = true)]
    pub indexd_login: Option<String>,
    /// No login page for anybody without a password; needed for a public URL that is not on this machine.
    #[arg(long)]
    pub no_development_login: bool,
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DatabaseName {
    /// Users, keys, sessions.
    Fence,
    /// Rights.
    Arborist,
    /// Files.
    Indexd,
    /// The graph (sheepdog and peregrine).
    Sheepdog,
}

impl DatabaseName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fence, Self::Arborist, Self::Indexd, Self::Sheepdog];

    /// The name on the server.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fence => "fence",
            Self::Arborist => "arborist",
            Self::Indexd => "indexd",
            Self::Sheepdog => "sheepdog",
        }
    }
}

/// Options of `commons migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// One service's database; all without it.
    pub service: Option<DatabaseName>,
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
    /// The database itself (with a service), or the server that has all of them. Default: that of the state folder.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Data dictionary of the graph tables. Default: the one that the commons last ran with, or the built-in one.
    #[arg(long, value_name = "DIR|FILE|URL")]
    pub dictionary: Option<String>,
    /// Print the statements for the graph's database (sheepdog's), and run none.
    #[arg(long)]
    pub plan: bool,
}

/// Commands about users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Load a user.yaml
    Sync {
        /// The file.
        file: PathBuf,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
    /// Print an access token
    Token {
        /// User name.
        name: String,
        /// Life in seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 3600, allow_negative_numbers = true)]
        expires_in: i64,
        /// Scopes, separated by commas or spaces.
        #[arg(long, default_value = "openid,user,data,credentials,admin,google_credentials")]
        scope: String,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
    /// Write a new API key file, as the login page would give it
    ApiKey {
        /// User name.
        name: String,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Life in seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 2_592_000)]
        expires_in: i64,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
    /// List the users
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
}

/// Commands about databases.
#[derive(Debug, Subcommand)]
pub enum DatabaseCommand {
    /// Print the connection URL of a database of the commons that runs on this state folder (it holds a password)
    Url {
        /// `fence`, `arborist`, `indexd`, `sheepdog`, or any other on the same server.
        name: String,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
}

/// Commands about dictionaries.
#[derive(Debug, Subcommand)]
pub enum DictionaryCommand {
    /// Check a dictionary and print every problem with its file and remedy
    Check {
        /// A folder of YAML files, a merged JSON file, or the address of one.
        #[arg(value_name = "DIR|FILE|URL")]
        source: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print example queries that the dictionary gives reason for
    Examples {
        /// A folder of YAML files, a merged JSON file, or the address of one.
        #[arg(value_name = "DIR|FILE|URL")]
        source: String,
        /// The project that they are about.
        #[arg(long, value_name = "PROGRAM-PROJECT", default_value = "PROGRAM-PROJECT")]
        project: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say what is different in a new dictionary, and what it breaks
    ///
    /// Exit status 0 when nothing breaks, 4 when a change breaks stored records, submissions of today's files, queries,
    /// or hides what is stored. With a database, the stored records that it breaks are counted.
    Diff(DiffArgs),
    /// Make the commons that runs on this state folder load its dictionary again, and wait until it serves it
    ///
    /// The same happens when the commons gets SIGHUP, and when the files of its dictionary change. No request fails
    /// meanwhile. A dictionary that cannot be used changes nothing (exit status 4).
    Reload {
        /// Seconds to wait.
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        timeout: u64,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
}

/// Options of `commons dictionary diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The dictionary of today: a folder, a merged JSON file, its address, or `built-in`.
    #[arg(value_name = "OLD")]
    pub old: String,
    /// The dictionary of tomorrow, likewise.
    #[arg(value_name = "NEW")]
    pub new: String,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// Also count what breaks in this graph database; nothing is changed in it.
    #[arg(long, value_name = "URL", conflicts_with = "state")]
    pub database_url: Option<String>,
    /// Also count what breaks in the graph database of the commons on this state folder.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Ids of so many records are given for each reason.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub examples: u32,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
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
        let Command::User(UserCommand::Token { name, expires_in, scope, state }) = parsed.command else {
            panic!("not user token")
        };
        assert_eq!((name.as_str(), expires_in, scope.as_str()), ("ada", -60, "user"));
        assert_eq!(state.folder, PathBuf::from("/s"));
    }

    #[test]
    fn unknown_services_and_databases_are_refused() {
        assert!(parse("commons serve portal").is_err());
        assert!(parse("commons migrate portal").is_err());
        assert!(parse("commons").is_err());
    }
}
