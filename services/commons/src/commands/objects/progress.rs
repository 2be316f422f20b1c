//! How far it is, for people who watch.

use std::io::IsTerminal as _;

use indicatif::{BinaryBytes, HumanCount, ProgressBar, ProgressDrawTarget};

/// A line on standard error that is written over and over, on a terminal and if nobody wants JSON.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(json: bool) -> Self {
        let is_shown = !json && std::io::stderr().is_terminal();
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self(ProgressBar::with_draw_target(None, target))
    }

    pub(super) fn tell(&self, objects: u64, bytes: u64) {
        self.0.set_message(amount(objects, bytes));
        self.0.tick();
    }

    /// Writes a line that stays, above the one that is written over.
    pub(super) fn line(&self, text: &str) {
        self.0.suspend(|| eprintln!("{text}"));
    }

    pub(super) fn finish(self) {
        self.0.finish_and_clear();
    }
}

/// `12,345 objects, 1.5 GiB`.
pub(super) fn amount(objects: u64, bytes: u64) -> String {
    let plural = if objects == 1 { "" } else { "s" };
    format!("{} object{plural}, {}", HumanCount(objects), BinaryBytes(bytes))
}
