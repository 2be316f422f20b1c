//! What an operator can set.

use std::{sync::Arc, time::Duration};

use hatchery::Hatchery;
use url::Url;

/// What an operator can set.
#[derive(Clone)]
pub struct Config {
    /// What is offered.
    pub hatchery: Hatchery,
    /// The public address of the commons.
    pub public_url: Url,
    /// What the secrets of workspaces are derived from.
    pub secret: Arc<str>,
    /// How much there may be.
    pub limits: Limits,
    /// The version that `/_version` shows.
    pub version: String,
    /// The commit that `/_version` shows.
    pub commit: String,
}

/// How much there may be of workspaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Workspaces at once; nobody launches one more.
    pub most: i64,
    /// A workspace that tells when it was used last ends when it has not been used for so long, unless its
    /// own arguments name another time. Zero: never.
    pub idle: Duration,
    /// A workspace that has ended by itself is shown as stopped for so long.
    pub stopped: Duration,
    /// How often all workspaces are looked at.
    pub look: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            most: 100,
            idle: Duration::from_secs(3_600),
            stopped: Duration::from_secs(3_600),
            look: Duration::from_secs(15),
        }
    }
}

impl Config {
    /// A configuration that offers nothing.
    pub fn new(public_url: Url, secret: &str) -> Self {
        Self {
            hatchery: Hatchery::default(),
            public_url,
            secret: secret.into(),
            limits: Limits::default(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: String::new(),
        }
    }
}

// Written by hand so that the secret can never reach a log.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("limits", &self.limits).finish_non_exhaustive()
    }
}
