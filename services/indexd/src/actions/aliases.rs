//! Aliases of records, and legacy aliases.

use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    Error, Indexd,
    auth::Claimant,
    document::{LegacyAlias, Record, UrlDocument},
    guid::Guid,
    input::LegacyAliasInput,
    store::{legacy, urls::UrlFilter},
};

impl Indexd {
    /// The aliases of exactly this did.
    pub(crate) async fn aliases(&self, did: &Guid) -> Result<Vec<String>, Error> {
        let layout = self.layout().await?;
        let names = layout.of(&mut *self.pool.acquire().await?, did).await?;
        names.ok_or_else(|| unknown(did))
    }

    /// Adds `(did, alias)` pairs; an alias that another record has stays there.
    pub(crate) async fn add_aliases(&self, who: &Claimant, pairs: Vec<(Guid, String)>) -> Result<(), Error> {
        let layout = self.layout().await?;
        let permit = self.may_add_aliases(who, pairs).await?;
        let mut transaction = self.pool.begin().await?;
        layout.add_free_aliases(&mut transaction, &permit).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Appends aliases to one record and returns all that it has then.
    pub(crate) async fn append_aliases(
        &self,
        who: &Claimant,
        did: &Guid,
        names: Vec<String>,
    ) -> Result<Vec<String>, Error> {
        let layout = self.layout().await?;
        let permit = self.may_change_aliases(who, self.record_with_aliases(did).await?, names).await?;
        let mut transaction = self.pool.begin().await?;
        layout.append_aliases(&mut transaction, &permit).await?;
        let all = layout.of(&mut transaction, did).await?.unwrap_or_default();
        transaction.commit().await?;
        Ok(all)
    }

    /// Replaces the aliases of one record.
    pub(crate) async fn replace_aliases(
        &self,
        who: &Claimant,
        did: &Guid,
        names: Vec<String>,
    ) -> Result<(), Error> {
        let layout = self.layout().await?;
        let permit = self.may_change_aliases(who, self.record_with_aliases(did).await?, names).await?;
        let mut transaction = self.pool.begin().await?;
        layout.replace_aliases(&mut transaction, &permit).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes all aliases of a record.
    pub(crate) async fn delete_aliases(&self, who: &Claimant, did: &Guid) -> Result<(), Error> {
        let layout = self.layout().await?;
        let permit = self.may_delete(who, self.record_with_aliases(did).await?).await?;
        let mut transaction = self.pool.begin().await?;
        layout.delete_aliases(&mut transaction, &permit).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes one alias of a record.
    pub(crate) async fn delete_alias(&self, who: &Claimant, did: &Guid, name: &str) -> Result<(), Error> {
        let layout = self.layout().await?;
        let permit = self.may_delete(who, self.record_with_aliases(did).await?).await?;
        let mut transaction = self.pool.begin().await?;
        if !layout.delete_alias(&mut transaction, &permit, name).await? {
            return Err(Error::NotFound(name.to_owned()));
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The record of exactly this did, with the error that the routes of aliases have.
    async fn record_with_aliases(&self, did: &Guid) -> Result<Record, Error> {
        let layout = self.layout().await?;
        layout.by_did(&mut *self.pool.acquire().await?, did).await?.ok_or_else(|| unknown(did))
    }

    /// The records of all these dids; an unknown one is an error.
    pub(crate) async fn records_of_all(&self, dids: &[Guid]) -> Result<Vec<Record>, Error> {
        let layout = self.layout().await?;
        let found = layout.load(&mut *self.pool.acquire().await?, dids).await?;
        match dids.iter().find(|did| found.iter().all(|record| record.did != **did)) {
            Some(did) => Err(unknown(did)),
            None => Ok(found),
        }
    }

    /// Names of legacy aliases after `start`, of this size and with all of these hashes.
    pub(crate) async fn legacy_aliases(
        &self,
        start: Option<&str>,
        size: Option<i64>,
        hashes: &IndexMap<String, String>,
        limit: i64,
    ) -> Result<Vec<String>, Error> {
        legacy::names(&mut *self.pool.acquire().await?, start, size, hashes, limit).await
    }

    /// A legacy alias with the urls of records that have its size and hashes.
    pub(crate) async fn legacy_alias(
        &self,
        name: &str,
        start: i64,
        limit: i64,
    ) -> Result<(LegacyAlias, Vec<UrlDocument>), Error> {
        let layout = self.layout().await?;
        let mut connection = self.pool.acquire().await?;
        let alias = legacy::get(&mut connection, name).await?.ok_or_else(Error::no_record)?;
        let hashes =
            alias.hashes.iter().filter_map(|(kind, value)| Some((kind.clone(), value.clone()?))).collect();
        let filter = UrlFilter { size: alias.size, hashes, dids: None };
        let urls = layout.list(&mut connection, &filter, start, limit).await?;
        Ok((alias, urls))
    }

    /// Creates or replaces a legacy alias and returns its new revision. The login comes before the body.
    pub(crate) async fn put_legacy_alias(
        &self,
        who: &Claimant,
        name: &str,
        rev: Option<&str>,
        body: Result<Value, Error>,
    ) -> Result<String, Error> {
        let permit = self.may_put_legacy_alias(who, name).await?;
        let input = LegacyAliasInput::parse(&body?)?;
        let mut transaction = self.pool.begin().await?;
        let rev = legacy::put_legacy_alias(&mut transaction, &permit, rev, &input).await?;
        transaction.commit().await?;
        Ok(rev)
    }

    /// Deletes a legacy alias.
    pub(crate) async fn delete_legacy_alias(
        &self,
        who: &Claimant,
        name: &str,
        rev: Option<&str>,
    ) -> Result<(), Error> {
        let permit = self.may_delete_legacy_alias(who, name).await?;
        let mut transaction = self.pool.begin().await?;
        legacy::delete_legacy_alias(&mut transaction, &permit, rev).await?;
        transaction.commit().await?;
        Ok(())
    }
}

fn unknown(did: &Guid) -> Error {
    Error::NotFound(did.to_string())
}
