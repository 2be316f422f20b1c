//! Roles.

use crate::{
    Arborist, Error,
    model::{PutOutcome, Role},
    store::role,
};

impl Arborist {
    pub(crate) async fn roles(&self) -> Result<Vec<Role>, Error> {
        let roles = role::load(&mut *self.connection().await?, None).await?;
        Ok(roles.into_iter().map(Role::read_back).collect())
    }

    pub(crate) async fn role(&self, id: &str) -> Result<Role, Error> {
        let found = role::load(&mut *self.connection().await?, Some(&[id])).await?.pop();
        let found = found.ok_or_else(|| Error::NotFound(format!("no role found with id: {id}")))?;
        Ok(found.read_back())
    }

    pub(crate) async fn create_role(&self, new: &Role) -> Result<(), Error> {
        require_permissions(new)?;
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
            let text = format!("roleID '{id}' from URL did not match roleID '{}' from JSON", new.id);
            return Err(Error::BadRequest(text));
        }
        require_permissions(new)?;
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

fn require_permissions(role: &Role) -> Result<(), Error> {
    if role.permissions.is_empty() {
        return Err(Error::BadRequest("role has no permissions".into()));
    }
    Ok(())
}
