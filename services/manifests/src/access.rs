//! Whose files somebody reads and writes: their own.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use authz::Subject;
use tokens::Expect;

use crate::{error::Error, service::Manifests};

/// The proof that a request comes from a user, and so is about this user's files. Everything that reaches the
/// bucket takes its folder from it. Only a valid token makes one:
///
/// ```compile_fail,E0451
/// fn forged() -> manifests::access::Owner {
///     manifests::access::Owner { id: "1".to_owned() }
/// }
/// ```
///
/// ```no_run
/// fn shown(owner: &manifests::access::Owner) -> &str {
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

impl Manifests {
    /// The user whose token a request has.
    ///
    /// # Errors
    /// 403.
    pub(crate) async fn owner(&self, headers: &HeaderMap) -> Result<Owner, Error> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(tokens::bearer).ok_or(Error::NotLoggedIn)?;
        let claims = self.verifier.verify(token, Expect::of_access(&["user"])).await?;
        // arborist alone knows who was shut out after the token was made.
        let user = self.authz.user_name(&Subject::Token(token.to_owned())).await?;
        if user.is_none() {
            return Err(Error::NotLoggedIn);
        }
        // The id becomes the name of a folder.
        let is_name = |id: &String| {
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        Ok(Owner { id: claims.sub.filter(is_name).ok_or(Error::NotLoggedIn)? })
    }
}
