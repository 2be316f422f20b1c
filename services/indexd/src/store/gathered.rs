//! What many requests read at the same time, in one statement.

use std::{collections::HashMap, sync::Arc};

use database::Lookup;
use indexclient::ownership::Place;
use sqlx::PgConnection;

use super::{
    locations::{self, Named},
    records,
};
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

/// Finds the dids of the records that name a place, in the multi-table layout.
pub(crate) struct ByPlace;

impl Lookup for ByPlace {
    type Key = Place;
    type Found = Named;

    async fn find(
        &self,
        connection: &mut PgConnection,
        places: &[Place],
    ) -> Result<HashMap<Place, Named>, sqlx::Error> {
        locations::naming(connection, places).await
    }
}
