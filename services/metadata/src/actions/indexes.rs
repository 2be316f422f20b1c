//! Indexes of paths.

use crate::{
    access::MayAdminister,
    error::Error,
    filters,
    search::JsonPath,
    service::Metadata,
    store::{counts, indexes},
};

/// Each of them makes every write slower.
const MOST_INDEXES: usize = 64;
/// Bytes of the keys of a path.
const LONGEST_PATH: usize = 1_000;

impl Metadata {
    /// The paths that have an index.
    pub(crate) async fn indexes(&self, permit: &MayAdminister) -> Result<Vec<String>, Error> {
        Ok(indexes::list(&mut *self.pool.acquire().await?, permit).await?)
    }

    /// Makes the index of a path, and counts its values from now on.
    ///
    /// # Errors
    /// 409 when there is one, 400 for a path that cannot have one, and when there are too many.
    pub(crate) async fn create_index(&self, permit: &MayAdminister, path: &str) -> Result<(), Error> {
        let keys = filters::path(path)?;
        if path.len() > LONGEST_PATH || path.contains(['"', '\\', '\0', '\u{fffd}']) {
            return Err(Error::bad("a path with an index is short, and has neither quotes nor backslashes"));
        }
        let mut transaction = self.pool.begin().await?;
        indexes::lock(&mut transaction, permit).await?;
        if indexes::exists(&mut transaction, permit, &indexes::name(&keys)).await? {
            return Err(Error::Conflict(format!("Conflict: {path}")));
        }
        if indexes::list(&mut transaction, permit).await?.len() >= MOST_INDEXES {
            return Err(Error::bad(format!("there are {MOST_INDEXES} indexes already")));
        }
        indexes::create(&mut transaction, permit, &keys).await?;
        if let Ok(path) = JsonPath::read(path) {
            counts::begin(&mut transaction, permit, &path).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes the index of a path, and its counts.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn delete_index(&self, permit: &MayAdminister, path: &str) -> Result<(), Error> {
        let name = indexes::name(&filters::path(path)?);
        let mut transaction = self.pool.begin().await?;
        indexes::lock(&mut transaction, permit).await?;
        if !indexes::exists(&mut transaction, permit, &name).await? {
            return Err(Error::not_found(path));
        }
        indexes::delete(&mut transaction, permit, &name).await?;
        if let Ok(path) = JsonPath::read(path) {
            counts::end(&mut transaction, permit, &path).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
