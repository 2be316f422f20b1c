//! The operation `object-scrub`.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use objectstore::verify::{self, Event, Options};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use workqueue::{Failed, Form, Kind, Parameter, Policy, Work};

use super::params::{flag, only};

const MIB: u64 = 1 << 20;
/// Damaged objects that a log names.
const NAMED: u64 = 1_000;

/// Reads all objects of the embedded store, and compares them with their digests.
pub(crate) struct ObjectScrub {
    folder: PathBuf,
    /// A thread that reads cannot be stopped: it goes on when its run is canceled, and the next run waits.
    reading: Arc<Mutex<()>>,
}

impl ObjectScrub {
    /// Of the store in this folder.
    pub(crate) fn of(folder: PathBuf) -> Self {
        Self { folder, reading: Arc::default() }
    }
}

/// MiB a second.
fn rate(params: &Map<String, Value>) -> Result<Option<u64>, String> {
    let told = || "rate: it is a number of MiB a second, at least 1".to_owned();
    match params.get("rate") {
        None => Ok(None),
        Some(rate) => Ok(Some(rate.as_u64().filter(|rate| *rate > 0).ok_or_else(told)?.saturating_mul(MIB))),
    }
}

#[async_trait]
impl Kind for ObjectScrub {
    fn name(&self) -> &'static str {
        "object-scrub"
    }

    fn purpose(&self) -> &'static str {
        "Read all objects of the embedded store, and compare them with their digests"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("rate", Form::Number, "MiB a second at most"),
                Parameter::optional(
                    "anew",
                    Form::Flag,
                    "Begin with the first object, and not where a run ended",
                ),
            ]
        }
    }

    fn policy(&self) -> Policy {
        Policy { attempts: 3, ..Policy::default() }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &["rate", "anew"])?;
        rate(params)?;
        flag(params, "anew").map(drop)
    }

    /// A run that is begun again goes on where the last one was stopped.
    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let anew = flag(work.params(), "anew").unwrap_or(false) && work.attempt() == 1;
        let options = Options { rate: rate(work.params()).map_err(Failed::ForGood)?, anew };
        let reading = self.reading.clone().lock_owned().await;
        let (folder, told) = (self.folder.clone(), work.clone());
        let read = tokio::task::spawn_blocking(move || {
            let _reading = reading;
            let mut named = 0;
            verify::run(&folder, options, |event| match event {
                Event::Progress(report) => told.progress(report.objects, None, "reading objects"),
                Event::Damaged(damage) => {
                    named += 1;
                    if named <= NAMED {
                        let key = damage.key.as_deref().unwrap_or("an object whose key cannot be read");
                        told.log(format!("damaged: {}/{key}: {}", damage.bucket, damage.what));
                    }
                }
            })
        });
        let report = read.await.map_err(Failed::passing)?.map_err(Failed::passing)?;
        if report.damaged > 0 {
            let told =
                format!("{} objects are damaged; bring their files back from a backup", report.damaged);
            return Err(Failed::ForGood(told));
        }
        let (objects, bytes) = (report.objects, report.bytes);
        Ok(json!({ "objects": objects, "bytes": bytes, "without_digest": report.without_digest }))
    }
}
