//! Who somebody is: callers and their tokens, browser sessions, and where a login may lead.

pub(crate) mod attempts;
pub(crate) mod caller;
pub(crate) mod client_tokens;
pub(crate) mod consent;
pub(crate) mod cookies;
pub(crate) mod issuer;
pub mod login;
pub mod oauth_client;
pub(crate) mod passports;
pub mod password;
pub mod permits;
pub(crate) mod redirects;
pub mod registration;
pub(crate) mod scopes;
pub(crate) mod secrets;
pub mod session;
pub(crate) mod shibboleth;
pub(crate) mod teller;
