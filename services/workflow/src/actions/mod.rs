//! What the service does.

mod create;
mod run;
mod show;
