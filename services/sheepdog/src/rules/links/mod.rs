//! Links of a submission.
//!
//! Three steps with a lookup between: [`targets::collect`] what is referred to and
//! [`targets::Links::resolve`] it, then [`edges::check`] multiplicities and [`rules`] against the edges that
//! exist.

pub(crate) mod edges;
pub(crate) mod rules;
mod shape;
pub(crate) mod targets;
