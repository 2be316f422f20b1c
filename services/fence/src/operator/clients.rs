//! OAuth clients.

use indexmap::IndexMap;
use sqlx::PgPool;

use crate::{error::Error, store::clients};

/// The identifiers of the clients of each name. A name has several after its secret was rotated.
///
/// # Errors
/// When the database fails.
pub async fn ids_by_name(pool: &PgPool) -> Result<IndexMap<String, Vec<String>>, Error> {
    let mut connection = pool.acquire().await?;
    Ok(clients::ids_by_name(&mut connection).await?.into_iter().collect())
}
