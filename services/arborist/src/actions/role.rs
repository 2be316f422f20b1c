//! Roles.

use crate::{
    Arborist, Error,
    model::{PutOutcome, Role},
    store::role,
};

impl Arborist {
    pub(crate) async fn roles(&self) -> Result<Vec<Role>, Error> {
        Ok(role::load(&mut *self.connection().await?, None).await?)
    }

    pub(crate) async fn role(&self, id: &str) -> Result<Role, Error> {
        let found = role::load(&mut *self.connection().await?, Some(&[id])).await?.pop();
        found.ok_or_else(|| Error::NotFound(format!("no role found with id: {id}")))
    }

    pub(crate) async fn create_role(&self, new: &Role) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        if role::create(&mut transaction, &[new]).await?.is_empty() {
            let text = format!("failed to insert role: role with this ID already exists: {}", new.id);
            return Err(Error::Conflict(text));
        }
        Ok(transaction.commit().await?)
    }

    /// Creates the role or updates the one of that name; permissions that are not listed stay.
    pub(crate) async fn put_role(&self, id: &str, new: &Role) -> Result<PutOutcome, Error> {
        if new.id != id {
            let text = format!("role ID in the body, {}, is not that of the URL, {id}", new.id);
            return Err(Error::BadRequest(text));
        }
        let mut transaction = self.begin().await?;
        let outcome = if role::create(&mut transaction, &[new]).await?.is_empty() {
            role::update(&mut transaction, &[(new, Some(&new.description))]).await?;
            PutOutcome::Updated
        } else {
            PutOutcome::Created
        };
        transaction.commit().await?;
        Ok(outcome)
    }

    pub(crate) async fn delete_role(&self, id: &str) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        role::delete(&mut transaction, id).await?;
        Ok(transaction.commit().await?)
    }
}
