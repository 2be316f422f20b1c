//! Whether arborist can work.

use crate::{Arborist, Error, store::server};

impl Arborist {
    /// Fails when the database does not answer.
    pub(crate) async fn ping_database(&self) -> Result<(), Error> {
        Ok(server::ping(&mut *self.connection().await?).await?)
    }
}
