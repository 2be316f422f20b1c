//! JSON Web Tokens of a commons: claims, signing keys, and verification.
//!
//! The invariant of this crate: a [`Claims`] value that came out of [`Verifier::verify`] was signed with
//! RS256 by a key that the commons publishes, has not expired, and was issued by an allowed issuer.
//! No other algorithm is ever accepted (RFC 8725 §3.1).

mod claims;
mod error;
mod figures;
mod key_folder;
mod keys;
mod published;
mod remembered;
pub mod rotation;
mod unverified;
mod verify;

pub use claims::{Claims, Context, Purpose, Scopes, UserContext};
pub use error::TokenError;
pub use key_folder::SigningKeys;
pub use keys::{Jwk, Jwks, KeyError, SigningKey};
pub use remembered::Verified;
pub use unverified::unverified;
pub use verify::{Expect, Expiry, Unsaid, Verifier, bearer};
