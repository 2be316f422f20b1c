//! Whose the members of families of versions are.

use sqlx::PgConnection;

use crate::{Error, guid::Guid, store::families::FamilyOwner};

/// See the function of the same name in [`crate::store::families`].
pub(crate) async fn family_owners(
    connection: &mut PgConnection,
    names: &[&Guid],
) -> Result<Vec<FamilyOwner>, Error> {
    Ok(sqlx::query_as(
        "select m.baseid, m.authz, m.uploader, min(m.guid) as first, max(m.guid) as last \
         from (select r.guid, r.baseid, r.uploader, array(select distinct z::text from unnest(r.authz) z \
                      where z is not null order by z::text) as authz \
               from (select n.name from unnest($1::text[]) as n(name) \
                     union select s.baseid from record s where s.guid = any($1)) w(baseid) \
               join record r on r.baseid = w.baseid) m \
         group by m.baseid, m.authz, m.uploader",
    )
    .bind(names)
    .fetch_all(connection)
    .await?)
}

/// See the function of the same name in [`crate::store::families`].
pub(crate) async fn families_of(
    connection: &mut PgConnection,
    names: &[&Guid],
) -> Result<Vec<(Guid, Guid)>, Error> {
    let statement = "select guid, baseid from record where guid = any($1) and baseid is not null";
    Ok(sqlx::query_as(statement).bind(names).fetch_all(connection).await?)
}
