//! Invitations to local accounts.

use sqlx::PgPool;

use crate::{
    actions::{self, Invitation, Invite},
    error::Error,
};

/// Invites somebody to set a password; the user is made if there is none.
///
/// # Errors
/// As the administrators' own invitations: 404 for nobody to be reset, 400 for what cannot be a user, 409 for
/// somebody who has a password.
pub async fn invite(pool: &PgPool, invite: &Invite<'_>) -> Result<Invitation, Error> {
    let mut transaction = pool.begin().await?;
    let invitation = actions::invite(&mut transaction, invite).await?;
    transaction.commit().await?;
    Ok(invitation)
}
