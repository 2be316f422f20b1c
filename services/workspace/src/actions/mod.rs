//! What the service does.

mod activity;
mod launch;
mod settle;
mod show;
