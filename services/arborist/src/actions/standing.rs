//! Users who are deactivated, let in again, or deleted.

use authz::Standing;
use sqlx::PgConnection;

use crate::{Arborist, Error, input::Users, store::deactivated as store};

impl Arborist {
    /// Says what `users` are from now on; returns for how many of them that is something new.
    pub(crate) async fn change_standing(&self, users: &Users, standing: Standing) -> Result<u64, Error> {
        let mut transaction = self.begin().await?;
        let changed = change_standing(&mut transaction, users, standing).await?;
        transaction.commit().await?;
        if changed > 0 {
            tracing::info!(users.count = changed, standing = ?standing, "the standing of users has changed");
        }
        Ok(changed)
    }
}

pub(crate) async fn change_standing(
    connection: &mut PgConnection,
    users: &Users,
    standing: Standing,
) -> Result<u64, Error> {
    let changed = match standing {
        Standing::Deactivated => store::deactivate(connection, users.names()).await,
        Standing::Active => store::reactivate(connection, users.names()).await,
        Standing::Deleted => store::release(connection, users.names()).await,
    };
    Ok(changed?)
}
