//! arborist with its real database, over HTTP and in the same process.

mod commons;
mod decisions;
mod endpoints;
mod explained;
mod forms;
mod grants;
mod memory;
mod migrations;
mod order;
mod refusals;
mod repeated;
mod resources;
mod synced;
