//! Whether fence can work.

use crate::{error::Error, service::Fence, store};

impl Fence {
    /// Asks whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(store::ping(&mut connection).await?)
    }
}
