//! `commons stop`, `commons restart` and `commons open`.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};

use super::detach;
use crate::{
    failure::Failure,
    output::{remark, tell},
    state::{State, StateArgs},
};

const PAUSE: Duration = Duration::from_millis(50);
/// Programs that open an address, by how likely it is that they are the right ones.
const OPENERS: [&str; 4] = ["xdg-open", "open", "wslview", "sensible-browser"];

/// Options of `commons stop`.
#[derive(Debug, Clone, Args)]
pub struct StopArgs {
    /// Seconds to wait for its end.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u64,
    /// Where everything is kept.
    #[command(flatten)]
    state: StateArgs,
}

/// Options of `commons restart`.
#[derive(Debug, Clone, Args)]
pub struct RestartArgs {
    /// Stop it first, and how.
    #[command(flatten)]
    stop: StopArgs,
}

/// Options of `commons open`.
#[derive(Debug, Clone, Args)]
pub struct OpenArgs {
    /// Print the address, and open nothing.
    #[arg(long)]
    print: bool,
    /// Where everything is kept.
    #[command(flatten)]
    state: StateArgs,
}

/// Asks the commons to stop, and waits until it has.
///
/// # Errors
/// When it cannot be asked, or does not stop in time.
pub(crate) async fn stop(args: StopArgs) -> anyhow::Result<()> {
    let state = State::existing(&args.state.folder)?;
    let Some(pid) = state.holder()? else {
        remark(format_args!("no commons runs on {}", state.folder().display()))?;
        return Ok(());
    };
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(Err(error)) = process.map(|process| kill_process(process, Signal::TERM)) {
        let told =
            format!("process {pid}, which uses {}, cannot be stopped: {error}", state.folder().display());
        return Err(Failure::Prerequisite(told).into());
    }
    let begun = Instant::now();
    while state.holder()?.is_some() {
        if begun.elapsed() > Duration::from_secs(args.timeout) {
            let told = format!(
                "the commons (process {pid}) still runs after {} s; another `commons stop` ends it at once",
                args.timeout
            );
            return Err(Failure::NotInOrder(told).into());
        }
        tokio::time::sleep(PAUSE).await;
    }
    remark(format_args!("stopped the commons on {}", state.folder().display()))?;
    Ok(())
}

/// Stops the commons, and starts it in the background with the options that its folder remembers.
///
/// # Errors
/// When it does not stop, or does not start.
pub(crate) async fn restart(
    args: RestartArgs,
    settings: Option<&Path>,
    loudness: &[&str],
) -> anyhow::Result<()> {
    let folder = args.stop.state.folder.clone();
    stop(args.stop).await?;
    detach::up_again(&folder, settings, loudness)
}

/// Opens the commons in a browser, or prints its address where there is none.
///
/// # Errors
/// When no commons runs there.
pub(crate) fn open(args: &OpenArgs) -> anyhow::Result<()> {
    let state = State::existing(&args.state.folder)?;
    let Some(run) = state.running()? else {
        let told = format!("no commons runs on {}; start it with `commons up`", state.folder().display());
        return Err(Failure::Prerequisite(told).into());
    };
    let address = run.page();
    if args.print || !opened(&address) {
        tell(address)?;
    } else {
        remark(format_args!("opening {address}"))?;
    }
    Ok(())
}

/// Gives `address` to the first program that takes it.
fn opened(address: &str) -> bool {
    let named = std::env::var("BROWSER").ok().filter(|browser| !browser.is_empty());
    named.as_deref().into_iter().chain(OPENERS).any(|program| {
        let mut command = Command::new(program);
        command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}
