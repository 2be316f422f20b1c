//! What the service does.

mod archive;
mod archiver;
mod follow;
mod jobs;
mod limits;
mod manifests;
mod runs;
mod site;
mod workflows;
