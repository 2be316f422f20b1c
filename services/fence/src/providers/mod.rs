//! Logging in through other issuers of OpenID Connect: which there are, sending browsers to them, and
//! believing what they say when the browser comes back.
//!
//! `upstream` and `claims` are pure; `issuer` knows what an issuer says of itself, and its keys; `exchange`
//! makes a code into claims. Nothing here knows users or sessions.

mod claims;
mod error;
mod exchange;
mod issuer;
mod pending;
mod transport;
mod upstream;

pub(crate) use claims::{Person, Registration};
pub use error::ProviderError;
pub(crate) use exchange::person;
pub(crate) use issuer::{Issuer, issuers};
pub(crate) use pending::Pending;
pub(crate) use upstream::{route, upstreams};
