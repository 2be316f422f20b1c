//! Logging.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::IsTerminal as _,
    panic::{self, PanicHookInfo},
};

use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    causes::WithCauses,
    log_writer::{LogFormat, LogGuard, LogWriter, standard_error},
    panics,
};

/// Installs the process-wide log subscriber, writing to standard error. `filter` is used when the
/// environment variable `RUST_LOG` is not set. A second call does nothing.
///
/// Logging never waits: lines that nobody reads are dropped and counted. No line has a signature, a token or
/// a password, at no level and of no library. Panics are lines too, from now on.
pub fn init_telemetry(format: LogFormat, filter: &str) -> LogGuard {
    let Ok((writer, guard)) = LogWriter::start(standard_error(), format) else {
        return LogGuard::of_nothing();
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(filter));
    let builder = fmt().with_env_filter(filter).with_writer(writer).with_ansi(colours());
    let installed = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).map_event_format(WithCauses).try_init(),
    };
    if installed.is_ok() {
        panic::set_hook(Box::new(log_panic));
    }
    guard
}

/// Only people want colours, and not all of them (<https://no-color.org>).
fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The standard hook writes to standard error and waits for its reader.
fn log_panic(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(
        panic = panics::text(info.payload()),
        panic.place = place,
        panic.thread = thread.name().unwrap_or_default(),
        panic.backtrace = backtrace,
        "a panic"
    );
}
