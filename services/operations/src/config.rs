//! What an operator can set.

use std::{collections::BTreeMap, time::Duration};

/// What an operator can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What sower's clients may ask for: the name of an action, and the kind that does it.
    pub actions: BTreeMap<String, String>,
    /// Largest body of a request, in bytes.
    pub body_limit: usize,
    /// Largest body with a list of files, in bytes.
    pub list_limit: usize,
    /// Those who follow a log at the same time.
    pub most_followers: usize,
    /// How long one may follow a log.
    pub follow: Duration,
    /// The version that `/_version` shows.
    pub version: String,
    /// The commit that `/_version` shows.
    pub commit: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            actions: BTreeMap::new(),
            body_limit: 512 << 10,
            list_limit: 32 << 20,
            most_followers: 100,
            follow: Duration::from_secs(3_600),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: String::new(),
        }
    }
}
