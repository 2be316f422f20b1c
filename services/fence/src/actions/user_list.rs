//! Pages of users, and the end of what a user holds, for administrators.

use crate::{
    clock::now,
    error::Error,
    identity::permits::MayAdminister,
    service::Fence,
    store::{
        administration, local_accounts,
        user_list::{self, UserFilter, UserLine},
        users,
    },
};

impl Fence {
    /// The users of a page, and whether there are more after them.
    pub(crate) async fn some_users(
        &self,
        _: &MayAdminister,
        filter: &UserFilter,
        size: u16,
    ) -> Result<(Vec<UserLine>, bool), Error> {
        let most = i64::from(size) + 1;
        let mut users = user_list::page(&mut *self.pool.acquire().await?, filter, most).await?;
        let has_more = users.len() > usize::from(size);
        users.truncate(usize::from(size));
        Ok((users, has_more))
    }

    /// Ends the sessions of a user, and if wanted revokes the API keys. The user may log in again at once;
    /// what a browser has been given goes on at the services until it expires (`ACCESS_TOKEN_EXPIRES_IN`).
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) async fn end_sessions(
        &self,
        proof: &MayAdminister,
        username: &str,
        with_keys: bool,
    ) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        let user = users::by_name(&mut transaction, username).await?;
        let user = user.ok_or_else(|| Error::NotFound(format!("user {username} not found")))?;
        // A session that began in this very second ends too.
        local_accounts::end_sessions(&mut transaction, user.id, now() + 1).await?;
        if with_keys {
            administration::end_api_keys(&mut transaction, user.id).await?;
        }
        transaction.commit().await?;
        let administrator = proof.administrator().user_id();
        tracing::info!(
            user.id = user.id,
            administrator.id = administrator,
            with_keys,
            "the sessions of a user were ended"
        );
        Ok(())
    }
}
