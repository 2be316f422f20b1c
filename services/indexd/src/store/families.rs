//! Whose the members of families of versions are.

use indexclient::ownership::Owner;
use sqlx::{FromRow, PgConnection};

use crate::{Error, guid::Guid};

/// An owner of members of a family, however many these are.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct FamilyOwner {
    pub(crate) baseid: Guid,
    authz: Vec<String>,
    uploader: Option<String>,
    /// Two of the members, or the only one twice.
    pub(crate) first: Guid,
    pub(crate) last: Guid,
}

impl FamilyOwner {
    /// Whose these members are. It is not known which of those that are for administrators only have an
    /// access list.
    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner::new(&self.authz, self.uploader.as_deref(), &[])
    }
}

/// The owners of families, each named by its baseid or by the did of a member.
pub(crate) async fn family_owners(
    connection: &mut PgConnection,
    names: &[&Guid],
) -> Result<Vec<FamilyOwner>, Error> {
    Ok(sqlx::query_as(
        "select m.baseid, m.authz, m.uploader, min(m.did) as first, max(m.did) as last \
         from (select r.did, r.baseid, r.uploader, array(select z.resource::text from index_record_authz z \
                      where z.did = r.did order by z.resource) as authz \
               from (select n.name from unnest($1::text[]) as n(name) \
                     union select s.baseid from index_record s where s.did = any($1)) w(baseid) \
               join index_record r on r.baseid = w.baseid) m \
         group by m.baseid, m.authz, m.uploader",
    )
    .bind(names)
    .fetch_all(connection)
    .await?)
}

/// Those of `names` that are dids of members, each with its family.
pub(crate) async fn families_of(
    connection: &mut PgConnection,
    names: &[&Guid],
) -> Result<Vec<(Guid, Guid)>, Error> {
    let statement = "select did, baseid from index_record where did = any($1) and baseid is not null";
    Ok(sqlx::query_as(statement).bind(names).fetch_all(connection).await?)
}
