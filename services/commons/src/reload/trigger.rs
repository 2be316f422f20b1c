//! Reasons to reload: a signal, or a source that has changed.

use std::{sync::Arc, time::Duration};

use dictionary::{LoadError, Watched};
use indexmap::IndexMap;
use serde_json::Value;
use tokio::sync::Notify;

/// Tells that somebody asked for a reload. A request that comes before anybody waits is not lost.
pub(crate) type Asked = Arc<Notify>;

/// A reason to reload.
pub(crate) enum Trigger {
    /// Somebody asked for it: the source has to be read.
    Asked,
    /// The source has changed, or can no longer be read.
    Changed(Result<IndexMap<String, Value>, LoadError>),
}

/// The reasons that are waited for.
pub(crate) struct Triggers {
    asked: Asked,
    watched: Option<(Watched, Duration)>,
    /// The last failure, which is reported once.
    told: Option<String>,
}

impl Triggers {
    /// Waits for requests through `asked`, and looks at `source` once in each `interval`.
    pub(crate) fn new(asked: Asked, source: Option<&str>, interval: Option<Duration>) -> Self {
        let watched = source.zip(interval).map(|(source, interval)| (Watched::new(source), interval));
        Self { asked, watched, told: None }
    }

    /// Waits for the next reason.
    pub(crate) async fn next(&mut self) -> Trigger {
        let Self { asked, watched, told } = self;
        tokio::select! {
            () = asked.notified() => Trigger::Asked,
            changed = change(watched, told) => Trigger::Changed(changed),
        }
    }
}

async fn change(
    watched: &mut Option<(Watched, Duration)>,
    told: &mut Option<String>,
) -> Result<IndexMap<String, Value>, LoadError> {
    let Some((watched, interval)) = watched else { return std::future::pending().await };
    loop {
        tokio::time::sleep(*interval).await;
        match watched.look().await {
            Ok(None) => {}
            Ok(Some(files)) => {
                *told = None;
                return Ok(files);
            }
            Err(error) => {
                let text = error.to_string();
                if told.as_ref() != Some(&text) {
                    *told = Some(text);
                    return Err(error);
                }
            }
        }
    }
}
