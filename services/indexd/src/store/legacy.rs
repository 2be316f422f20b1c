//! Legacy aliases: names for a size and hashes rather than for a record.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use sqlx::{FromRow, PgConnection, types::Json};

use crate::{
    Error,
    auth::{Delete, LegacyName, May, Update},
    document::LegacyAlias,
    guid,
    input::LegacyAliasInput,
};

#[derive(FromRow)]
struct LegacyRow {
    name: String,
    rev: Option<String>,
    size: Option<i64>,
    release: Option<String>,
    metastring: Option<String>,
    keeper_authority: Option<String>,
    hashes: Option<Json<BTreeMap<String, Option<String>>>>,
    host_authorities: Vec<String>,
}

/// The alias of this name.
pub(crate) async fn get(connection: &mut PgConnection, name: &str) -> Result<Option<LegacyAlias>, Error> {
    let row: Option<LegacyRow> = sqlx::query_as(
        "select a.name, a.rev, a.size, a.release, a.metastring, a.keeper_authority, \
            (select json_object_agg(h.hash_type, h.hash_value) \
             from alias_record_hash h where h.name = a.name) as hashes, \
            array(select o.host from alias_record_host_authority o where o.name = a.name order by o.host) \
                as host_authorities \
         from alias_record a where a.name = $1",
    )
    .bind(name)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| LegacyAlias {
        hashes: row.hashes.map(|hashes| hashes.0).unwrap_or_default(),
        host_authorities: row.host_authorities,
        keeper_authority: row.keeper_authority,
        metadata: row.metastring,
        name: row.name,
        release: row.release,
        rev: row.rev,
        size: row.size,
    }))
}

/// Names after `start` of aliases with this size and all of these hashes, sorted.
pub(crate) async fn names(
    connection: &mut PgConnection,
    start: Option<&str>,
    size: Option<i64>,
    hashes: &IndexMap<String, String>,
    limit: i64,
) -> Result<Vec<String>, Error> {
    let (kinds, values): (Vec<&str>, Vec<&str>) =
        hashes.iter().map(|(kind, value)| (kind.as_str(), value.as_str())).unzip();
    Ok(sqlx::query_scalar(
        "select a.name from alias_record a \
         where ($1::text is null or a.name > $1) and ($2::bigint is null or a.size = $2) \
           and not exists ( \
             select 1 from unnest($3::text[], $4::text[]) as w(hash_type, hash_value) \
             where not exists (select 1 from alias_record_hash h where h.name = a.name \
                and h.hash_type = w.hash_type and h.hash_value = w.hash_value)) \
         order by a.name limit $5",
    )
    .bind(start)
    .bind(size)
    .bind(&kinds)
    .bind(&values)
    .bind(limit)
    .fetch_all(connection)
    .await?)
}

/// Creates or replaces the alias; a keeper and metadata that are not given stay. A `rev` that differs from a
/// stored one is a conflict. Returns the new rev.
pub async fn put_legacy_alias(
    connection: &mut PgConnection,
    permit: &May<Update, LegacyName>,
    rev: Option<&str>,
    input: &LegacyAliasInput,
) -> Result<String, Error> {
    let name = permit.object().0.as_str();
    let new_rev = guid::new_rev();
    let done = sqlx::query(
        "insert into alias_record (name, rev, size, release, metastring, keeper_authority) \
         values ($1, $2, $3, $4, $5, $6) \
         on conflict (name) do update set rev = excluded.rev, size = excluded.size, \
            release = excluded.release, \
            metastring = coalesce(excluded.metastring, alias_record.metastring), \
            keeper_authority = coalesce(excluded.keeper_authority, alias_record.keeper_authority) \
         where $7::text is null or alias_record.rev = $7",
    )
    .bind(name)
    .bind(&new_rev)
    .bind(input.size)
    .bind(&input.release)
    .bind(&input.metastring)
    .bind(&input.keeper_authority)
    .bind(rev)
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::stale());
    }
    delete_children(connection, name).await?;
    let (kinds, values): (Vec<&str>, Vec<&str>) =
        input.hashes.iter().map(|(kind, value)| (kind.as_str(), value.as_str())).unzip();
    sqlx::query(
        "insert into alias_record_hash (name, hash_type, hash_value) \
         select $1, w.* from unnest($2::text[], $3::text[]) as w",
    )
    .bind(name)
    .bind(&kinds)
    .bind(&values)
    .execute(&mut *connection)
    .await?;
    sqlx::query("insert into alias_record_host_authority (name, host) select $1, unnest($2::text[])")
        .bind(name)
        .bind(&input.host_authorities)
        .execute(&mut *connection)
        .await?;
    Ok(new_rev)
}

/// Deletes the alias, unless `rev` is given and differs.
pub async fn delete_legacy_alias(
    connection: &mut PgConnection,
    permit: &May<Delete, LegacyName>,
    rev: Option<&str>,
) -> Result<(), Error> {
    let name = permit.object().0.as_str();
    let stored: Option<Option<String>> =
        sqlx::query_scalar("select rev from alias_record where name = $1 for update")
            .bind(name)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(stored) = stored else { return Err(Error::no_record()) };
    if rev.is_some() && rev != stored.as_deref() {
        return Err(Error::stale());
    }
    delete_children(connection, name).await?;
    sqlx::query("delete from alias_record where name = $1").bind(name).execute(connection).await?;
    Ok(())
}

async fn delete_children(connection: &mut PgConnection, name: &str) -> Result<(), Error> {
    sqlx::query("delete from alias_record_hash where name = $1").bind(name).execute(&mut *connection).await?;
    sqlx::query("delete from alias_record_host_authority where name = $1")
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}
