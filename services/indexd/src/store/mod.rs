//! SQL. Every function takes a connection; whoever calls begins and commits. What changes a record takes a
//! [`Permit`](crate::auth::Permit), the proof that somebody was asked.

pub(crate) mod aliases;
pub(crate) mod bundles;
pub(crate) mod change;
pub(crate) mod filter;
pub(crate) mod insert;
pub(crate) mod legacy;
pub(crate) mod logins;
pub(crate) mod records;
pub(crate) mod stats;
pub(crate) mod urls;
