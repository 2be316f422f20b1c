//! Uploads: many files at once, large ones in parts, resumed after a break, with a table of what was sent.

mod all;
mod file;
mod journal;
mod local;
mod parts;
mod put;
mod run;
mod table;

pub use all::{preview_upload, upload};
pub use local::{LocalFile, Naming, collect, is_metadata};
pub use run::{SMALLEST_PART, Sent, UploadOptions};
pub use table::{into_records, merged_table};
