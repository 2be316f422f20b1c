//! Logging in through other issuers of OpenID Connect: which there are, sending browsers to them, and
//! believing what they say when the browser comes back.
//!
//! `upstream` and `claims` are pure; `issuer` knows what an issuer says of itself, and its keys; `exchange`
//! makes a code into claims, and `refresh` asks again later. Nothing here knows users or sessions.

mod behind;
mod claims;
mod error;
mod exchange;
mod federation;
mod groups;
mod issuer;
mod names;
mod pending;
mod refresh;
mod synapse;
mod transport;
mod upstream;
mod vouchers;

pub(crate) use behind::{Behind, Kind};
pub(crate) use claims::{Groups, Person, Registration, Renewal, SecondFactor};
pub use error::ProviderError;
pub(crate) use exchange::{ALGORITHMS, person};
pub(crate) use issuer::{FRESH, Issuer, Kept, PATIENCE, issuers, kept};
pub(crate) use pending::{Pending, VisasAsked};
pub(crate) use refresh::refresh;
pub(crate) use synapse::SYNAPSE;
pub(crate) use transport::{WELL_KNOWN, fetch};
pub(crate) use upstream::{RAS, SHIBBOLETH, route, upstreams};
pub(crate) use vouchers::Vouchers;
