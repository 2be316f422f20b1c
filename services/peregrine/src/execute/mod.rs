//! Runs what was planned: one read-only REPEATABLE READ transaction, and in it a statement for each level of
//! a selection. Long lists are read in windows, and answers that are large are sent while they are made.

mod below;
mod cancel;
mod executor;
mod lists;
mod logs;
mod projects;
mod reply;
mod room;
mod roots;
mod rows;
mod sink;
mod sizes;
mod spill;
mod transaction;

pub(crate) use cancel::{run, start};
pub(crate) use executor::Executor;
pub(crate) use projects::{ProjectCounts, project_counts, readable};
pub(crate) use reply::Reply;
pub(crate) use sink::Answer;
pub(crate) use sizes::KnownSizes;
pub(crate) use spill::FileRoom;
pub(crate) use transaction::ping;
