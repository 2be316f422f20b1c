//! Records taken out of a project.

pub(crate) mod entities;
pub mod manifest;
pub(crate) mod records;
pub(crate) mod request;
pub(crate) mod stream;
