//! What the service does.

mod queries;
mod records;

pub(crate) use queries::Found;

use crate::{error::Error, service::Audit, store};

impl Audit {
    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(store::read::ping(&mut connection).await?)
    }
}
