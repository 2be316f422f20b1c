//! The archive on a real database, a real S3 endpoint and real folders.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod damage;
mod kills;
mod orders;
mod probe;
mod restoring;
mod roundtrip;
mod world;
