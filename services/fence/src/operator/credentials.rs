//! API keys and access tokens.

use authz::username;
use sqlx::PgConnection;

pub use crate::actions::ApiKeyFile;
use crate::{
    error::Error,
    identity::scopes,
    service::Fence,
    store::users::{self, User},
};

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
    let mut transaction = fence.pool.begin().await?;
    let user = ensure_user(&mut transaction, username).await?;
    let key = fence.new_api_key(&mut transaction, &user, &scopes::all(&fence.config), expires_in).await?;
    transaction.commit().await?;
    Ok(key)
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
    let mut transaction = fence.pool.begin().await?;
    let user = ensure_user(&mut transaction, username).await?;
    transaction.commit().await?;
    let scopes = scopes.unwrap_or_else(|| scopes::all(&fence.config));
    Ok(fence.issuer.access(&user, &scopes, expires_in)?.token)
}

async fn ensure_user(connection: &mut PgConnection, username: &str) -> Result<User, Error> {
    if let Some(user) = users::by_name(connection, username).await? {
        return Ok(user);
    }
    username::check(username).map_err(|error| Error::BadRequest(error.to_string()))?;
    users::create(connection, username).await?;
    let created = users::by_name(connection, username).await?;
    created.ok_or_else(|| Error::NotFound(format!("the user {username} cannot be made")))
}
