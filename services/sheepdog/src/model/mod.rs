//! The types that all rooms use: plain data, which knows nothing of its users.

pub(crate) mod entity;
pub(crate) mod lookup;
pub(crate) mod problem;
pub(crate) mod project;
pub(crate) mod record;
pub(crate) mod scope;
