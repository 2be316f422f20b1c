//! What the service does.

mod follow;
mod jobs;
mod runs;
