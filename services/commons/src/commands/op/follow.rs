//! Waiting for a run, and following its log.

use std::{io::IsTerminal as _, time::Duration};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reqwest::{Method, header::ACCEPT};
use serde_json::Value;

use crate::{
    commands::pfb::place::{Place, limited, refused},
    output::tell,
};

/// Where runs are.
pub(super) const RUNS: &str = "/ops/v1/runs";
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(500);
/// Longest piece of a log without a line end.
const MOST: usize = 1 << 20;

/// Waits until a run has ended, and returns it.
///
/// # Errors
/// When the commons does not answer.
pub(crate) async fn end(place: &Place, id: &str, json: bool) -> anyhow::Result<Value> {
    let bar = bar(json);
    loop {
        let run = place.get(&format!("{RUNS}/{id}")).await?;
        let state = run["state"].as_str().unwrap_or_default();
        if !matches!(state, "queued" | "running") {
            bar.finish_and_clear();
            return Ok(run);
        }
        let progress = &run["progress"];
        bar.set_message(progress["what"].as_str().unwrap_or(state).to_owned());
        if let Some(total) = progress["total"].as_u64() {
            bar.set_length(total);
        }
        bar.set_position(progress["done"].as_u64().unwrap_or(0));
        bar.tick();
        tokio::time::sleep(LOOK).await;
    }
}

fn bar(json: bool) -> ProgressBar {
    let is_seen = !json && std::io::stderr().is_terminal();
    let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{spinner} {msg} {human_pos}");
    ProgressBar::with_draw_target(None, target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Prints the log so far; all of it as it comes, if it is followed.
///
/// # Errors
/// When the commons does not answer.
pub(super) async fn log(place: &Place, id: &str, follow: bool) -> anyhow::Result<()> {
    let path = format!("{RUNS}/{id}/logs");
    let accepted = if follow { "text/event-stream" } else { "text/plain" };
    let mut answer = place.send(Method::GET, &path, |request| request.header(ACCEPT, accepted)).await?;
    let status = answer.status();
    if !status.is_success() {
        return Err(refused(&path, status, &limited(answer).await?));
    }
    let mut waiting = Vec::new();
    while let Some(piece) = answer.chunk().await.with_context(|| format!("{path} was cut off"))? {
        waiting.extend_from_slice(&piece);
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = waiting.drain(..=end).collect();
            show(String::from_utf8_lossy(&line).trim_end_matches('\n'), follow)?;
        }
        anyhow::ensure!(waiting.len() <= MOST, "{path}: a line has more than {MOST} bytes");
    }
    Ok(())
}

fn show(line: &str, is_event: bool) -> std::io::Result<()> {
    match (is_event, line.strip_prefix("data: ")) {
        (true, Some(data)) => tell(data),
        (true, None) => Ok(()),
        (false, _) => tell(line),
    }
}
