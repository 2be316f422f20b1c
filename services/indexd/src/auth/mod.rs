//! Who may write.
//!
//! A basic login may do everything. Anybody else is asked about at arborist with the bearer token. Reads need
//! no permission, and a bad token on a read is never looked at.
//!
//! [`claimant`] reads who asks, `rights` finds out what they may do, `ownership` whether that makes up for
//! the owner of a record or of a place of bytes, and `rules` says what each change needs. A rule that is met
//! gives a [`May`], without which no function of `store` writes a record, alias or bundle.

mod bulk;
mod claimant;
mod claims;
mod ownership;
mod rights;
mod rules;

pub(crate) use bulk::{Decisions, Permitted, Writes};
pub(crate) use claimant::Claimant;
pub use rights::{Create, Delete, Update};
pub use rules::{
    AllBundles, BlankFilling, BundleId, LegacyName, May, NewAliases, RecordAliases, RecordChange,
    VersionsChange,
};
