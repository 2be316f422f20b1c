//! A whole commons in one process, over HTTP, with services calling each other directly and over HTTP.

mod life;
mod main_job;
mod running;
