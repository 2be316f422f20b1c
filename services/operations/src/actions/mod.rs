//! What the service does.

mod archive;
mod follow;
mod jobs;
mod limits;
mod manifests;
mod runs;
mod workflows;
