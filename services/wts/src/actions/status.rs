//! Whether the service can work.

use crate::{error::Error, service::Wts, store::refresh_tokens};

impl Wts {
    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(refresh_tokens::ping(&mut connection).await?)
    }
}
