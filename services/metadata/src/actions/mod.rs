//! What the service does.

pub(crate) mod aggregate;
mod aliases;
mod documents;
mod indexes;
mod objects;
mod progress;
mod search;

pub(crate) use objects::Which;

use chrono::{DateTime, Utc};

use crate::{error::Error, service::Metadata, store};

impl Metadata {
    /// The time of the database, which is how it shows that it answers.
    pub(crate) async fn now(&self) -> Result<DateTime<Utc>, Error> {
        Ok(store::documents::now(&mut *self.pool.acquire().await?).await?)
    }
}
