//! From `ir` to SQL: one statement for each level of a selection. Pure; each function shows the SQL that it
//! makes.
//!
//! A [`Planner`] can only be made with a [`Readable`](crate::access::Readable), and everything that it plans
//! is restricted to it.

mod counts;
mod filters;
mod logs;
mod parts;
mod paths;
mod planner;
mod projects;
mod scans;
mod session;
#[cfg(test)]
mod tests;

pub use planner::Planner;
pub(crate) use projects::projects;
pub(crate) use session::{BEGIN, CANCEL, Cursor, PING, SETTINGS, SIZES, limited};
