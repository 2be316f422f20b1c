//! What documents mean, and what the dictionary allows.
//!
//! Pure: nothing in this folder does any I/O. Each module says what to look up, and decides with what was
//! found.

pub(crate) mod classify;
pub(crate) mod deletion;
pub(crate) mod files;
mod keys;
pub(crate) mod links;
pub(crate) mod lost;
pub(crate) mod members;
pub(crate) mod names;
pub(crate) mod places;
pub(crate) mod properties;
pub(crate) mod repeats;
pub(crate) mod resolve;
