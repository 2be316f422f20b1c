//! Whether arborist can work.

use crate::{Arborist, Error, store::server};

impl Arborist {
    /// Fails when the database does not answer soon.
    pub(crate) async fn ping_database(&self) -> Result<(), Error> {
        let answers = async { server::ping(&mut *self.pool.acquire().await?).await };
        Ok(database::promptly(answers).await?)
    }
}
