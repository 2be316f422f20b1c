//! What can be done.

use std::{collections::BTreeMap, error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::work::Work;

/// Something that can be done, again and again.
///
/// `run` may be stopped at each of its `await`s, when the run is canceled or the process ends, and may be
/// begun again after a half of it was done: what it does must bear that.
#[async_trait]
pub trait Kind: Send + Sync {
    /// Its name, as permissions and tables have it.
    fn name(&self) -> &'static str;

    /// What it does, in a sentence without a full stop.
    fn purpose(&self) -> &'static str;

    /// The parameters that a person may fill in, for forms. `check` decides.
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }

    /// How often it is tried, and how much of it at once.
    fn policy(&self) -> Policy {
        Policy::default()
    }

    /// Whether it can be done with these parameters.
    ///
    /// # Errors
    /// With what is wrong, for who asked for it.
    fn check(&self, params: &Map<String, Value>) -> Result<(), String>;

    /// Names of further limits that a run counts against, for example `project P`.
    fn limits(&self, params: &Map<String, Value>) -> Vec<String> {
        let _ = params;
        Vec::new()
    }

    /// What two runs have in common of which only one is done at a time: while one waits or is being done,
    /// whoever asks for the same gets that one. Runs have nothing in common unless a kind says so.
    fn same_as(&self, params: &Map<String, Value>) -> Option<String> {
        let _ = params;
        None
    }

    /// Does it, and returns what came of it.
    ///
    /// # Errors
    /// When it could not be done.
    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed>;
}

/// What a parameter is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Yes or no.
    Flag,
    /// A whole number.
    Number,
    /// A text.
    Text,
    /// Any JSON.
    Json,
}

/// A parameter of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is filled with.
    pub form: Form,
    /// What it changes, in a sentence without a full stop.
    pub purpose: &'static str,
    /// Whether there is no run without it.
    pub required: bool,
}

impl Parameter {
    /// One that may be left out.
    pub const fn optional(name: &'static str, form: Form, purpose: &'static str) -> Self {
        Self { name, form, purpose, required: false }
    }

    /// One that every run needs.
    pub const fn needed(name: &'static str, form: Form, purpose: &'static str) -> Self {
        Self { name, form, purpose, required: true }
    }
}

/// Who may read runs of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Those with the permission.
    Permitted,
    /// They, and whoever asked for the run.
    AskerToo,
}

/// How a kind is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How often a run is begun at most, those counted whose worker was lost.
    pub attempts: u16,
    /// How long the second attempt waits; each further one waits twice as long.
    pub pause: Duration,
    /// How many runs there are at once, in all processes. No limit of its own if there is none.
    pub at_once: Option<u16>,
    /// Who may read its runs.
    pub readers: Readers,
}

impl Default for Policy {
    /// Three attempts, the second after ten seconds; one run at a time.
    fn default() -> Self {
        Self { attempts: 3, pause: Duration::from_secs(10), at_once: Some(1), readers: Readers::Permitted }
    }
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It may go better another time.
    #[error("{0}")]
    Passing(String),
    /// It would fail again.
    #[error("{0}")]
    ForGood(String),
    /// Something is waited for that takes long: the run goes back into the queue, and the attempt does not
    /// count.
    #[error("{told}")]
    NotYet {
        /// What is waited for.
        told: String,
        /// How long the run waits.
        pause: Duration,
    },
}

impl Failed {
    /// With all causes of `error`; it is tried again.
    pub fn passing(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Passing(told(error.into().as_ref()))
    }

    /// With all causes of `error`; it is not tried again.
    pub fn for_good(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::ForGood(told(error.into().as_ref()))
    }
}

fn told(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The kinds of a commons, by name.
#[derive(Clone, Default)]
pub struct Kinds(BTreeMap<&'static str, Arc<dyn Kind>>);

impl Kinds {
    /// These; of two with one name the last.
    pub fn new(kinds: impl IntoIterator<Item = Arc<dyn Kind>>) -> Self {
        Self(kinds.into_iter().map(|kind| (kind.name(), kind)).collect())
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Kind>> {
        self.0.get(name)
    }

    /// All, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Kind>> {
        self.0.values()
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        self.0.keys().map(|name| (*name).to_owned()).collect()
    }
}

impl std::fmt::Debug for Kinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
