//! Local accounts: users with a password that fence itself keeps, for a commons without an identity provider.
//!
//! Pure but for `hashing`, which keeps processors and memory within bounds. Nothing here knows requests or
//! tables.

pub(crate) mod codes;
pub(crate) mod guesses;
pub(crate) mod hashing;
pub(crate) mod passwords;
pub(crate) mod second_factor;
