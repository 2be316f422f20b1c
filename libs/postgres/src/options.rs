//! How a server is to run.

use std::path::PathBuf;

/// What a crash may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was committed is lost, and a server that ends is started again.
    Full,
    /// Everything may be lost: for tests.
    None,
}

/// How to run a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; made when it holds no cluster.
    pub data: PathBuf,
    /// The server's log file.
    pub log: PathBuf,
    /// The number in the name of the server's socket; `None` takes any.
    pub port: Option<u16>,
    /// Whether the server listens on that port of 127.0.0.1, too (tests of what sockets do not have).
    pub loopback: bool,
    /// Password of the administrator `commons`.
    pub password: String,
    /// What a crash may cost.
    pub durability: Durability,
    /// Remove this folder when the server has ended (tests).
    pub remove_afterwards: Option<PathBuf>,
    /// How many connections at most.
    pub max_connections: u16,
}

impl Options {
    /// The server's own settings.
    pub(crate) fn settings(&self) -> Vec<String> {
        let mut settings = vec![
            format!("max_connections={}", self.max_connections),
            "shared_buffers=128MB".into(),
            "max_wal_size=1GB".into(),
            "checkpoint_completion_target=0.9".into(),
            "timezone=UTC".into(),
            "log_timezone=UTC".into(),
            // Submissions and GraphQL are many short statements, which compilation only delays.
            "jit=off".into(),
            // Constraint names such as node tables' primary keys are chosen by the dictionary, errors hold
            // values.
            "log_min_messages=warning".into(),
            "log_min_error_statement=panic".into(),
        ];
        if self.durability == Durability::None {
            settings
                .extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(String::from));
        }
        settings
    }
}
