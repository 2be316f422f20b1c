//! arborist with its real database, over HTTP and in the same process.

mod commons;
mod decisions;
mod endpoints;
mod forms;
mod grants;
mod migrations;
mod refusals;
mod resources;
mod synced;
