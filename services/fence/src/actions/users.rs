//! What users are told about themselves.

use authz::{Mapping, Subject};

use crate::{
    error::Error,
    identity::{
        caller::{Bearer, Caller},
        cookies,
        session::Session,
    },
    service::Fence,
    store::users::{self, Details, User},
};

/// What a user is told about themselves.
pub(crate) struct UserPage {
    pub(crate) user: User,
    pub(crate) details: Details,
    /// The token, if it was not the session that said who asks.
    pub(crate) bearer: Option<Bearer>,
    /// What arborist permits; nothing when it does not answer.
    pub(crate) rights: Mapping,
}

impl Fence {
    /// The page of whoever asks, by token or, without one, by session.
    ///
    /// # Errors
    /// 401 when nobody is logged in.
    pub(crate) async fn own_page(&self, caller: &Caller, session: &Session) -> Result<UserPage, Error> {
        let (user, bearer) = if caller.is_anonymous() {
            (self.session_user(session).await?, None)
        } else {
            let bearer = caller.bearer(self, &["user", "openid"]).await?;
            (bearer.user(&mut *self.pool.acquire().await?).await?, Some(bearer))
        };
        self.page(user, bearer).await
    }

    /// The page of a user.
    pub(super) async fn page(&self, user: User, bearer: Option<Bearer>) -> Result<UserPage, Error> {
        let details = users::details(&mut *self.pool.acquire().await?, &user).await?;
        let rights = self.rights_of(&user).await;
        Ok(UserPage { user, details, bearer, rights })
    }

    /// Who is logged in by `session`.
    ///
    /// # Errors
    /// 401 when nobody is, or not any more.
    pub(crate) async fn session_user(&self, session: &Session) -> Result<User, Error> {
        let user = cookies::session_user(&mut *self.pool.acquire().await?, session).await?;
        user.ok_or_else(Error::please_login)
    }

    /// A user who cannot be told their rights can still be told who they are.
    async fn rights_of(&self, user: &User) -> Mapping {
        match self.authz.mapping(&Subject::User(user.username.clone())).await {
            Ok(mapping) => mapping,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(user.id = user.id, error, "the user's rights cannot be read");
                Mapping::new()
            }
        }
    }
}
