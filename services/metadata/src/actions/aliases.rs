//! Aliases of documents.

use crate::{
    access::{MayAdminister, MayRead},
    error::Error,
    service::Metadata,
    store::{aliases, documents::Change},
};

impl Metadata {
    /// The aliases of a document, sorted; none if there is no such document.
    pub(crate) async fn aliases(&self, permit: &MayRead, guid: &str) -> Result<Vec<String>, Error> {
        Ok(aliases::of(&mut *self.pool.acquire().await?, permit, guid).await?)
    }

    /// Gives a document its first aliases.
    ///
    /// # Errors
    /// 404, 409 when it has some already or another document has one of them.
    pub(crate) async fn add_aliases(
        &self,
        permit: &MayAdminister,
        guid: &str,
        new: &[String],
    ) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        if !aliases::lock(&mut transaction, permit, guid).await? {
            return if new.is_empty() { Ok(()) } else { Err(Error::not_found(guid)) };
        }
        if !aliases::before(&mut transaction, permit, guid).await?.is_empty() {
            return Err(taken(guid));
        }
        if aliases::insert(&mut transaction, permit, guid, new).await? < count(new) {
            return Err(taken(guid));
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Replaces the aliases of a document, or adds to them, and returns all that it has then.
    ///
    /// # Errors
    /// 404, 409 when another document has one of them.
    pub(crate) async fn change_aliases(
        &self,
        permit: &MayAdminister,
        guid: &str,
        new: &[String],
        change: Change,
    ) -> Result<Vec<String>, Error> {
        let mut transaction = self.pool.begin().await?;
        if !aliases::lock(&mut transaction, permit, guid).await? {
            return if new.is_empty() { Ok(Vec::new()) } else { Err(Error::not_found(guid)) };
        }
        let known = aliases::before(&mut transaction, permit, guid).await?;
        let (kept, old): (Vec<String>, Vec<String>) =
            known.into_iter().partition(|alias| new.contains(alias));
        let added: Vec<String> = new.iter().filter(|alias| !kept.contains(alias)).cloned().collect();
        if aliases::insert(&mut transaction, permit, guid, &added).await? < count(&added) {
            return Err(taken(guid));
        }
        let mut all = new.to_vec();
        match change {
            Change::Replace => {
                aliases::delete(&mut transaction, permit, guid, &old).await?;
            }
            Change::Merge => all.extend(old),
        }
        transaction.commit().await?;
        all.sort_unstable();
        Ok(all)
    }

    /// Deletes one alias of a document.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn delete_alias(
        &self,
        permit: &MayAdminister,
        guid: &str,
        alias: &str,
    ) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await?;
        if aliases::delete(&mut connection, permit, guid, &[alias.to_owned()]).await? == 0 {
            let (alias, guid) = (python::repr_text(alias), python::repr_text(guid));
            return Err(Error::NotFound(format!("Alias: {alias} for GUID: {guid} not found.")));
        }
        Ok(())
    }

    /// Deletes all aliases of a document.
    ///
    /// # Errors
    /// 404 when it has none.
    pub(crate) async fn delete_aliases(&self, permit: &MayAdminister, guid: &str) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await?;
        if aliases::delete_all(&mut connection, permit, guid).await? == 0 {
            return Err(Error::NotFound(format!("Aliases for GUID: {} not found.", python::repr_text(guid))));
        }
        Ok(())
    }
}

fn count(names: &[String]) -> u64 {
    names.len() as u64
}

fn taken(guid: &str) -> Error {
    Error::Conflict(format!("Conflict: {guid}"))
}
