//! Records by the places of their bytes.

use sqlx::PgConnection;

use crate::{Error, guid::Guid};

/// The records that name a location which looks like one of `urls`: `(position in urls, did, url)`. The index
/// that this uses knows neither letter case nor repeated slashes, so that the caller has to compare.
pub(crate) async fn alike(
    connection: &mut PgConnection,
    urls: &[(i64, String)],
) -> Result<Vec<(i64, Guid, String)>, Error> {
    if let [(position, first)] | [(position, first), _] = urls
        && urls.iter().all(|(other, _)| other == position)
    {
        let last = urls.last().map_or(first, |(_, url)| url);
        let found = one_place(connection, first, last).await?;
        return Ok(found.into_iter().map(|(did, url)| (*position, did, url)).collect());
    }
    let (positions, urls): (Vec<i64>, Vec<&str>) =
        urls.iter().map(|(position, url)| (*position, url.as_str())).unzip();
    Ok(sqlx::query_as(
        "select w.position, u.did, u.url \
         from unnest($1::bigint[], $2::text[]) as w(position, url) \
         join index_record_url u \
           on md5(lower(regexp_replace(u.url, '/+', '/', 'g'))) \
            = md5(lower(regexp_replace(w.url, '/+', '/', 'g'))) \
         order by w.position, u.did",
    )
    .bind(&positions)
    .bind(&urls)
    .fetch_all(connection)
    .await?)
}

/// As [`alike`] for one place in two spellings. Its parameters are single values, so that its plan is kept:
/// see [`by_did`](super::records::by_did).
async fn one_place(
    connection: &mut PgConnection,
    first: &str,
    second: &str,
) -> Result<Vec<(Guid, String)>, Error> {
    Ok(sqlx::query_as(
        "select u.did, u.url from index_record_url u \
         where md5(lower(regexp_replace(u.url, '/+', '/', 'g'))) \
            in (md5(lower(regexp_replace($1, '/+', '/', 'g'))), \
                md5(lower(regexp_replace($2, '/+', '/', 'g')))) \
         order by u.did",
    )
    .bind(first)
    .bind(second)
    .fetch_all(connection)
    .await?)
}
