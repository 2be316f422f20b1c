//! Backups: the form in which a commons is kept elsewhere, and the steps of making, checking and reading it.
//!
//! A place is a folder, or a bucket of S3 with a beginning of its keys. Everything in it is written once:
//!
//! ```text
//! commons-backup.json     says that this is a place for backups
//! pieces/AB/DIGEST        bytes, under their SHA-256
//! backups/NAME.json       the manifest of a backup, written last: there is no backup without one
//! presence/ID.json        who is at work here; written anew every half minute, deleted at the end
//! ```
//!
//! A file of a commons, such as a dump of a database or an object, is a list of pieces of at most
//! [`PIECE`] bytes. What an earlier backup has brought is not brought again, and whoever is killed leaves
//! pieces that the next backup uses, or [`prune`] deletes.
//!
//! A place of snapshots is like one of backups, with `commons-snapshots.json` and `snapshots/NAME.json`: see
//! [`GraphSnapshot`].
//!
//! This library knows nothing of databases and services; what is in a backup is its caller's matter.

mod age;
mod error;
mod listing;
mod manifest;
mod pieces;
mod place;
mod presence;
mod reading;
pub mod seal;
mod shelf;
mod snapshots;
mod sweep;

pub use error::BackupError;
pub use listing::{Entry, ListReader, ListWriter, Listed};
pub use manifest::{
    Bucket, Database, Described, Dictionary, FORMAT, Manifest, Objects, Program, Sealing, Secrets, Snapshot,
};
pub use pieces::{FileWriter, PIECE, Pieces, StoredFile, StoredPiece, Totals};
pub use place::Place;
pub use presence::{Presence, Task};
pub use reading::{Copied, copy, read_whole};
pub use shelf::{Shelf, is_name, new_name};
pub use snapshots::GraphSnapshot;
pub use sweep::{Checked, Flaw, Kept, Pruned, check, prune, require_pieces};
