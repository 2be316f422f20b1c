//! Proofs that a caller may touch the bytes of a file. Each is made by the checks beside it and by nothing
//! else.
//!
//! What a proof permits is its type; which file it is about is inside it. The methods of
//! [`Fence`](crate::Fence) that touch a file demand the proof and take the file from it, so a permission
//! serves neither another action nor another file.

mod delete;
mod download;
mod upload;

pub use delete::MayDelete;
pub(crate) use delete::may_delete;
pub use download::MayDownload;
pub(crate) use download::{may_download, may_download_each};
pub use upload::{MayBeginUploads, MayUpload, MayWriteObject};
pub(crate) use upload::{may_begin_uploads, may_upload, may_write_object};
