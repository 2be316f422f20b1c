//! The archive among the operations of this program.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use archive::Tiers;
use workqueue::Kind;

use crate::documents;

/// The tiers of a file.
///
/// # Errors
/// When there are none in it, or they cannot work.
pub(crate) fn tiers(file: &Path) -> anyhow::Result<Tiers> {
    Tiers::from_document(documents::yaml(file)?).with_context(|| format!("{} cannot be used", file.display()))
}

/// The limits that the kinds share, as they are where nobody has set them.
pub(crate) fn limits(kinds: &[Arc<dyn Kind>]) -> Vec<(String, u16)> {
    if !kinds.iter().any(|kind| kind.name() == archive::ARCHIVE) {
        return Vec::new();
    }
    archive::LIMITS.map(|(name, most)| (name.to_owned(), most)).into()
}
