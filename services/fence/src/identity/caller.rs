//! Who calls, as proven by the `Authorization` header.

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};
use authz::Subject;
use sqlx::PgConnection;
use tokens::{Claims, Expect, Purpose};

use super::{issuer::AUDIENCE, passports::VouchedUser};
use crate::{
    error::Error,
    service::Fence,
    store::users::{self, User},
};

/// The `Authorization` header of a request, not yet believed.
#[derive(Clone)]
pub(crate) struct Caller {
    header: Option<String>,
    /// For whom a passport vouches, in a request without that header.
    vouched: Option<VouchedUser>,
}

/// An access token that fence believes. Only [`Caller::bearer`] makes one.
pub(crate) struct Bearer {
    token: String,
    claims: Claims,
}

// Written by hand so that a token can never reach a log.
impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bearer").field("sub", &self.claims.sub).finish_non_exhaustive()
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get(header::AUTHORIZATION);
        let header = header.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        std::future::ready(Ok(Self { header, vouched: None }))
    }
}

/// A caller of another service of this process.
impl From<&dataaccess::Caller> for Caller {
    fn from(caller: &dataaccess::Caller) -> Self {
        Self { header: caller.0.clone(), vouched: None }
    }
}

impl From<VouchedUser> for Caller {
    fn from(user: VouchedUser) -> Self {
        Self { header: None, vouched: Some(user) }
    }
}

impl Caller {
    /// Whoever sent this `Authorization` header to another service of this process.
    pub(crate) fn of_header(header: String) -> Self {
        Self { header: Some(header), vouched: None }
    }

    /// Whether there is no `Authorization` header at all.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.header.is_none()
    }

    /// For whom a passport vouches.
    pub(crate) fn vouched(&self) -> Option<&VouchedUser> {
        self.vouched.as_ref()
    }

    /// The token as it came, unverified.
    pub(crate) fn token(&self) -> Option<&str> {
        self.header.as_deref().and_then(tokens::bearer)
    }

    /// On whose behalf arborist is asked. arborist verifies the token.
    ///
    /// # Errors
    /// 401 for a header that is not a bearer token.
    pub(crate) fn subject(&self) -> Result<Subject, Error> {
        if let Some(user) = &self.vouched {
            return Ok(Subject::User(user.username().to_owned()));
        }
        Subject::from_authorization(self.header.as_deref()).ok_or_else(not_bearer)
    }

    /// The caller's access token, verified, with all of `scopes`.
    ///
    /// # Errors
    /// 401 without a token, and for one that is not fence's own access token with these scopes.
    pub(crate) async fn bearer(&self, fence: &Fence, scopes: &[&str]) -> Result<Bearer, Error> {
        if self.is_anonymous() {
            let message = "Authentication Error: no authorization header provided";
            return Err(Error::Unauthorized(message.into()));
        }
        let token = self.token().ok_or_else(not_bearer)?;
        let expect =
            Expect { audience: Some(AUDIENCE), purpose: Some(Purpose::Access), scopes, ..Expect::default() };
        let claims = fence.verifier.verify(token, expect).await?;
        Ok(Bearer { token: token.to_owned(), claims })
    }

    /// The caller if fence believes the token, for places where anybody may call.
    pub(crate) async fn believed(&self, fence: &Fence) -> Option<Bearer> {
        self.bearer(fence, &[]).await.ok()
    }
}

fn not_active() -> Error {
    Error::Unauthorized("the user of this token is not active".into())
}

fn not_bearer() -> Error {
    Error::Unauthorized("Authentication Error: the authorization header is not a bearer token".into())
}

impl Bearer {
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    /// On whose behalf arborist is asked.
    pub(crate) fn subject(&self) -> Subject {
        Subject::Token(self.token.clone())
    }

    /// The user's name.
    ///
    /// # Errors
    /// 401 for the token of an OAuth client without a user.
    pub(crate) fn username(&self) -> Result<&str, Error> {
        self.claims.username().ok_or_else(Error::please_login)
    }

    /// Whether the token speaks for the user of this name.
    pub(crate) fn is_user(&self, username: &str) -> bool {
        self.claims.username() == Some(username)
    }

    /// Whether the token speaks for an OAuth client without a user.
    pub(crate) fn is_client_alone(&self) -> bool {
        self.claims.username().is_none() && self.claims.client_id().is_some()
    }

    /// The OAuth client, or an empty string.
    pub(crate) fn client_id(&self) -> &str {
        self.claims.client_id().unwrap_or_default()
    }

    /// The id of the user that the token was made for.
    pub(crate) fn user_id(&self) -> Option<i32> {
        self.claims.sub.as_deref().and_then(|sub| sub.parse().ok())
    }

    /// Refuses the token of somebody who was shut out after it was made. A token of a user of whom this fence
    /// knows nothing is good for what needs none, as in the original.
    ///
    /// # Errors
    /// 401.
    pub(super) async fn refuse_shut_out(&self, connection: &mut PgConnection) -> Result<(), Error> {
        let Some(id) = self.user_id() else { return Ok(()) };
        let user = users::by_id(connection, id).await?;
        if user.is_none_or(|user| user.honours(self.claims.iat)) { Ok(()) } else { Err(not_active()) }
    }

    /// The user that the token was made for.
    ///
    /// # Errors
    /// 401 when the token has no user, or the user does not exist or is not active any more.
    pub(crate) async fn user(&self, connection: &mut PgConnection) -> Result<User, Error> {
        let id = self.user_id().ok_or_else(Error::please_login)?;
        let user = users::by_id(connection, id).await?;
        let user = user.ok_or_else(|| Error::Unauthorized("the user of this token does not exist".into()))?;
        if user.honours(self.claims.iat) { Ok(user) } else { Err(not_active()) }
    }
}
