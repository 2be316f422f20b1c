//! A private PostgreSQL server for one commons on one machine, and for tests.
//!
//! The server listens on a socket in its data folder, which no other account can enter, and belongs to the
//! process that started it: when that process ends, by whatever death, a small supervising shell sees its
//! pipe close and shuts the server down in order. When the server ends first, it is started again.
//! PostgreSQL refuses to run as root; started by root it runs as the user `postgres` (or `nobody`), and the
//! data folder need not be reachable for that user by its path.

mod account;
mod address;
mod admin;
pub mod clients;
mod cluster;
mod options;
mod process;
mod programs;
mod server;

pub use admin::ensure_databases;
pub use options::{Durability, Options};
pub use programs::Programs;
pub use server::Postgres;

use std::path::{Path, PathBuf};

/// Why there is no server. Each message names the remedy.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No `postgres` and `initdb` on this machine.
    #[error(
        "no PostgreSQL server programs found (looked at {looked_at}); install them, on Debian or Ubuntu with \
         `apt-get install postgresql`, or name their folder with POSTGRES_BIN"
    )]
    NotInstalled {
        /// The folders that were searched.
        looked_at: String,
    },
    /// A client program is missing, or older than the server.
    #[error(
        "no {program} of PostgreSQL {server} or later found (looked at {looked_at}); install it, on Debian \
         or Ubuntu with `apt-get install postgresql-client`, or name its folder with POSTGRES_BIN"
    )]
    NoClient {
        /// Which program.
        program: &'static str,
        /// The major version of the server.
        server: u32,
        /// The folders that were searched.
        looked_at: String,
    },
    /// The cluster was made by another major version than the installed ones.
    #[error(
        "the databases in {data} were made by PostgreSQL {made_by}, and the installed one is {installed}, \
         which cannot use them; install PostgreSQL {made_by} beside it (name its folder with \
         POSTGRES_BIN), or take the databases along as docs/operating.md says"
    )]
    OtherMajor {
        /// The cluster.
        data: PathBuf,
        /// The major version that made it.
        made_by: String,
        /// The major version that is installed.
        installed: String,
    },
    /// Root started us and there is no other user to run the server as.
    #[error("PostgreSQL does not run as root and this machine has neither a user `postgres` nor `nobody`")]
    NoAccount,
    /// A folder or file could not be prepared.
    #[error("cannot prepare {path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// `initdb` failed.
    #[error("initdb failed: {0}")]
    Init(String),
    /// The server ended or did not answer in time.
    #[error("PostgreSQL did not start: {reason}; its log is {log}")]
    Start {
        /// What is known.
        reason: String,
        /// Where its log is.
        log: PathBuf,
    },
    /// The server ran, and ended although nobody asked it to.
    #[error("PostgreSQL ended with {reason}; its log is {log}")]
    Ended {
        /// What is known.
        reason: String,
        /// Where its log is.
        log: PathBuf,
    },
    /// The server answered an administrative statement with an error.
    #[error("PostgreSQL refused: {}", said(.0))]
    Sql(#[from] sqlx::Error),
}

/// The server's words, without the line of its own source that made them.
fn said(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

impl PostgresError {
    /// What a failure at `path` becomes.
    fn file(path: &Path) -> impl Fn(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path: path.clone(), source }
    }
}
