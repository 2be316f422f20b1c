//! The program `commons`: command line, configuration, supervision. What a service does is in its own crate.

#![expect(clippy::print_stderr, reason = "a command line program talks to its user")]

pub mod cli;
mod commands;
mod databases;
mod demo;
mod dictionaries;
mod failure;
mod http_client;
mod output;
mod reload;
mod serve;
mod state;
mod supervision;
pub mod up;
mod version;

use std::process::ExitCode;

use cli::{Cli, Command};

pub use failure::Failure;
pub use version::{COMMIT, VERSION};

/// Runs a command and returns the program's exit status.
pub fn run(cli: Cli) -> ExitCode {
    install_crypto();
    // The object store's protocol library logs every 404 of a client as an error, and whole requests with it.
    let (format, filter) = match &cli.command {
        Command::Serve(_) => (web::LogFormat::Json, "info,sqlx=warn,s3s=off,s3s_fs=off"),
        _ => (web::LogFormat::Text, "warn,commons::reload=info,sqlx=error,s3s=off,s3s_fs=off"),
    };
    web::init_telemetry(format, filter);
    let runtime = match supervision::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("commons: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(dispatch(cli.command));
    // Tasks that are still busy, for instance with a client that does not go away, must not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("commons: {}", failure::message(&error));
            failure::exit_code(&error)
        }
    }
}

async fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Up(args) => up::run(args).await,
        Command::Serve(service) => serve::run(service).await,
        Command::Migrate(args) => commands::migrate::run(args).await,
        Command::User(command) => commands::user::run(command).await,
        Command::Database(command) => commands::database::run(command),
        Command::Dictionary(command) => commands::dictionary::run(command).await,
        Command::Version { json } => commands::version(json),
        Command::Completions { shell } => commands::completions(shell),
        Command::Healthcheck { url, timeout } => commands::healthcheck(url, timeout).await,
    }
}

/// Chooses the cryptography of TLS and token signatures for the whole process. A second call does nothing.
pub fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
