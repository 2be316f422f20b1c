//! What the service does.

mod archive;
mod archiver;
mod follow;
mod jobs;
mod limits;
mod runs;
mod site;
