//! Who calls, as proven by the `Authorization` header.

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};
use authz::Subject;
use sqlx::PgConnection;
use tokens::{Claims, Expect, Purpose};

use crate::{
    Fence,
    error::FenceError,
    issue::AUDIENCE,
    store::users::{self, User},
};

/// The `Authorization` header of a request, not yet believed.
#[derive(Clone)]
pub(crate) struct Caller {
    header: Option<String>,
}

/// An access token that fence believes.
pub(crate) struct Bearer {
    pub(crate) token: String,
    pub(crate) claims: Claims,
}

impl FromRequest for Caller {
    type Error = FenceError;
    type Future = std::future::Ready<Result<Self, FenceError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get(header::AUTHORIZATION);
        let header = header.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        std::future::ready(Ok(Self { header }))
    }
}

impl Caller {
    /// Whether there is an `Authorization` header at all.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.header.is_none()
    }

    /// The token as it came, unverified.
    pub(crate) fn token(&self) -> Option<&str> {
        self.header.as_deref().and_then(tokens::bearer)
    }

    /// On whose behalf arborist is asked. arborist verifies the token.
    ///
    /// # Errors
    /// 401 for a header that is no bearer token.
    pub(crate) fn subject(&self) -> Result<Subject, FenceError> {
        Subject::from_authorization(self.header.as_deref()).ok_or_else(not_bearer)
    }

    /// The caller's access token, verified, with all of `scopes`.
    ///
    /// # Errors
    /// 401 without a token, and for one that is not fence's own access token with these scopes.
    pub(crate) async fn bearer(&self, fence: &Fence, scopes: &[&str]) -> Result<Bearer, FenceError> {
        if self.is_anonymous() {
            let message = "Authentication Error: no authorization header provided";
            return Err(FenceError::Unauthorized(message.into()));
        }
        let token = self.token().ok_or_else(not_bearer)?;
        let expect =
            Expect { audience: Some(AUDIENCE), purpose: Some(Purpose::Access), scopes, any_issuer: false };
        let claims = fence.verifier.verify(token, expect).await?;
        Ok(Bearer { token: token.to_owned(), claims })
    }

    /// The caller if fence believes the token, for places where anybody may call.
    pub(crate) async fn believed(&self, fence: &Fence) -> Option<Bearer> {
        self.bearer(fence, &[]).await.ok()
    }
}

fn not_bearer() -> FenceError {
    FenceError::Unauthorized("Authentication Error: the authorization header is not a bearer token".into())
}

impl Bearer {
    /// The user's name.
    ///
    /// # Errors
    /// 401 for the token of an OAuth client without a user.
    pub(crate) fn username(&self) -> Result<&str, FenceError> {
        self.claims.username().ok_or_else(FenceError::please_login)
    }

    /// The OAuth client, or an empty text.
    pub(crate) fn client_id(&self) -> &str {
        self.claims.client_id().unwrap_or_default()
    }

    /// The id of the user that the token was made for.
    pub(crate) fn user_id(&self) -> Option<i32> {
        self.claims.sub.as_deref().and_then(|sub| sub.parse().ok())
    }

    /// The user whom the token was made for.
    ///
    /// # Errors
    /// 401 when the token has no user, or there is no such user any more.
    pub(crate) async fn user(&self, connection: &mut PgConnection) -> Result<User, FenceError> {
        let Some(id) = self.user_id() else { return Err(FenceError::please_login()) };
        let user = users::by_id(connection, id).await?;
        user.ok_or_else(|| FenceError::Unauthorized("the user of this token does not exist".into()))
    }
}
