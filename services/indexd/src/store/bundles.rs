//! Bundles.

use serde_json::Value;
use sqlx::{FromRow, PgConnection};

use crate::{Error, auth::Permit, dates::Timestamp, document::Bundle};

#[derive(FromRow)]
struct Row {
    bundle_id: String,
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

impl Row {
    fn document(self, with_members: bool) -> Result<Bundle, Error> {
        let members = self.bundle_data.as_deref().filter(|_| with_members).map(serde_json::from_str::<Value>);
        let members = members.transpose().map_err(|source| Error::Damaged {
            column: "bundle_data",
            id: self.bundle_id.clone(),
            source,
        })?;
        Ok(Bundle {
            aliases: self.aliases,
            bundle_data: members.or_else(|| with_members.then(|| Value::Array(Vec::new()))),
            checksum: self.checksum,
            created_time: self.created_time,
            description: self.description,
            form: "bundle",
            id: self.bundle_id,
            name: self.name,
            size: self.size,
            updated_time: self.updated_time,
            version: self.version,
        })
    }
}

/// A bundle to be.
#[derive(Debug, Clone)]
pub(crate) struct NewBundle {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) checksum: String,
    pub(crate) size: i64,
    pub(crate) bundle_data: String,
    pub(crate) description: String,
    pub(crate) version: String,
    pub(crate) aliases: String,
}

/// The bundles with these ids, with their members, in no order.
pub(crate) async fn load(connection: &mut PgConnection, ids: &[String]) -> Result<Vec<Bundle>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sqlx::query_as(
        "select bundle_id, name, created_time, updated_time, checksum, size, bundle_data, description, version, \
            aliases from drs_bundle_record where bundle_id = any($1)",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| row.document(true)).collect()
}

/// A page of bundles after `start`, sorted by id; with their members or without.
pub(crate) async fn list(
    connection: &mut PgConnection,
    start: Option<&str>,
    limit: i64,
    offset: i64,
    with_members: bool,
) -> Result<Vec<Bundle>, Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "select bundle_id, name, created_time, updated_time, checksum, size, \
            case when $4 then bundle_data end as bundle_data, description, version, aliases \
         from drs_bundle_record where $1::text is null or bundle_id > $1 \
         order by bundle_id limit $2 offset $3",
    )
    .bind(start)
    .bind(limit)
    .bind(offset)
    .bind(with_members)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| row.document(with_members)).collect()
}

/// Inserts a bundle; `false` when the id exists.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    _: &Permit,
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
pub(crate) async fn delete(connection: &mut PgConnection, _: &Permit, id: &str) -> Result<bool, Error> {
    let done = sqlx::query("delete from drs_bundle_record where bundle_id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}
