//! A store with an upload, for the tests of those who work on uploads.

use uuid::Uuid;

use super::{Upload, Uploads};
use crate::{
    checksums::Checksums,
    draft::{self, Draft},
    layout::Layout,
};

/// A store with the bucket `b`, in which an upload of `k` was begun.
pub(crate) struct Stand {
    pub(crate) layout: Layout,
    pub(crate) uploads: Uploads,
    pub(crate) id: Uuid,
    pub(crate) upload: Upload,
    pub(crate) root: tempfile::TempDir,
}

impl Stand {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        draft::prepare(root.path()).unwrap();
        let layout = Layout::new(root.path());
        layout.prepare().unwrap();
        layout.make_bucket("b").unwrap();
        let uploads = Uploads::open(&layout).unwrap();
        let upload = Upload { bucket: "b".into(), key: "k".into(), ..Upload::default() };
        let id = uploads.begin(&upload).unwrap();
        Self { layout, uploads, id, upload, root }
    }

    /// Adds a part.
    pub(crate) fn add(&self, number: i32, e_tag: &str, content: &str) {
        let draft = Draft::with(self.root.path(), content.as_bytes()).unwrap();
        let digests = (e_tag, &Checksums::default());
        self.uploads.add((self.id, &self.upload), number, digests, draft).unwrap();
    }

    /// Number and tag of each part.
    pub(crate) fn parts(&self) -> Vec<(i32, String)> {
        let parts = self.uploads.parts(self.id, &self.upload).unwrap_or_default();
        parts.into_iter().map(|part| (part.number, part.e_tag)).collect()
    }
}
