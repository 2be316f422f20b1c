//! A whole commons in one process, over HTTP, with services calling each other directly and over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod background;
mod browser;
mod callers;
mod command_line;
mod dictionary;
mod doctor;
mod etl;
mod init;
mod life;
mod main_job;
mod maintenance;
mod messages;
mod operations;
mod probes;
#[path = "../proof/mod.rs"]
mod proof;
mod reload;
mod running;
mod settings;
mod split;
