//! What fence asks arborist about.

use authz::Permission;

/// Reading the bytes of a file.
#[derive(Debug)]
pub(crate) struct ReadStorage;

impl Permission for ReadStorage {
    const SERVICE: &'static str = "fence";
    const METHODS: &'static [&'static str] = &["read-storage"];
}

/// Writing the bytes of a file that has a record.
#[derive(Debug)]
pub(crate) struct WriteStorage;

impl Permission for WriteStorage {
    const SERVICE: &'static str = "fence";
    const METHODS: &'static [&'static str] = &["write-storage"];
}

/// Uploading files that belong to no project yet.
#[derive(Debug)]
pub(crate) struct UploadUnassigned;

impl Permission for UploadUnassigned {
    const SERVICE: &'static str = "fence";
    const METHODS: &'static [&'static str] = &["file_upload"];
}

/// Uploading files below resources.
#[derive(Debug)]
pub(crate) struct UploadBelow;

impl Permission for UploadBelow {
    const SERVICE: &'static str = "fence";
    const METHODS: &'static [&'static str] = &["create", "write-storage"];
}

/// Deleting, of files and of other people's tokens.
#[derive(Debug)]
pub(crate) struct Delete;

impl Permission for Delete {
    const SERVICE: &'static str = "fence";
    const METHODS: &'static [&'static str] = &["delete"];
}

/// Everything that fence can do, for its administrators.
#[derive(Debug)]
pub(crate) struct Everything;

impl Permission for Everything {
    const SERVICE: &'static str = "fence";
    const METHODS: &'static [&'static str] = &["*"];
}

/// Making something; here tokens for tasks.
#[derive(Debug)]
pub(crate) struct Create;

impl Permission for Create {
    const SERVICE: &'static str = "fence";
    const METHODS: &'static [&'static str] = &["create"];
}
