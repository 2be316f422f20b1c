//! Tells people or programs how far a transfer is, and how each file ended.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value, json};
use transfer::{Ended, Outcome, Watch};

use super::amounts::shown;
use crate::{
    failure::{Failure, tell},
    output::{self, remark},
};

const TEMPLATE: &str = "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";
/// At most this many failures are told to people while it runs; a program gets all of them.
const TOLD: u64 = 50;

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Down,
    Up,
}

impl Direction {
    /// "downloaded".
    fn done(self) -> &'static str {
        match self {
            Self::Down => "downloaded",
            Self::Up => "uploaded",
        }
    }
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    People,
    /// One line of JSON for each file.
    Programs,
}

/// How a transfer goes.
pub(super) struct Report {
    direction: Direction,
    reader: Reader,
    bar: ProgressBar,
    files: AtomicU64,
    ended: AtomicU64,
    done: AtomicU64,
    present: AtomicU64,
    planned: AtomicU64,
    bytes: AtomicU64,
    failed: AtomicU64,
    about_bytes: AtomicU64,
    /// Why a line could not be written.
    broken: Mutex<Option<std::io::Error>>,
}

impl Report {
    pub(super) fn new(direction: Direction, reader: Reader) -> Self {
        let target = match reader {
            Reader::People => ProgressDrawTarget::stderr(),
            Reader::Programs => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            direction,
            reader,
            bar: bar.with_style(style),
            files: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            done: AtomicU64::new(0),
            present: AtomicU64::new(0),
            planned: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            about_bytes: AtomicU64::new(0),
            broken: Mutex::new(None),
        }
    }

    /// Tells the sum, and gives the failure by which the program ends if files have failed.
    ///
    /// # Errors
    /// When a file has failed, or the output is broken.
    pub(super) fn conclude(&self) -> anyhow::Result<()> {
        self.bar.finish_and_clear();
        if let Some(error) = self.broken.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error.into());
        }
        if self.reader == Reader::People {
            remark(self.sum())?;
        }
        let (failed, about_bytes) = (count(&self.failed), count(&self.about_bytes));
        let told = format!("{failed} of {} files failed", count(&self.ended));
        match failed {
            0 => Ok(()),
            _ if about_bytes == failed => Err(Failure::NotInOrder(told).into()),
            _ => Err(anyhow::anyhow!(told)),
        }
    }

    fn sum(&self) -> String {
        let files = |number: u64| format!("{number} {}", if number == 1 { "file" } else { "files" });
        let bytes = shown(count(&self.bytes));
        let planned = count(&self.planned);
        if planned > 0 {
            return format!("{} with {bytes} would be {}", files(planned), self.direction.done());
        }
        let done = format!("{} {}, {bytes}", files(count(&self.done)), self.direction.done());
        match count(&self.present) {
            0 => done,
            present => format!("{done}; {} were there", files(present)),
        }
    }

    fn line(&self, outcome: &Outcome) -> Value {
        let status = match outcome.end {
            Ok(Ended::Moved) => self.direction.done(),
            Ok(Ended::Present) => "present",
            Ok(Ended::Planned) => "planned",
            Err(_) => "failed",
        };
        let path = Some(&outcome.path).filter(|path| !path.as_os_str().is_empty());
        let checksums: Map<String, Value> =
            outcome.checksums.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let mut line = json!({
            "id": outcome.id, "path": path, "status": status, "size": outcome.size, "checksums": checksums,
        });
        if let Err(error) = &outcome.end {
            line["error"] = json!({ "kind": error.kind(), "message": error.to_string() });
        }
        line
    }

    fn tell_people(&self, outcome: &Outcome) {
        match &outcome.end {
            Err(error) => {
                let failed = count(&self.failed);
                let name = outcome.id.clone().unwrap_or_else(|| outcome.path.display().to_string());
                self.bar.suspend(|| match failed {
                    0..=TOLD => tell(&format!("{name}: {error}")),
                    _ if failed == TOLD + 1 => tell("more files failed; --json tells of each"),
                    _ => {}
                });
            }
            Ok(Ended::Planned) => {
                let size = outcome.size.map_or_else(|| "?".to_owned(), shown);
                self.write(&format!(
                    "{}\t{size}\t{}",
                    outcome.id.as_deref().unwrap_or("-"),
                    outcome.path.display()
                ));
            }
            Ok(_) => {}
        }
    }

    fn write(&self, line: &str) {
        if let Err(error) = output::tell(line) {
            self.broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }
}

fn count(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}

impl Watch for Report {
    fn doing(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    fn total(&self, files: u64, bytes: u64) {
        self.files.store(files, Ordering::Relaxed);
        self.bar.set_length(bytes);
        self.bar.set_message(format!("0/{files}"));
    }

    fn moved(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn lost(&self, bytes: u64) {
        self.bar.dec(bytes);
    }

    fn ended(&self, outcome: &Outcome) {
        let add = |number: &AtomicU64, more| number.fetch_add(more, Ordering::Relaxed);
        let size = outcome.size.unwrap_or_default();
        match &outcome.end {
            Ok(Ended::Moved) => {
                add(&self.done, 1);
                add(&self.bytes, size);
            }
            Ok(Ended::Present) => drop(add(&self.present, 1)),
            Ok(Ended::Planned) => {
                add(&self.planned, 1);
                add(&self.bytes, size);
            }
            Err(error) => {
                add(&self.failed, 1);
                add(&self.about_bytes, u64::from(error.is_about_bytes()));
            }
        }
        let ended = add(&self.ended, 1) + 1;
        self.bar.set_message(format!("{ended}/{}", count(&self.files).max(ended)));
        match self.reader {
            Reader::People => self.tell_people(outcome),
            Reader::Programs => self.write(&self.line(outcome).to_string()),
        }
    }
}
