//! Records by the places of their bytes.

use std::collections::HashMap;

use indexclient::ownership::{Owner, Place};
use sql::Sql;
use sqlx::{FromRow, PgConnection, Row as _};

use crate::{Error, guid::Guid};

/// An owner of records that name a location, however many these are.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct PlaceOwner {
    /// Which of the locations that were asked for it looks like.
    pub(crate) position: i64,
    /// As these records write it.
    pub(crate) url: String,
    authz: Vec<String>,
    uploader: Option<String>,
    /// Two of the records, or the only one twice.
    pub(crate) first: Guid,
    pub(crate) last: Guid,
}

impl PlaceOwner {
    /// Whose these records are. It is not known which of those that are for administrators only have an
    /// access list.
    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner::new(&self.authz, self.uploader.as_deref(), &[])
    }
}

/// The owners of the records that [`alike`] finds: as many rows as there are owners and spellings.
pub(crate) async fn place_owners(
    connection: &mut PgConnection,
    urls: &[(i64, String)],
) -> Result<Vec<PlaceOwner>, Error> {
    let (positions, urls): (Vec<i64>, Vec<&str>) =
        urls.iter().map(|(position, url)| (*position, url.as_str())).unzip();
    Ok(sqlx::query_as(
        "select m.position, m.url, m.authz, m.uploader, min(m.did) as first, max(m.did) as last \
         from (select w.position, u.url, r.did, r.uploader, \
                      array(select z.resource::text from index_record_authz z \
                            where z.did = r.did order by z.resource) as authz \
               from unnest($1::bigint[], $2::text[]) as w(position, url) \
               join index_record_url u \
                 on md5(lower(regexp_replace(u.url, '/+', '/', 'g'))) \
                  = md5(lower(regexp_replace(w.url, '/+', '/', 'g'))) \
               join index_record r on r.did = u.did) m \
         group by m.position, m.url, m.authz, m.uploader",
    )
    .bind(&positions)
    .bind(&urls)
    .fetch_all(connection)
    .await?)
}

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

/// So many records that name places are read together with those of other requests, which must not wait for
/// more.
const MOST_TOGETHER: usize = 1_000;

/// Who names a place.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    By(Vec<Guid>),
    /// By too many records, or it was asked together with a place that is: it has to be asked for by itself.
    Unread,
}

/// The dids of the records that name each of some places. For a few: its parameters are single values, of
/// which there are 1, 2, 4, 8 and so on, so that its plans are kept (see
/// [`by_did`](super::records::by_did)).
pub(super) async fn naming(
    connection: &mut PgConnection,
    places: &[Place],
) -> Result<HashMap<Place, Named>, sqlx::Error> {
    let spellings: Vec<String> = places.iter().flat_map(Place::spellings).collect();
    let Some(last) = spellings.last() else { return Ok(HashMap::new()) };
    let parameters =
        spellings.iter().chain(std::iter::repeat(last)).take(spellings.len().next_power_of_two());
    let hash =
        |url: &String| Sql::raw("md5(lower(regexp_replace(").bind(url.as_str()).text(", '/+', '/', 'g')))");
    let statement = Sql::raw(
        "select u.did, u.url from index_record_url u \
         where md5(lower(regexp_replace(u.url, '/+', '/', 'g'))) in (",
    )
    .then(Sql::join(", ", parameters.map(hash)))
    .text(") limit ")
    .number(1 + MOST_TOGETHER as i64);
    let rows = statement.query().fetch_all(connection).await?;
    if rows.len() > MOST_TOGETHER {
        return Ok(places.iter().map(|place| (place.clone(), Named::Unread)).collect());
    }
    let mut found: HashMap<Place, Vec<Guid>> = HashMap::new();
    for row in rows {
        if let Some(place) = Place::of(row.try_get("url")?) {
            found.entry(place).or_default().push(row.try_get("did")?);
        }
    }
    Ok(found.into_iter().map(|(place, dids)| (place, Named::By(dids))).collect())
}
