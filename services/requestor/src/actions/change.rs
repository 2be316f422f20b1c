//! Deciding about requests, and deleting them.

use authz::Subject;
use uuid::Uuid;

use super::{create::Made, follow::Way};
use crate::{
    access::{Delete, May, Update},
    error::Error,
    input::check_status,
    service::Requestor,
    store::requests,
};

impl Requestor {
    /// Gives a request another status, and does what follows it.
    ///
    /// # Errors
    /// 404, 403, 400 for a status that there is not, 500 when what follows cannot be done; the request has
    /// its old status then.
    pub(crate) async fn update(&self, subject: &Subject, id: Uuid, status: &str) -> Result<Made, Error> {
        let mut transaction = self.pool.begin().await?;
        // One decision about a request after the other.
        let stored = requests::locked(&mut transaction, id).await?.ok_or(Error::NotFound)?;
        let resources = self.resources_of(&stored.policy_id).await?;
        let permit: May<Update> = self.may(subject, stored, resources).await?;
        if permit.request().status == status {
            return Ok((permit.into_request(), None));
        }
        check_status(&self.config, status)?;
        let changed = requests::set_status(&mut transaction, &permit, status).await?;
        let changes = self.config.updates_access(status);
        if changes {
            self.change_access(&changed, Way::Forth).await?;
        }
        if let Err(error) = transaction.commit().await {
            if changes {
                self.restore_access(&changed).await;
            }
            return Err(error.into());
        }
        match self.react(&changed, permit.resources()).await {
            Ok(address) => Ok((changed, address)),
            Err(error) => {
                let old = &permit.request().status;
                requests::set_status(&mut *self.pool.acquire().await?, &permit, old).await?;
                if changes {
                    self.restore_access(&changed).await;
                }
                Err(error)
            }
        }
    }

    /// Deletes a request. Access that it has given stays. Users may delete their own until it is decided.
    ///
    /// # Errors
    /// 404, 403.
    pub(crate) async fn delete(&self, subject: &Subject, id: Uuid) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        // It is not decided while it is withdrawn.
        let stored = requests::locked(&mut transaction, id).await?.ok_or(Error::NotFound)?;
        let resources = self.resources_of(&stored.policy_id).await?;
        let permit: May<Delete> = match self.may(subject, stored.clone(), resources).await {
            Err(refusal @ Error::Forbidden(_)) => self.may_withdraw(subject, stored).await.ok_or(refusal)?,
            decided => decided?,
        };
        requests::delete(&mut transaction, &permit).await?;
        transaction.commit().await?;
        Ok(())
    }
}
