//! What runs on the folder, or ran last.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{
    folder::State,
    json::{read_json, write_json},
};

/// What runs on a state folder, or ran last. The database URLs hold a password.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) url: String,
    /// The gateway's address on this machine, which does without name servers and proxies.
    #[serde(default)]
    pub(crate) local_url: Option<String>,
    pub(crate) pid: u32,
    /// Each service's own address, if it has one.
    pub(crate) services: IndexMap<String, String>,
    pub(crate) object_store: String,
    pub(crate) databases: IndexMap<String, String>,
    /// Whether the databases are on our own server, which stops with us.
    pub(crate) private_databases: bool,
    /// The dictionary, if it is not the built-in one.
    pub(crate) dictionary: Option<String>,
    /// The page that lets somebody in without a password, with its code.
    #[serde(default)]
    pub(crate) login_url: Option<String>,
    /// Whether users log in by passwords that are kept here.
    #[serde(default)]
    pub(crate) local_accounts: bool,
}

impl Run {
    /// The port of the object store.
    pub(crate) fn object_store_port(&self) -> Option<u16> {
        self.object_store.rsplit_once(':')?.1.parse().ok()
    }

    /// The issuer of all tokens: fence's public address.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/user", self.url)
    }

    /// Where a program on this machine reaches the gateway.
    pub(crate) fn local_address(&self) -> &str {
        self.local_url.as_deref().unwrap_or(&self.url)
    }

    /// What a person opens in a browser first.
    pub(crate) fn page(&self) -> String {
        self.login_url.clone().unwrap_or_else(|| format!("{}/", self.url))
    }
}

impl State {
    /// What runs on this folder now, if anything does.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn running(&self) -> anyhow::Result<Option<Run>> {
        if self.holder()?.is_some() { self.last_run() } else { Ok(None) }
    }

    /// What runs on this folder now, or ran last.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub(crate) fn last_run(&self) -> anyhow::Result<Option<Run>> {
        read_json(&self.path("run.json"))
    }

    /// Remembers what runs.
    pub(crate) fn write_run(&self, run: &Run) -> anyhow::Result<()> {
        write_json(&self.path("run.json"), run)
    }
}
