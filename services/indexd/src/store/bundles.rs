//! Bundles.

use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use web::Failure;

use crate::{
    Error,
    auth::{AllBundles, BundleId, Create, Delete, May},
    dates::Timestamp,
    document::Bundle,
    guid::Guid,
    query::Window,
};

/// The members of a bundle, which are JSON in a column of text, cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("bundle_data of {id} is not JSON")]
struct DamagedMembers {
    id: Guid,
    source: serde_json::Error,
}

#[derive(FromRow)]
struct BundleRow {
    bundle_id: Guid,
    name: Option<String>,
    created_time: Option<Timestamp>,
    updated_time: Option<Timestamp>,
    checksum: Option<String>,
    size: Option<i64>,
    bundle_data: Option<String>,
    description: Option<String>,
    version: Option<String>,
    aliases: Option<String>,
}

impl BundleRow {
    fn document(self, bundle_data: Option<Value>) -> Bundle {
        Bundle {
            aliases: self.aliases,
            bundle_data,
            checksum: self.checksum,
            created_time: self.created_time,
            description: self.description,
            form: "bundle",
            id: self.bundle_id,
            name: self.name,
            size: self.size,
            updated_time: self.updated_time,
            version: self.version,
        }
    }

    fn members(&self) -> Result<Value, Failure> {
        let Some(text) = &self.bundle_data else { return Ok(Value::Array(Vec::new())) };
        serde_json::from_str(text).map_err(|source| {
            Failure::internal("reading a bundle", DamagedMembers { id: self.bundle_id.clone(), source })
        })
    }
}

/// A bundle that is to be created.
#[derive(Debug, Clone)]
pub struct NewBundle {
    pub(crate) id: Guid,
    pub(crate) name: String,
    pub(crate) checksum: String,
    pub(crate) size: i64,
    pub(crate) bundle_data: String,
    pub(crate) description: String,
    pub(crate) version: String,
    pub(crate) aliases: String,
}

/// The bundles with these ids, with their members, in no order.
pub(crate) async fn load(connection: &mut PgConnection, ids: &[Guid]) -> Result<Vec<Bundle>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<BundleRow> = sqlx::query_as(
        "select bundle_id, name, created_time, updated_time, checksum, size, bundle_data, description, \
            version, aliases \
         from drs_bundle_record where bundle_id = any($1)",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    let document = |row: BundleRow| {
        let members = row.members()?;
        Ok(row.document(Some(members)))
    };
    rows.into_iter().map(document).collect()
}

/// A page of bundles without their members, sorted by id.
pub(crate) async fn list(connection: &mut PgConnection, window: &Window) -> Result<Vec<Bundle>, Error> {
    let rows: Vec<BundleRow> = sqlx::query_as(
        "select bundle_id, name, created_time, updated_time, checksum, size, \
            null::text as bundle_data, description, version, aliases \
         from drs_bundle_record where $1::text is null or bundle_id > $1 \
         order by bundle_id limit $2 offset $3",
    )
    .bind(&window.start)
    .bind(window.limit)
    .bind(window.offset())
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| row.document(None)).collect())
}

/// Inserts a bundle; `false` when the id exists.
pub async fn insert_bundle(
    connection: &mut PgConnection,
    _: &May<Create, AllBundles>,
    bundle: &NewBundle,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "insert into drs_bundle_record (bundle_id, name, created_time, updated_time, checksum, size, \
            bundle_data, description, version, aliases) \
         values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9) on conflict (bundle_id) do nothing",
    )
    .bind(&bundle.id)
    .bind(&bundle.name)
    .bind(Timestamp::now())
    .bind(&bundle.checksum)
    .bind(bundle.size)
    .bind(&bundle.bundle_data)
    .bind(&bundle.description)
    .bind(&bundle.version)
    .bind(&bundle.aliases)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes a bundle; `false` when there is none.
pub async fn delete_bundle(
    connection: &mut PgConnection,
    permit: &May<Delete, BundleId>,
) -> Result<bool, Error> {
    let done = sqlx::query("delete from drs_bundle_record where bundle_id = $1")
        .bind(&permit.object().0)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}
