//! The state folder of a commons on one machine.
//!
//! ```text
//! lock               held while a commons runs on this folder
//! secrets.json       passwords, codes and store keys, generated once
//! keys/DATE/*.pem    token signing keys, generated once, newest first
//! credentials.json   API key of the user admin, as the SDK reads it
//! wts-client.json    what fence knows the workspace token service by, made at the first start
//! run.json           what runs now, or ran last: URL, addresses, databases
//! options.json       options of the last start, which the next one takes up
//! commons.log        log of a commons in the background
//! dictionary.json    what came of the last reload of the dictionary
//! postgres/          the databases          postgres.log   their log
//! objects/           the embedded object store
//! search/            the search indices
//! ```

mod folder;
mod json;
mod keys;
mod lock;
mod run;
mod secrets;

pub(crate) use folder::{PRIVATE, SECRETS, State, StateArgs, VERSION_OF_DATABASES, WTS_CLIENT};
pub(crate) use json::{read_json, write_json, write_private};
pub(crate) use lock::Lock;
pub(crate) use run::Run;
pub(crate) use secrets::{Secrets, secret};
