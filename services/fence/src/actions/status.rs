//! Whether fence can work.

use crate::{error::Error, service::Fence, store};

impl Fence {
    /// Asks whether the database answers, soon.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let answers = async { store::ping(&mut *self.pool.acquire().await?).await };
        Ok(database::promptly(answers).await?)
    }
}
