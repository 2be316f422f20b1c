//! Revoking policies, which is alike for all who hold them.

use crate::{
    Arborist, Error,
    model::{Held, Holder, Label},
    store::links,
};

impl Arborist {
    /// Revokes policies that were granted to `holder` itself, those under `label` alone if there is one.
    /// Revoking what nobody granted is fine.
    pub(crate) async fn revoke(
        &self,
        holder: Holder<'_>,
        policies: Held<'_>,
        label: &Label,
    ) -> Result<(), Error> {
        let (table, name) = match holder {
            Holder::User(name) => (&links::USER_POLICIES, name),
            Holder::Group(name) => (&links::GROUP_POLICIES, name),
            Holder::Client(id) => (&links::CLIENT_POLICIES, id),
        };
        let mut transaction = self.begin().await?;
        links::remove(&mut transaction, table, name, policies, label).await?;
        Ok(transaction.commit().await?)
    }
}
