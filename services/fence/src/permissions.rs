//! What fence asks arborist about.

use authz::Permission;

/// Uploading files that belong to no project yet.
pub(crate) struct UploadUnassigned;

impl Permission for UploadUnassigned {
    const SERVICE: &'static str = "fence";
    const METHODS: &'static [&'static str] = &["file_upload"];
}

/// Uploading files below resources.
pub(crate) struct UploadBelow;

impl Permission for UploadBelow {
    const SERVICE: &'static str = "fence";
    const METHODS: &'static [&'static str] = &["create", "write-storage"];
}

/// Deleting, of files and of other people's tokens.
pub(crate) struct Delete;

impl Permission for Delete {
    const SERVICE: &'static str = "fence";
    const METHODS: &'static [&'static str] = &["delete"];
}
