//! In which stores the urls of records are.

use sqlx::PgConnection;

use crate::{Error, layout::Layout};

/// The place of a url, where `$1` are the beginnings that are wanted: the longest that it has, or else its
/// scheme and host (at Azure the container, too), as in `s3://bucket/`; nothing for what is no url.
macro_rules! counted {
    ($urls:literal) => {
        concat!(
            "select place, count(*) as records, \
                    least(coalesce(sum(size), 0), 9223372036854775807)::bigint as bytes \
             from (select did, size, case when url is null then null else coalesce( \
                        (select b.text from unnest($1::text[]) b(text) where starts_with(url, b.text) \
                         order by length(b.text) desc limit 1), \
                        substring(url from '^(?:az://[^/]*/[^/]*|[A-Za-z][A-Za-z0-9+.-]*://[^/]*)') || '/', \
                        '') end as place \
                   from (",
            $urls,
            ") urls group by did, size, place) places \
             group by place order by place is null desc, place = any($1) desc, bytes desc, place limit $2"
        )
    };
}

const MULTI: &str =
    counted!("select r.did, r.size, u.url from index_record r left join index_record_url u on u.did = r.did");
const SINGLE: &str = counted!(
    "select r.guid as did, r.size, u.url from record r left join lateral unnest(r.urls) u(url) on true"
);

/// Place, records and bytes: those that have no url first, then the `beginnings` that have any, then the
/// others by their bytes; `most` of all of them. A record counts once in each place.
pub(crate) async fn counted(
    connection: &mut PgConnection,
    layout: Layout,
    beginnings: &[String],
    most: i64,
) -> Result<Vec<(Option<String>, i64, i64)>, Error> {
    let statement = match layout {
        Layout::Multi => MULTI,
        Layout::Single => SINGLE,
    };
    Ok(sqlx::query_as(statement).bind(beginnings).bind(most).fetch_all(connection).await?)
}

/// What follows in this transaction changes nothing, and ends in the time of a report.
pub(crate) async fn begin_report(connection: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("set transaction read only").execute(&mut *connection).await?;
    sqlx::query("select set_config('statement_timeout', '120000', true), set_config('jit', 'off', true)")
        .execute(connection)
        .await?;
    Ok(())
}
