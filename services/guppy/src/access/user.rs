//! Who is logged in.

use authz::{Authz, AuthzError, Subject};

/// The proof that arborist knows who asks: a user who may log in now. Sets are made, changed and read by
/// users only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User(String);

impl User {
    /// The user of a request; `None` for nobody in particular, and for a token that is not taken.
    ///
    /// # Errors
    /// When arborist does not answer.
    pub(crate) async fn of(authz: &dyn Authz, subject: &Subject) -> Result<Option<Self>, AuthzError> {
        match authz.user_name(subject).await {
            Ok(name) => Ok(name.filter(|name| !name.is_empty()).map(Self)),
            Err(AuthzError::Unauthenticated(_) | AuthzError::Forbidden(_) | AuthzError::Denied) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The verified name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}
