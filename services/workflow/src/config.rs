//! What an operator can set.

use std::time::Duration;

use url::Url;

use crate::task::Images;

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The images that tasks may name; an empty list allows none.
    pub images: Images,
    /// The bucket in which every user has the folder of their id; without one nothing is kept of tasks.
    pub bucket: Option<String>,
    /// The public address of the commons.
    pub public_url: Url,
    /// Where signed URLs of this commons' store lead, if that is not its public address.
    pub store_url: Option<Url>,
    /// How much there may be.
    pub limits: Limits,
    /// The version that the service says of itself.
    pub version: String,
}

/// How much there may be of tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Tasks that run at once.
    pub running: usize,
    /// Tasks of a user that have not ended.
    pub unfinished: i64,
    /// How long a task runs at most.
    pub time: Duration,
    /// How long a task is known after its end.
    pub kept: Duration,
    /// How often it is looked what is to be done.
    pub look: Duration,
    /// What each process of a task may have that does not say what it needs.
    pub each: sandbox::Limits,
    /// What there is: processors, and memory in gigabytes. A task that asks for more is refused.
    pub machine: (u32, f64),
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            running: 2,
            unfinished: 10_000,
            time: Duration::from_secs(24 * 3_600),
            kept: Duration::from_secs(30 * 24 * 3_600),
            look: Duration::from_secs(2),
            each: sandbox::Limits::default(),
            machine: (1, 4.0),
        }
    }
}

impl Config {
    /// A configuration that allows nothing.
    pub fn new(public_url: Url) -> Self {
        Self {
            images: Images::default(),
            bucket: None,
            public_url,
            store_url: None,
            limits: Limits::default(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}
