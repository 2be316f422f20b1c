//! Logging.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt};

use crate::causes::WithCauses;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object on each line.
    Json,
}

/// Installs the process-wide log subscriber, writing to standard error. `filter` is used when the
/// environment variable `RUST_LOG` is not set. A second call does nothing.
pub fn init_telemetry(format: LogFormat, filter: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(filter));
    let builder =
        fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let installed = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).map_event_format(WithCauses).try_init(),
    };
    drop(installed);
}
