//! A question, as it was asked.

use authz::Request;

/// The body of `POST /auth/request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthRequest {
    /// On whose behalf; none for anonymous.
    pub(crate) user: Option<AskedUser>,
    /// All of these must be permitted. There may be none, which is refused after the token was looked at.
    pub(crate) requests: Vec<Request>,
}

/// The key `user` of a body.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct AskedUser {
    /// An access token; wins over the name.
    pub(crate) token: Option<String>,
    /// A user name that the caller vouches for.
    pub(crate) user_id: Option<String>,
    /// Only these policies count; empty for all.
    pub(crate) policies: Vec<String>,
    /// Scopes that the token must have in place of `openid`.
    pub(crate) scope: Option<Vec<String>>,
}

// Written by hand so that a token can never reach a log.
impl std::fmt::Debug for AskedUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AskedUser").field("policies", &self.policies).finish_non_exhaustive()
    }
}

/// Longest token, in bytes; fence makes none above 4096 characters.
pub(super) const MAX_TOKEN: usize = 65_536;
