//! Records by the places of their bytes.

use sqlx::PgConnection;

use crate::{Error, guid::Guid};

/// The records that name a location which looks like one of `urls`: `(position in urls, did, url)`. The index
/// that this uses knows neither letter case nor repeated slashes, so that the caller has to compare.
pub(crate) async fn alike(
    connection: &mut PgConnection,
    urls: &[(i64, String)],
) -> Result<Vec<(i64, Guid, String)>, Error> {
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
