//! Whose refresh tokens somebody uses: their own.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use authz::{AuthzError, Subject};
use tokens::Expect;

use crate::{error::Error, service::Wts};

/// The proof that a request comes from a user. No refresh token is read, written or deleted without it, and
/// none but those of this user. Only a valid token makes one:
///
/// ```compile_fail,E0451
/// fn forged() -> wts::permits::Caller {
///     wts::permits::Caller { name: "ada".to_owned() }
/// }
/// ```
///
/// ```compile_fail,E0308
/// async fn example(connection: &mut sqlx::PgConnection, name: &str) {
///     let _ = wts::permits::forget(connection, name, "default").await;
/// }
/// ```
///
/// ```no_run
/// async fn example(connection: &mut sqlx::PgConnection, caller: &wts::permits::Caller) {
///     let _ = wts::permits::forget(connection, caller, "default").await;
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    name: String,
}

impl Caller {
    /// The user name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Wts {
    /// The user whose access token a request has; none without one that is accepted.
    ///
    /// # Errors
    /// 503 when arborist gives no answer.
    pub(crate) async fn caller(&self, headers: &HeaderMap) -> Result<Option<Caller>, Error> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = header.and_then(tokens::bearer) else { return Ok(None) };
        let verified = self.verifier.verify(token, Expect::of_access(&["openid", "user"])).await;
        let name = verified.ok().and_then(|claims| claims.username().map(str::to_owned));
        let Some(name) = name else { return Ok(None) };
        // arborist alone knows who was shut out after the token was made.
        match self.authz.user_name(&Subject::Token(token.to_owned())).await {
            Ok(_) => Ok(Some(Caller { name })),
            Err(error @ AuthzError::Unavailable(_)) => Err(Error::Undecided(error)),
            Err(_) => Ok(None),
        }
    }
}
