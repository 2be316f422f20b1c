//! Elasticsearch and OpenSearch as a [`search::Engine`].
//!
//! [`Server`] speaks to one cluster, whatever its kind: Elasticsearch 7 to 9, OpenSearch 1 to 3. What is
//! asked is lowered to JSON and answers are read back by modules without I/O (`lower`, `answer`);
//! `docs/decisions/ search-servers.md` says what is promised and what differs between the servers.

mod answer;
mod client;
mod composite;
mod lower;
mod names;
mod pages;
mod searches;
mod server;
mod settings;
mod signing;
mod writes;

pub use server::Server;
pub use settings::{Identity, Settings, SettingsError};
