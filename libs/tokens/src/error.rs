//! Why a token is refused.

/// Why a token was refused. The messages contain nothing of the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token is not three base64url parts of JSON, or its claims have wrong types.
    #[error("token is malformed: {0}")]
    Malformed(String),
    /// The token names another algorithm than RS256.
    #[error("token is not signed with RS256")]
    Algorithm,
    /// No published key has this `kid`.
    #[error("no key with this id is published")]
    UnknownKey,
    /// The signature does not fit the key.
    #[error("signature verification failed")]
    Signature,
    /// `exp` has passed.
    #[error("token has expired")]
    Expired,
    /// `nbf` has not come yet.
    #[error("token is not valid yet")]
    NotYet,
    /// `iss` is not an allowed issuer.
    #[error("token was issued by an unknown issuer")]
    Issuer,
    /// `aud` lacks the expected audience.
    #[error("token is meant for another audience")]
    Audience,
    /// `pur` is not the expected purpose.
    #[error("token has the wrong purpose")]
    Purpose,
    /// An expected scope is missing.
    #[error("token is missing the scope {0}")]
    Scope(String),
    /// The key set could not be fetched.
    #[error("the key set of the issuer cannot be reached")]
    KeysUnavailable,
}
