//! The forms in which records, templates and archives leave.
//!
//! Pure: nothing in this folder does any I/O.

pub(crate) mod archive;
pub(crate) mod layout;
pub(crate) mod manifest;
pub(crate) mod rows;
pub(crate) mod template;
