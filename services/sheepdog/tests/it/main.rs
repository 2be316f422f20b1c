//! sheepdog on a real database, over HTTP in the test's own process.

mod deletion;
mod files;
mod input;
mod programs;
mod submission;
mod support;
mod transactions;
