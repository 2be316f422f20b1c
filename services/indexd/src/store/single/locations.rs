//! Records by the places of their bytes.

use sqlx::PgConnection;

use crate::{Error, guid::Guid, store::locations::PlaceOwner};

/// See the function of the same name in [`crate::store::locations`].
pub(crate) async fn place_owners(
    connection: &mut PgConnection,
    urls: &[(i64, String)],
) -> Result<Vec<PlaceOwner>, Error> {
    let (positions, urls): (Vec<i64>, Vec<&str>) =
        urls.iter().map(|(position, url)| (*position, url.as_str())).unzip();
    Ok(sqlx::query_as(
        "select m.position, m.url, m.authz, m.uploader, min(m.guid) as first, max(m.guid) as last \
         from (select w.position, u.url, r.guid, r.uploader, \
                      array(select distinct z::text from unnest(r.authz) z \
                            where z is not null order by z::text) as authz \
               from unnest($1::bigint[], $2::text[]) as w(position, url) \
               join record r \
                 on commons_record_places(r.urls) && commons_record_places(array[w.url]::varchar[]) \
               cross join unnest(r.urls) as u(url) \
               where md5(lower(regexp_replace(u.url, '/+', '/', 'g'))) \
                   = md5(lower(regexp_replace(w.url, '/+', '/', 'g')))) m \
         group by m.position, m.url, m.authz, m.uploader",
    )
    .bind(&positions)
    .bind(&urls)
    .fetch_all(connection)
    .await?)
}

/// See the function of the same name in [`crate::store::locations`].
pub(crate) async fn alike(
    connection: &mut PgConnection,
    urls: &[(i64, String)],
) -> Result<Vec<(i64, Guid, String)>, Error> {
    let (positions, urls): (Vec<i64>, Vec<&str>) =
        urls.iter().map(|(position, url)| (*position, url.as_str())).unzip();
    Ok(sqlx::query_as(
        "select distinct w.position, r.guid, u.url \
         from unnest($1::bigint[], $2::text[]) as w(position, url) \
         join record r on commons_record_places(r.urls) && commons_record_places(array[w.url]::varchar[]) \
         cross join unnest(r.urls) as u(url) \
         where md5(lower(regexp_replace(u.url, '/+', '/', 'g'))) \
             = md5(lower(regexp_replace(w.url, '/+', '/', 'g'))) \
         order by w.position, r.guid",
    )
    .bind(&positions)
    .bind(&urls)
    .fetch_all(connection)
    .await?)
}
