//! sheepdog on a real database, over HTTP in the test's own process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adoption;
mod batches;
mod bulk;
mod busy;
mod cases;
mod check;
mod deletion;
mod endpoints;
mod exports;
mod files;
mod input;
mod places;
mod programs;
mod reading;
mod reassignment;
mod running;
mod shown;
mod states;
mod submission;
mod support;
mod tables;
mod transactions;
mod two_databases;
