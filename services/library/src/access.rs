//! Whose lists somebody reads and changes: their own.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use authz::{AuthzError, Subject};
use tokens::Expect;

use crate::{error::Error, service::Library};

/// The proof that a request comes from a user, and so is about this user's lists. Everything in the store
/// takes its user from it. Only a valid token makes one:
///
/// ```compile_fail,E0451
/// fn forged() -> library::access::Owner {
///     library::access::Owner { id: "1".to_owned() }
/// }
/// ```
///
/// ```no_run
/// fn shown(owner: &library::access::Owner) -> &str {
///     owner.id()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    id: String,
}

impl Owner {
    /// fence's id of the user.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Library {
    /// The user whose token a request has.
    ///
    /// # Errors
    /// 401, also for users who are not active any more; 503 when arborist gives no answer.
    pub(crate) async fn owner(&self, headers: &HeaderMap) -> Result<Owner, Error> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(tokens::bearer).ok_or(Error::Unauthenticated("Unauthorized"))?;
        let claims = self.verifier.verify(token, Expect::of_access(&["openid", "user"])).await?;
        // arborist alone knows who was shut out after the token was made.
        self.authz.user_name(&Subject::Token(token.to_owned())).await.map_err(|error| match error {
            AuthzError::Unavailable(_) => Error::Undecided(error),
            _ => Error::Unauthenticated("Unauthorized"),
        })?;
        let id = claims.sub.filter(|id| !id.is_empty());
        Ok(Owner { id: id.ok_or(Error::Unauthenticated("Unauthorized"))? })
    }
}
