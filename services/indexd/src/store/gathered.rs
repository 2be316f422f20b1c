//! Records that many requests read at the same time, in one statement.

use std::{collections::HashMap, sync::Arc};

use database::Lookup;
use sqlx::PgConnection;

use super::records;
use crate::{document::Record, guid::Guid};

/// Reads records by their dids, in the multi-table layout.
pub(crate) struct ByDid;

impl Lookup for ByDid {
    type Key = Guid;
    type Found = Arc<Record>;

    async fn find(
        &self,
        connection: &mut PgConnection,
        dids: &[Guid],
    ) -> Result<HashMap<Guid, Arc<Record>>, sqlx::Error> {
        let found = records::some(connection, dids).await?;
        Ok(found.into_iter().map(|record| (record.did.clone(), Arc::new(record))).collect())
    }
}
