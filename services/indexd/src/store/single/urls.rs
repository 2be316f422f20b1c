//! Urls of records, by what the records are or by what the urls look like.

use std::collections::BTreeMap;

use sqlx::{PgConnection, types::Json};

use crate::{
    Error,
    document::UrlDocument,
    guid::Guid,
    store::urls::{Pattern, UrlFilter},
};

/// The facts about one url as the database gives them.
type Facts = Option<Json<BTreeMap<String, Option<String>>>>;

/// A page of urls with their metadata, by did and url.
pub(crate) async fn list(
    connection: &mut PgConnection,
    filter: &UrlFilter,
    start: i64,
    limit: i64,
) -> Result<Vec<UrlDocument>, Error> {
    let rows: Vec<(String, Facts)> = sqlx::query_as(
        "select u.url, (select json_object_agg(m.key, m.value) from jsonb_each_text( \
                case when jsonb_typeof(r.url_metadata -> u.url) = 'object' \
                    then r.url_metadata -> u.url end) m) as metadata \
         from record r \
         cross join lateral (select distinct x as url from unnest(r.urls) x where x is not null) u \
         where ($1::bigint is null or r.size = $1) and ($2::text[] is null or r.guid = any($2)) \
           and ($3::jsonb = '{}' or r.hashes @> $3) \
         order by r.guid, u.url offset $4 limit $5",
    )
    .bind(filter.size)
    .bind(&filter.dids)
    .bind(Json(&filter.hashes))
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

/// See the function of the same name in [`crate::store::urls`].
pub(crate) async fn by_pattern(
    connection: &mut PgConnection,
    include: Option<&str>,
    exclude: Option<&str>,
    pattern: &Pattern,
) -> Result<Vec<(Guid, Vec<String>)>, Error> {
    Ok(sqlx::query_as(
        "select r.guid, s.urls from record r cross join lateral ( \
            select array_agg(distinct x order by x) as urls, string_agg(distinct x, ',' order by x) as text \
            from unnest(r.urls) x) s \
         where cardinality(s.urls) > 0 and ($3::boolean is null or (r.version is not null) = $3) \
           and ($1::text is null or s.text like '%' || $1 || '%') \
           and ($2::text is null or s.text not like '%' || $2 || '%') \
         order by r.guid offset $4 limit $5",
    )
    .bind(include)
    .bind(exclude)
    .bind(pattern.versioned)
    .bind(pattern.offset)
    .bind(pattern.limit)
    .fetch_all(connection)
    .await?)
}

/// See the function of the same name in [`crate::store::urls`].
pub(crate) async fn by_metadata(
    connection: &mut PgConnection,
    (key, value): (&str, &str),
    url: Option<&str>,
    pattern: &Pattern,
) -> Result<Vec<(Guid, String, Option<String>)>, Error> {
    Ok(sqlx::query_as(
        "select r.guid, m.key, r.rev from record r cross join lateral \
            jsonb_each(case when jsonb_typeof(r.url_metadata) = 'object' then r.url_metadata end) m \
         where jsonb_typeof(m.value) = 'object' and m.value ->> $1 = $2 \
           and ($3::text is null or m.key like '%' || $3 || '%') \
           and ($4::boolean is null or (r.version is not null) = $4) \
         order by r.guid, m.key offset $5 limit $6",
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
