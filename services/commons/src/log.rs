//! What the program logs to standard error.

use std::env;

use crate::{
    cli::{Cli, Command},
    failure,
};

/// Sets up the log for a command, until the guard is dropped. `RUST_LOG` has precedence over everything else.
pub(crate) fn install(cli: &Cli) -> web::LogGuard {
    // The object store's protocol library logs every 404 of a client as an error, and whole requests with it.
    let format = match cli.command {
        Command::Serve(_) => web::LogFormat::Json,
        _ => web::LogFormat::Text,
    };
    let filter = match (cli.quiet, cli.verbose, format) {
        (true, _, _) => "error,s3s=off",
        (false, 0, web::LogFormat::Text) => "warn,commons::reload=info,sqlx=error,s3s=off",
        (false, 0 | 1, _) => "info,sqlx=warn,s3s=off",
        (false, _, _) => "debug,sqlx=info,hyper=info,h2=info,rustls=info,s3s=off",
    };
    if let Some(wrong) = wrong_rust_log() {
        failure::warn(&format!("RUST_LOG does not count, because it is not understood: {wrong}"));
    }
    web::init_telemetry(format, filter)
}

/// What is wrong with the variable, if it is set.
fn wrong_rust_log() -> Option<String> {
    let value = env::var("RUST_LOG").ok().filter(|value| !value.is_empty())?;
    value.parse::<tracing_subscriber::filter::EnvFilter>().err().map(|error| format!("{value:?}: {error}"))
}
