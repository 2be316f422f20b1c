//! What the service does.

use std::collections::HashMap;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    access::Owner,
    error::Error,
    input::{NewList, check_items},
    model::{Items, Lists, StoredList},
    service::Library,
    store::lists::{self, Change},
};

/// The answer when nothing would change.
const NOTHING: Error = Error::Conflict("Nothing to update!");

impl Library {
    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(lists::ping(&mut connection).await?)
    }

    /// All lists.
    pub(crate) async fn all(&self, owner: &Owner) -> Result<Lists, Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(lists::all(&mut connection, owner).await?.into_iter().collect())
    }

    /// One list.
    pub(crate) async fn one(&self, owner: &Owner, id: Uuid) -> Result<StoredList, Error> {
        let found = lists::find(&mut *self.pool.acquire().await?, owner, id).await?;
        found.ok_or(Error::NotFound("list_id not found!"))
    }

    /// Makes lists, and replaces the items of those whose names there are already; all or none.
    ///
    /// # Errors
    /// 409 when one of them would not change, 422 when there would be too many lists.
    pub(crate) async fn put(&self, owner: &Owner, new: &[NewList]) -> Result<Lists, Error> {
        let mut transaction = self.pool.begin().await?;
        lists::lock(&mut transaction, owner).await?;
        let names: Vec<&str> = new.iter().map(|list| list.name.as_str()).collect();
        let known: HashMap<String, (Uuid, Items)> = lists::named(&mut transaction, owner, &names).await?;
        let mut made = Vec::new();
        let mut changes = Vec::new();
        for list in new {
            match known.get(&list.name) {
                None => made.push(list),
                Some((_, items)) if *items == list.items => return Err(NOTHING),
                Some((id, _)) => changes.push(Change { id: *id, name: &list.name, items: &list.items }),
            }
        }
        let count = lists::count(&mut transaction, owner).await?;
        if !made.is_empty() && count + made.len() > self.config.max_lists {
            return Err(Error::Unusable("Max number of lists reached!".into()));
        }
        let mut answer = lists::insert(&mut transaction, owner, &made).await?;
        answer.extend(lists::change(&mut transaction, owner, &changes).await?);
        transaction.commit().await?;
        Ok(answer.into_iter().collect())
    }

    /// Gives a list another name and other items.
    ///
    /// # Errors
    /// 404, 409 when nothing would change or the name is taken.
    pub(crate) async fn replace(&self, owner: &Owner, id: Uuid, new: &NewList) -> Result<StoredList, Error> {
        let mut transaction = self.pool.begin().await?;
        lists::lock(&mut transaction, owner).await?;
        let (name, items) = self.contents(&mut transaction, owner, id, "ID not recognized!").await?;
        if name == new.name && items == new.items {
            return Err(NOTHING);
        }
        let changed =
            lists::change(&mut transaction, owner, &[Change { id, name: &new.name, items: &new.items }])
                .await?;
        transaction.commit().await?;
        changed.into_iter().next().ok_or(Error::NotFound("ID not recognized!"))
    }

    /// Adds items to a list; those whose names are there already are replaced.
    ///
    /// # Errors
    /// 404, 409 for too many items, 413 for a list that would be too large.
    pub(crate) async fn append(&self, owner: &Owner, id: Uuid, more: Items) -> Result<StoredList, Error> {
        let mut transaction = self.pool.begin().await?;
        lists::lock(&mut transaction, owner).await?;
        let (name, mut items) = self.contents(&mut transaction, owner, id, "list_id not recognized!").await?;
        items.extend(more);
        check_items(&self.config, &items)?;
        let limit = self.config.body_limit;
        if serde_json::to_string(&items).map_or(usize::MAX, |text| text.len()) > limit {
            return Err(Error::TooLarge { what: "the list", limit });
        }
        let changed =
            lists::change(&mut transaction, owner, &[Change { id, name: &name, items: &items }]).await?;
        transaction.commit().await?;
        changed.into_iter().next().ok_or(Error::NotFound("list_id not recognized!"))
    }

    async fn contents(
        &self,
        connection: &mut PgConnection,
        owner: &Owner,
        id: Uuid,
        missing: &'static str,
    ) -> Result<(String, Items), Error> {
        lists::contents(connection, owner, id).await?.ok_or(Error::NotFound(missing))
    }

    /// Deletes a list, and returns whether there was one.
    pub(crate) async fn delete(&self, owner: &Owner, id: Uuid) -> Result<bool, Error> {
        Ok(lists::delete(&mut *self.pool.acquire().await?, owner, id).await?)
    }

    /// Deletes all lists.
    pub(crate) async fn delete_all(&self, owner: &Owner) -> Result<(), Error> {
        Ok(lists::delete_all(&mut *self.pool.acquire().await?, owner).await?)
    }
}
