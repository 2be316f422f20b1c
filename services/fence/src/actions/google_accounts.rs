//! Accounts at Google that an adopted database links with users.

use crate::{error::Error, identity::caller::Bearer, service::Fence, store::google_accounts};

/// What became of a link that was to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unlinked {
    Now,
    /// There was none.
    Nothing,
    /// The account is a member of a group at Google, from which it is not taken by us: its link stays, for
    /// otherwise nobody would know of it any more.
    InGroup,
}

impl Fence {
    /// Whether an account is linked with the caller.
    pub(crate) async fn has_google_account(&self, bearer: &Bearer) -> Result<bool, Error> {
        let mut connection = self.pool.acquire().await?;
        let user = bearer.user(&mut connection).await?;
        Ok(google_accounts::of_user(&mut connection, user.id).await?.is_some())
    }

    /// Takes the link of the caller's account back.
    pub(crate) async fn unlink_google_account(&self, bearer: &Bearer) -> Result<Unlinked, Error> {
        let mut transaction = self.pool.begin().await?;
        let user = bearer.user(&mut transaction).await?;
        let unlinked = match google_accounts::of_user(&mut transaction, user.id).await? {
            None => Unlinked::Nothing,
            Some(account) if account.is_in_group => Unlinked::InGroup,
            Some(account) => {
                google_accounts::remove(&mut transaction, account.id).await?;
                Unlinked::Now
            }
        };
        transaction.commit().await?;
        Ok(unlinked)
    }
}
