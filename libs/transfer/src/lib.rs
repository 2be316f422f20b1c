//! Moving files between this machine and a Gen3 data commons, ours or an original one.
//!
//! [`Commons`] is a commons and who the user is there. [`Resolver`] finds out what GUIDs, DRS URIs and the
//! entries of a [`manifest`] mean; [`download`] gets the files, [`upload`] sends some. Only routes of the
//! original services are used, so that every commons will do. How far a transfer is, and how each file ended,
//! is told to a [`Watch`].

mod blocking;
mod calls;
mod checksums;
mod clients;
mod commons;
mod credentials;
mod download;
mod error;
mod folder;
mod hosts;
mod identifiers;
pub mod manifest;
mod names;
mod pace;
mod resolve;
mod retry;
mod upload;
mod watch;

pub use checksums::{Checksums, Verify};
pub use commons::{Commons, origin};
pub use credentials::{ApiKey, Credentials};
pub use download::{DownloadOptions, Existing, Plan, download, preview};
pub use error::TransferError;
pub use hosts::RESOLVER;
pub use identifiers::Identifier;
pub use names::NameFormat;
pub use pace::Pace;
pub use resolve::{Object, Resolved, Resolver};
pub use retry::Retries;
pub use upload::{
    LocalFile, Naming, SMALLEST_PART, Sent, UploadOptions, collect, into_records, is_metadata, merged_table,
    preview_upload, upload,
};
pub use watch::{Ended, Outcome, Watch};
