//! How far it is, for people who watch.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{BinaryBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::failure::warn;

const STEPS: &str = "{msg}";
const BYTES: &str = "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}";

/// Who is told how far a backup is, while it is made or read.
pub(crate) trait Told: Send + Sync {
    /// What is being done.
    fn step(&self, what: String);
    /// Something that is to be remembered.
    fn line(&self, text: &str);
    /// Something that somebody should look at.
    fn warn(&self, text: &str);
}

impl Told for Progress {
    fn step(&self, what: String) {
        Progress::step(self, what);
    }

    fn line(&self, text: &str) {
        self.0.suspend(|| eprintln!("{text}"));
    }

    fn warn(&self, text: &str) {
        self.0.suspend(|| warn(text));
    }
}

/// A line on standard error that is written over and over, on a terminal and if nobody wants JSON.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(json: bool) -> Self {
        let is_shown = !json && std::io::stderr().is_terminal();
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self(ProgressBar::with_draw_target(None, target))
    }

    /// A step whose length nobody knows.
    pub(crate) fn step(&self, text: impl Into<String>) {
        self.0.set_style(style(STEPS));
        self.0.set_message(text.into());
        self.0.tick();
    }

    /// A step of so many bytes.
    pub(crate) fn bytes(&self, text: impl Into<String>, total: u64) {
        self.0.set_style(style(BYTES));
        self.0.set_length(total);
        self.0.set_position(0);
        self.0.set_message(text.into());
    }

    pub(crate) fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// `1.50 GiB`.
pub(crate) fn amount(bytes: u64) -> String {
    BinaryBytes(bytes).to_string()
}

/// Keeps to a rate.
pub(crate) struct Pace {
    rate: Option<u64>,
    since: Instant,
    bytes: u64,
}

impl Pace {
    /// At most so many MiB a second.
    pub(crate) fn new(rate: Option<u32>) -> Self {
        Self { rate: rate.map(|mib| u64::from(mib) << 20), since: Instant::now(), bytes: 0 }
    }

    /// Returns when so many more bytes are due.
    pub(crate) async fn wait(&mut self, bytes: u64) {
        let Some(rate) = self.rate else { return };
        self.bytes += bytes;
        let due = Duration::from_secs_f64(self.bytes as f64 / rate as f64);
        tokio::time::sleep(due.saturating_sub(self.since.elapsed())).await;
    }
}
