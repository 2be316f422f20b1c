//! Urls of records, by what the records are or by what the urls look like.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use sqlx::{PgConnection, types::Json};

use crate::{Error, document::UrlDocument, guid::Guid};

/// The facts about one url as the database gives them.
type Facts = Option<Json<BTreeMap<String, Option<String>>>>;

/// Which records' urls are wanted. Everything that is given must hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct UrlFilter {
    pub(crate) size: Option<i64>,
    pub(crate) hashes: IndexMap<String, String>,
    pub(crate) dids: Option<Vec<Guid>>,
}

/// Which page of which records a query by pattern gives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pattern {
    /// Whether the records must have a version, or must have none.
    pub(crate) versioned: Option<bool>,
    pub(crate) offset: i64,
    pub(crate) limit: i64,
}

/// A page of urls with their metadata, by did and url.
pub(crate) async fn list(
    connection: &mut PgConnection,
    filter: &UrlFilter,
    start: i64,
    limit: i64,
) -> Result<Vec<UrlDocument>, Error> {
    let (kinds, values): (Vec<&str>, Vec<&str>) =
        filter.hashes.iter().map(|(kind, value)| (kind.as_str(), value.as_str())).unzip();
    let rows: Vec<(String, Facts)> = sqlx::query_as(
        "select u.url, (select json_object_agg(m.key, m.value) from index_record_url_metadata m \
            where m.did = u.did and m.url = u.url) as metadata \
         from index_record_url u \
         where ($1::bigint is null or u.did in (select did from index_record where size = $1)) \
           and ($2::text[] is null or u.did = any($2)) \
           and (cardinality($3::text[]) = 0 or u.did in ( \
             select h.did from index_record_hash h \
             join unnest($3::text[], $4::text[]) as w(hash_type, hash_value) \
               on h.hash_value = w.hash_value and h.hash_type = w.hash_type \
             group by h.did having count(*) = cardinality($3::text[]))) \
         order by u.did, u.url offset $5 limit $6",
    )
    .bind(filter.size)
    .bind(&filter.dids)
    .bind(&kinds)
    .bind(&values)
    .bind(start)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let document = |(url, metadata): (String, Facts)| UrlDocument {
        metadata: metadata.map(|metadata| metadata.0).unwrap_or_default(),
        url,
    };
    Ok(rows.into_iter().map(document).collect())
}

/// A page of records by their comma-joined urls: `(did, urls)`. `include` and `exclude` are patterns of
/// `like`.
pub(crate) async fn by_pattern(
    connection: &mut PgConnection,
    include: Option<&str>,
    exclude: Option<&str>,
    pattern: &Pattern,
) -> Result<Vec<(Guid, Vec<String>)>, Error> {
    Ok(sqlx::query_as(
        "select u.did, array_agg(u.url order by u.url) as urls \
         from index_record_url u \
         where $3::boolean is null \
            or u.did in (select r.did from index_record r where (r.version is not null) = $3) \
         group by u.did \
         having ($1::text is null or string_agg(u.url, ',' order by u.url) like '%' || $1 || '%') \
            and ($2::text is null or string_agg(u.url, ',' order by u.url) not like '%' || $2 || '%') \
         order by u.did offset $4 limit $5",
    )
    .bind(include)
    .bind(exclude)
    .bind(pattern.versioned)
    .bind(pattern.offset)
    .bind(pattern.limit)
    .fetch_all(connection)
    .await?)
}

/// A page of urls whose metadata has `key` = `value`: `(did, url, rev)`. `url` is a pattern of `like`.
pub(crate) async fn by_metadata(
    connection: &mut PgConnection,
    (key, value): (&str, &str),
    url: Option<&str>,
    pattern: &Pattern,
) -> Result<Vec<(Guid, String, Option<String>)>, Error> {
    Ok(sqlx::query_as(
        "select m.did, m.url, r.rev from index_record_url_metadata m join index_record r on r.did = m.did \
         where m.key = $1 and m.value = $2 and ($3::text is null or m.url like '%' || $3 || '%') \
           and ($4::boolean is null or (r.version is not null) = $4) \
         order by m.did, m.url offset $5 limit $6",
    )
    .bind(key)
    .bind(value)
    .bind(url)
    .bind(pattern.versioned)
    .bind(pattern.offset)
    .bind(pattern.limit)
    .fetch_all(connection)
    .await?)
}
