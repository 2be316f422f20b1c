//! Where backups are.

use std::{path::Path, sync::Arc};

use backup::{Place, Shelf};
use clap::Args;
use storage::{Bucket, Kind};

use super::super::environment::{self, Signing};

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
        if !self.place.contains("://") {
            anyhow::ensure!(!self.place.is_empty(), "the place of the backups has no name");
            return Ok(Place::folder(Path::new(&self.place)));
        }
        match Bucket::split(&self.place).filter(|(bucket, _)| bucket.kind() == Kind::S3) {
            Some((bucket, beginning)) if !bucket.name().is_empty() => {
                let store = environment::s3(bucket.name(), Signing::Found)?;
                Ok(Place::store(Arc::new(store), bucket.clone(), beginning))
            }
            _ => anyhow::bail!("{}: backups are in a folder or in s3://BUCKET/BEGINNING", self.place),
        }
    }

    /// The backups there.
    ///
    /// # Errors
    /// When there are none.
    pub(crate) async fn shelf(&self) -> anyhow::Result<Shelf> {
        Ok(Shelf::open(&self.place()?).await?)
    }
}
