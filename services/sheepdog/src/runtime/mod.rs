//! How much is done at once and on which threads, and where data waits that does not fit into memory.

pub(crate) mod batches;
pub(crate) mod life;
pub(crate) mod memory;
pub(crate) mod pipe;
pub(crate) mod queue;
pub(crate) mod spool;
pub(crate) mod task;
pub(crate) mod turns;
pub(crate) mod workers;
