//! Aliases of records, and legacy aliases.

use std::collections::BTreeSet;

use crate::{
    Error, Indexd,
    auth::{self, Claimant, Permit},
    document::{LegacyAlias, Record, Revision, UrlDocument},
    input::LegacyAliasInput,
    store::{aliases, legacy, records, urls, urls::UrlFilter},
};

impl Indexd {
    /// The aliases of exactly this did.
    pub(crate) async fn aliases(&self, did: &str) -> Result<Vec<String>, Error> {
        let names = aliases::of(&mut *self.pool.acquire().await?, did).await?;
        names.ok_or_else(|| Error::NotFound(did.to_owned()))
    }

    /// Adds `(did, alias)` pairs; an alias that another record has stays there.
    pub(crate) async fn add_aliases(&self, who: &Claimant, pairs: &[(String, String)]) -> Result<(), Error> {
        let dids: Vec<String> =
            pairs.iter().map(|(did, _)| did.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let (permit, revisions) = self.permit_for_all(who, "update", &dids).await?;
        let mut tx = self.pool.begin().await?;
        lock(&mut tx, &revisions).await?;
        aliases::add_free(&mut tx, &permit, pairs).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Appends aliases to one record and returns all it has then.
    pub(crate) async fn append_aliases(
        &self,
        who: &Claimant,
        did: &str,
        names: Vec<String>,
    ) -> Result<Vec<String>, Error> {
        let (permit, revisions) = self.permit_for_all(who, "update", &[did.to_owned()]).await?;
        let pairs: Vec<(String, String)> = names.into_iter().map(|name| (did.to_owned(), name)).collect();
        let mut tx = self.pool.begin().await?;
        lock(&mut tx, &revisions).await?;
        aliases::add(&mut tx, &permit, &pairs).await?;
        let all = aliases::of(&mut tx, did).await?.unwrap_or_default();
        tx.commit().await?;
        Ok(all)
    }

    /// Replaces the aliases of one record.
    pub(crate) async fn replace_aliases(
        &self,
        who: &Claimant,
        did: &str,
        names: &[String],
    ) -> Result<(), Error> {
        let (permit, revisions) = self.permit_for_all(who, "update", &[did.to_owned()]).await?;
        let pairs: Vec<(String, String)> = names.iter().map(|name| (did.to_owned(), name.clone())).collect();
        let mut tx = self.pool.begin().await?;
        lock(&mut tx, &revisions).await?;
        aliases::clear(&mut tx, &permit, did).await?;
        aliases::add(&mut tx, &permit, &pairs).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes one alias of a record, or all of them.
    pub(crate) async fn delete_aliases(
        &self,
        who: &Claimant,
        did: &str,
        name: Option<&str>,
    ) -> Result<(), Error> {
        let (permit, revisions) = self.permit_for_all(who, "delete", &[did.to_owned()]).await?;
        let mut tx = self.pool.begin().await?;
        lock(&mut tx, &revisions).await?;
        match name {
            None => aliases::clear(&mut tx, &permit, did).await?,
            Some(name) if aliases::remove(&mut tx, &permit, did, name).await? => {}
            Some(name) => return Err(Error::NotFound(name.to_owned())),
        }
        tx.commit().await?;
        Ok(())
    }

    /// Permission for all of these records, with their revisions; an unknown did is the text of the error.
    async fn permit_for_all(
        &self,
        who: &Claimant,
        method: &str,
        dids: &[String],
    ) -> Result<(Permit, Vec<Revision>), Error> {
        let found = records::load(&mut *self.pool.acquire().await?, dids).await?;
        if let Some(unknown) = dids.iter().find(|did| found.iter().all(|record| record.did != **did)) {
            return Err(Error::NotFound(unknown.clone()));
        }
        let unguarded = found.iter().any(|record| record.authz.is_empty());
        let resources: BTreeSet<String> = match unguarded {
            true => BTreeSet::new(),
            false => found.iter().flat_map(|record| &record.authz).cloned().collect(),
        };
        let resources: Vec<String> = resources.into_iter().collect();
        let permit = self.permit(who, method, &resources).await?;
        Ok((permit, found.iter().map(Record::revision).collect()))
    }

    /// A legacy alias with the urls of records that have its size and hashes.
    pub(crate) async fn legacy_alias(
        &self,
        name: &str,
        start: i64,
        limit: i64,
    ) -> Result<(LegacyAlias, Vec<UrlDocument>), Error> {
        let mut connection = self.pool.acquire().await?;
        let alias = legacy::get(&mut connection, name).await?.ok_or_else(Error::no_record)?;
        let hashes =
            alias.hashes.iter().filter_map(|(kind, value)| Some((kind.clone(), value.clone()?))).collect();
        let filter = UrlFilter { size: alias.size, hashes, dids: None };
        let urls = urls::list(&mut connection, &filter, start, limit).await?;
        Ok((alias, urls))
    }

    /// Creates or replaces a legacy alias and returns its new revision.
    pub(crate) async fn put_legacy_alias(
        &self,
        who: &Claimant,
        name: &str,
        rev: Option<&str>,
        input: &LegacyAliasInput,
    ) -> Result<String, Error> {
        let permit = self.permit_login(who).await?;
        let mut tx = self.pool.begin().await?;
        let rev = legacy::put(&mut tx, &permit, name, rev, input).await?;
        tx.commit().await?;
        Ok(rev)
    }

    /// Deletes a legacy alias.
    pub(crate) async fn delete_legacy_alias(
        &self,
        who: &Claimant,
        name: &str,
        rev: Option<&str>,
    ) -> Result<(), Error> {
        let permit = self.permit_login(who).await?;
        let mut tx = self.pool.begin().await?;
        legacy::delete(&mut tx, &permit, name, rev).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn permit_login(&self, who: &Claimant) -> Result<Permit, Error> {
        auth::permit_login(&self.pool, who).await
    }
}

async fn lock(connection: &mut sqlx::PgConnection, revisions: &[Revision]) -> Result<(), Error> {
    match records::lock(connection, revisions).await? {
        true => Ok(()),
        false => Err(Error::stale()),
    }
}
