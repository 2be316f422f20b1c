//! A run as its kind sees it while it does it.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{model::Run, text};

/// Lines of an attempt's log. What comes after is counted.
const MOST_LINES: usize = 10_000;

/// A run that is being done: its parameters, and where it tells how far it is.
#[derive(Debug)]
pub struct Work {
    run: Run,
    told: Mutex<Told>,
    lines: AtomicUsize,
}

/// What was told and is not written yet.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) lines: Vec<String>,
    pub(crate) progress: Option<Value>,
}

impl Work {
    pub(crate) fn new(run: Run) -> Self {
        Self { run, told: Mutex::default(), lines: AtomicUsize::new(0) }
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        self.run.id
    }

    /// The name of the kind.
    pub fn kind(&self) -> &str {
        &self.run.kind
    }

    /// What it is done with.
    pub fn params(&self) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.run.params.as_object().unwrap_or(&NONE)
    }

    /// A parameter that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.params().get(name)?.as_str()
    }

    /// The user for whom it is done.
    pub fn requested_by(&self) -> Option<&str> {
        self.run.requested_by.as_deref()
    }

    /// How often it was begun, this time included.
    pub fn attempt(&self) -> i32 {
        self.run.attempt
    }

    /// Writes into the log: a line, or several. Long lines are cut, and from ten thousand on they are counted
    /// only.
    pub fn log(&self, told: impl AsRef<str>) {
        for line in text::lines(told.as_ref()) {
            if self.lines.fetch_add(1, Ordering::Relaxed) < MOST_LINES {
                self.told().lines.push(line);
            }
        }
    }

    /// Says how far it is: `done` of `total`, if that is known, and what is being done.
    pub fn progress(&self, done: u64, total: Option<u64>, what: &str) {
        let what = text::bounded(what, 200);
        self.told().progress = Some(json!({ "done": done, "total": total, "what": what }));
    }

    /// Takes what was told since the last time.
    pub(crate) fn take(&self) -> Told {
        std::mem::take(&mut *self.told())
    }

    /// Says how many lines are left out, if any are.
    pub(crate) fn close(&self) {
        let more = self.lines.load(Ordering::Relaxed).saturating_sub(MOST_LINES);
        if more > 0 {
            self.told().lines.push(format!("{more} more lines are left out"));
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
