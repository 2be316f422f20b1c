//! Who somebody is: callers and their tokens, browser sessions, and where a login may lead.

pub(crate) mod caller;
pub(crate) mod cookies;
pub(crate) mod issuer;
pub mod login;
pub mod permits;
pub(crate) mod redirects;
pub(crate) mod scopes;
pub mod session;
