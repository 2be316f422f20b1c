//! API keys and access tokens.

pub use crate::actions::ApiKeyFile;
use crate::{error::Error, service::Fence};

/// Makes an API key for `username`, creating the user if there is none.
///
/// `expires_in` is in seconds; `None` means the longest life that the configuration allows.
///
/// # Errors
/// When the database fails or the key cannot be signed.
pub async fn create_api_key(
    fence: &Fence,
    username: &str,
    expires_in: Option<i64>,
) -> Result<ApiKeyFile, Error> {
    fence.create_api_key_of(username, expires_in).await
}

/// Makes an access token for `username`, creating the user if there is none.
///
/// `expires_in` is in seconds and may be negative: such a token has expired already, which tests need.
/// `scopes` `None` means those of a token that an API key makes.
///
/// # Errors
/// When the database fails or the token cannot be signed.
pub async fn access_token(
    fence: &Fence,
    username: &str,
    expires_in: i64,
    scopes: Option<Vec<String>>,
) -> Result<String, Error> {
    fence.access_token_of(username, expires_in, scopes).await
}
