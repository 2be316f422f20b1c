//! What users are told about themselves.

use authz::{Mapping, Subject};

use crate::{
    clock::now,
    error::Error,
    identity::{
        caller::{Bearer, Caller},
        cookies,
        session::Session,
    },
    service::Fence,
    store::{
        users::{self, Details, User},
        visas,
    },
};

/// The scope of tokens that may see visas.
pub(crate) const PASSPORT: &str = "ga4gh_passport_v1";

/// What a user is told about themselves.
pub(crate) struct UserPage {
    pub(crate) user: User,
    pub(crate) details: Details,
    /// The token, if it was not the session that said who asks.
    pub(crate) bearer: Option<Bearer>,
    /// What arborist permits; nothing when it does not answer.
    pub(crate) rights: Mapping,
    /// The user's visas, if the token may see them.
    pub(crate) visas: Option<Vec<String>>,
}

impl Fence {
    /// The page of whoever asks, by token or, without one, by session.
    ///
    /// # Errors
    /// 401 when nobody is logged in.
    pub(crate) async fn own_page(&self, caller: &Caller, session: &Session) -> Result<UserPage, Error> {
        let (user, bearer) = self.own_user(caller, session).await?;
        self.page(user, bearer).await
    }

    /// Whoever asks, by token or, without one, by session; and the token.
    ///
    /// # Errors
    /// 401 when nobody is logged in.
    pub(crate) async fn own_user(
        &self,
        caller: &Caller,
        session: &Session,
    ) -> Result<(User, Option<Bearer>), Error> {
        if caller.is_anonymous() {
            return Ok((self.session_user(session).await?, None));
        }
        let bearer = caller.bearer(self, &["user", "openid"]).await?;
        Ok((bearer.user(&mut *self.pool.acquire().await?).await?, Some(bearer)))
    }

    /// The page of a user.
    pub(super) async fn page(&self, user: User, bearer: Option<Bearer>) -> Result<UserPage, Error> {
        let details = users::details(&mut *self.pool.acquire().await?, &user).await?;
        let rights = self.rights_of(&user).await;
        let may_see = |bearer: &Bearer| bearer.claims().scopes().iter().any(|scope| scope == PASSPORT);
        let visas = if bearer.as_ref().is_some_and(may_see) {
            Some(visas::of_user(&mut *self.pool.acquire().await?, user.id, now()).await?)
        } else {
            None
        };
        Ok(UserPage { user, details, bearer, rights, visas })
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
