//! arborist with its real database, over HTTP and in the same process.

mod cases;
mod commons;
mod decisions;
mod endpoints;
mod explained;
mod forms;
mod grants;
mod hostile;
mod memory;
mod migrations;
mod order;
mod refusals;
mod repeated;
mod resources;
mod standing;
mod synced;
mod timed;
