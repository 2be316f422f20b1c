//! Where backups are.

use std::{path::Path, sync::Arc};

use backup::{Place, Shelf};
use clap::Args;
use storage::{Bucket, Kind};

use super::super::environment::{self, Signing};
use crate::{failure::Failure, state::State};

/// The folder, or the beginning of keys of a bucket, that a text names.
///
/// # Errors
/// When it names neither.
pub(crate) fn place_at(text: &str) -> anyhow::Result<Place> {
    if !text.contains("://") {
        anyhow::ensure!(!text.is_empty(), "the place has no name");
        return Ok(Place::folder(Path::new(text)));
    }
    match Bucket::split(text).filter(|(bucket, _)| bucket.kind() == Kind::S3) {
        Some((bucket, beginning)) if !bucket.name().is_empty() => {
            let store = environment::s3(bucket.name(), Signing::Found)?;
            Ok(Place::store(Arc::new(store), bucket.clone(), beginning))
        }
        _ => anyhow::bail!("{text}: a place is a folder or s3://BUCKET/BEGINNING"),
    }
}

/// Makes sure that backups are not lost together with what they are of.
///
/// # Errors
/// When the place is a folder in the state folder.
pub(crate) fn require_outside(place: &Place, state: &State) -> anyhow::Result<()> {
    let Some(folder) = place.as_folder() else { return Ok(()) };
    if std::path::absolute(folder)?.starts_with(state.folder()) {
        let told = format!("{place} is in the state folder, and would be lost with it; name another place");
        return Err(Failure::Prerequisite(told).into());
    }
    Ok(())
}

/// Where backups are.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlaceArgs {
    /// Where the backups are: a folder, or s3://BUCKET/BEGINNING of a bucket that is reached with what the
    /// tools of Amazon find (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, AWS_REGION, …)
    #[arg(value_name = "PLACE", env = "COMMONS_BACKUP_PLACE")]
    place: String,
}

impl PlaceArgs {
    /// # Errors
    /// When it can be none.
    pub(crate) fn place(&self) -> anyhow::Result<Place> {
        place_at(&self.place)
    }

    /// The backups there.
    ///
    /// # Errors
    /// When there are none.
    pub(crate) async fn shelf(&self) -> anyhow::Result<Shelf> {
        Ok(Shelf::open(&self.place()?).await?)
    }
}
