//! The tree of resources.

use std::collections::HashSet;

use sqlx::PgConnection;

use crate::{
    Arborist, Error,
    model::{MissingParents, NewResource, Resource, UnlistedChildren},
    path::ResourcePath,
    store::resource,
};

impl Arborist {
    pub(crate) async fn resources(&self) -> Result<Vec<Resource>, Error> {
        Ok(resource::all(&mut *self.connection().await?).await?)
    }

    /// Returns the resource at `path`, which has no slash at the beginning.
    pub(crate) async fn resource(&self, path: &str) -> Result<Resource, Error> {
        let missing = || Error::NotFound(format!("no resource found with path: `/{path}`"));
        // A path that cannot be stored cannot be found.
        let parsed = ResourcePath::parse(path).map_err(|_| missing())?;
        let found = resource::by_path(&mut *self.connection().await?, &parsed).await;
        match found.map_err(Error::from) {
            Ok(Some(found)) => Ok(found),
            Ok(None) | Err(Error::BadRequest(_)) => Err(missing()),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn resource_with_tag(&self, tag: &str) -> Result<Resource, Error> {
        let found = resource::by_tag(&mut *self.connection().await?, tag).await?;
        found.ok_or_else(|| Error::NotFound(format!("no resource found with tag: `{tag}`")))
    }

    /// Creates the tree `new`.
    ///
    /// # Errors
    /// [`Error::ResourceExists`] when `new` or something named below it exists; a 400 when a parent is
    /// missing or a resource is named twice.
    pub(crate) async fn create_resource(
        &self,
        new: &NewResource,
        parents: MissingParents,
    ) -> Result<Resource, Error> {
        let nodes = new.flatten();
        let mut seen = HashSet::new();
        if let Some(twice) = nodes.iter().find(|node| !seen.insert(&node.path)) {
            return Err(Error::BadRequest(format!("resource `{}` is named twice", twice.path.decoded())));
        }
        let mut transaction = self.begin().await?;
        insert_parents(&mut transaction, new, parents).await?;
        let inserted = resource::insert(&mut transaction, &nodes).await?;
        if let Some(there) = nodes.iter().find(|node| !inserted.contains(node.path.ltree())) {
            return Err(match resource::by_path(&mut transaction, &there.path).await? {
                Some(resource) => Error::ResourceExists(Box::new(resource)),
                None => Error::Conflict(format!("resource `{}` is being created", there.path.decoded())),
            });
        }
        let made = read_back(&mut transaction, new).await?;
        transaction.commit().await?;
        Ok(made)
    }

    /// Creates or updates the tree `new`. Unlisted children are deleted with all below them, at every level.
    pub(crate) async fn put_resource(
        &self,
        new: &NewResource,
        parents: MissingParents,
        unlisted: UnlistedChildren,
    ) -> Result<Resource, Error> {
        let mut transaction = self.begin().await?;
        insert_parents(&mut transaction, new, parents).await?;
        let nodes = new.flatten();
        if unlisted == UnlistedChildren::Delete {
            resource::delete_unlisted(&mut transaction, &nodes).await?;
        }
        resource::upsert(&mut transaction, &nodes).await?;
        let made = read_back(&mut transaction, new).await?;
        transaction.commit().await?;
        Ok(made)
    }

    /// Deletes the resource at `path` with all below it; one that does not exist is fine.
    pub(crate) async fn delete_resource(&self, path: &str) -> Result<(), Error> {
        let Ok(path) = ResourcePath::parse(path) else { return Ok(()) };
        let mut transaction = self.begin().await?;
        match resource::delete(&mut transaction, &path).await.map_err(Error::from) {
            Ok(()) => Ok(transaction.commit().await?),
            // A label that is too long is in no path.
            Err(Error::BadRequest(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

async fn insert_parents(
    connection: &mut PgConnection,
    new: &NewResource,
    parents: MissingParents,
) -> Result<(), sqlx::Error> {
    if parents == MissingParents::Create {
        resource::insert_ancestors(connection, &new.path).await?;
    }
    Ok(())
}

/// Has the parents checked inside the transaction, and reads what was made.
async fn read_back(connection: &mut PgConnection, new: &NewResource) -> Result<Resource, Error> {
    resource::check_parents(connection).await.map_err(|error| match Error::from(error) {
        // The words that clients know: the original has the parents checked when it commits.
        Error::BadRequest(reason) => {
            Error::BadRequest(format!("couldn't commit database transaction: pq: {reason} (P0001)"))
        }
        other => other,
    })?;
    let made = resource::by_path(connection, &new.path).await?;
    made.ok_or_else(|| Error::Conflict(format!("resource `{}` is being deleted", new.path.decoded())))
}
